// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMCI: the memory of queue pairs, and of the byte for notification, which the
 * monitor of a virtual machine hands to /dev/vmci.  The test is the monitor; the
 * host's end of a queue pair is modules/vmci_peer.c.
 */
#include "callsite.h"
#include "modules/vmci_peer.h"

/* What the monitor and the driver say to each other, which is no UAPI header. */
struct vmci_handle {
	__u32 context;
	__u32 resource;
};

struct vmci_init_blk {
	__u32 cid;
	__u32 flags;
};

struct vmci_qp_alloc_info {
	struct vmci_handle handle;
	__u32 peer;
	__u32 flags;
	__u64 produce_size;
	__u64 consume_size;
	__u64 ppn_va;
	__u64 num_ppns;
	__s32 result;
	__u32 version;
};

struct vmci_qp_set_va_info {
	struct vmci_handle handle;
	__u64 va;
	__u64 num_ppns;
	__u32 version;
	__s32 result;
};

struct vmci_qp_dtch_info {
	struct vmci_handle handle;
	__s32 result;
	__u32 pad;
};

struct vmci_set_notify_info {
	__u64 notify_uva;
	__s32 result;
	__u32 pad;
};

struct vmci_datagram_snd_rcv_info {
	__u64 addr;
	__u32 len;
	__s32 result;
};

struct vmci_datagram {
	struct vmci_handle dst;
	struct vmci_handle src;
	__u64 payload_size;
};

struct vmci_queue_header {
	struct vmci_handle handle;
	__u64 producer_tail;
	__u64 consumer_head;
};

#define IOCTL_VMCI_INIT_CONTEXT		_IO(7, 0xa0)
#define IOCTL_VMCI_QUEUEPAIR_SETVA	_IO(7, 0xa4)
#define IOCTL_VMCI_VERSION2		_IO(7, 0xa7)
#define IOCTL_VMCI_QUEUEPAIR_ALLOC	_IO(7, 0xa8)
#define IOCTL_VMCI_QUEUEPAIR_DETACH	_IO(7, 0xaa)
#define IOCTL_VMCI_DATAGRAM_SEND	_IO(7, 0xab)
#define IOCTL_VMCI_SET_NOTIFY		_IO(7, 0xcb)

#define VERSION_NOVMVM		(11 << 16)
#define HOST			2	/* context of the host */
#define VMCI_ERROR_NO_MEM	(-3)
#define VMCI_ERROR_DUPLICATE	(-9)

#define RESOURCE		4711	/* the queue pair */

/*
 * Memory: a page with the header of the queue that the machine writes to, its
 * data, and the same of the queue that it reads.
 */
struct client {
	struct memory m;
	char *byte;		/* a page of its own, for notification */
	int fd, peer;
	__u32 context;
};

static size_t produce_size(struct client *c)
{
	return (memory_pages(&c->m) / 2 - 1) * PAGE;
}

static size_t consume_size(struct client *c)
{
	return c->m.size - produce_size(c) - 2 * PAGE;
}

static char *produce(struct client *c)
{
	return c->m.p + PAGE;
}

static char *consume(struct client *c)
{
	return produce(c) + produce_size(c) + PAGE;
}

static struct vmci_queue_header *header(char *data)
{
	return (void *)(data - PAGE);
}

static int vmci_errno(int result)
{
	return result == VMCI_ERROR_NO_MEM ? -ENOMEM : -EIO;
}

/* Hand the memory to the driver as a queue pair. Returns 0 or -errno. */
static int take(void *arg)
{
	struct client *c = arg;
	struct vmci_qp_alloc_info info = {
		.handle = { c->context, RESOURCE },
		.peer = HOST,
		.produce_size = produce_size(c),
		.consume_size = consume_size(c),
		.ppn_va = (uintptr_t)c->m.p,
		.num_ppns = memory_pages(&c->m),
	};

	if (ioctl(c->fd, IOCTL_VMCI_QUEUEPAIR_ALLOC, &info))
		return -errno;
	return info.result < 0 ? vmci_errno(info.result) : 0;
}

static void give(void *arg)
{
	struct client *c = arg;
	struct vmci_qp_dtch_info info = { .handle = { c->context, RESOURCE } };

	ioctl(c->fd, IOCTL_VMCI_QUEUEPAIR_DETACH, &info);
}

/* Take the memory away for a while (NULL), or give it back to the queue pair. */
static int set_va(struct client *c, void *va)
{
	struct vmci_qp_set_va_info info = {
		.handle = { c->context, RESOURCE },
		.va = (uintptr_t)va,
		.num_ppns = memory_pages(&c->m),
	};

	if (ioctl(c->fd, IOCTL_VMCI_QUEUEPAIR_SETVA, &info))
		return -errno;
	return info.result;
}

/* Have the driver set a byte to 1 when there is something (NULL: no more). */
static int set_notify(struct client *c, void *byte)
{
	struct vmci_set_notify_info info = { .notify_uva = (uintptr_t)byte };

	if (ioctl(c->fd, IOCTL_VMCI_SET_NOTIFY, &info))
		return -errno;
	return info.result;
}

/* The machine sends a datagram to itself, which is something. */
static int send_datagram(struct client *c)
{
	struct vmci_datagram dg = {
		.dst = { c->context, 1 },
		.src = { c->context, 2 },
	};
	struct vmci_datagram_snd_rcv_info info = {
		.addr = (uintptr_t)&dg, .len = sizeof(dg),
	};

	if (ioctl(c->fd, IOCTL_VMCI_DATAGRAM_SEND, &info))
		return -errno;
	return info.result < 0 ? -EIO : 0;
}

static const char *open_machine(struct client *c)
{
	const char *why = load_driver("vmw_vmci") ?: load_module("vmci_peer");
	struct vmci_init_blk init = { .cid = 1000 };
	int version = VERSION_NOVMVM;

	if (why)
		return why;
	c->fd = open("/dev/vmci", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return "no /dev/vmci";
	if (ioctl(c->fd, IOCTL_VMCI_VERSION2, &version) < 0 ||
	    ioctl(c->fd, IOCTL_VMCI_INIT_CONTEXT, &init))
		return "VMCI refuses to serve a virtual machine";
	c->context = init.cid;
	if (c->byte)
		return NULL;
	c->byte = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return c->byte == MAP_FAILED ? "no memory" : NULL;
}

static void close_machine(struct client *c)
{
	if (c->peer > 0)
		close(c->peer);
	if (c->fd > 0)
		close(c->fd);
	c->peer = 0;
	c->fd = 0;
}

/* The host's end. Returns 0 or -errno. */
static int attach_peer(struct client *c)
{
	struct vmci_peer_attach attach = {
		.context = c->context,
		.resource = RESOURCE,
		.produce = produce_size(c),
		.consume = consume_size(c),
	};

	c->peer = open("/dev/vmci_peer", O_RDWR | O_CLOEXEC);
	return c->peer < 0 ||
	       ioctl(c->peer, VMCI_PEER_ATTACH, &attach) ? -errno : 0;
}

static void fill(char *data, size_t size, __u64 seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = (i / PAGE + i) * 7 + seed;
}

/* The host writes a page's worth of bytes, all through its queue. */
static bool host_writes(struct client *c, __u64 seed)
{
	size_t size = consume_size(c) - 1;
	char *want = malloc(size);
	bool good;

	if (!want)
		return false;
	memset(header(consume(c)), 0, sizeof(struct vmci_queue_header));
	memset(header(produce(c)), 0, sizeof(struct vmci_queue_header));
	fill(want, size, seed);
	good = write(c->peer, want, size) == (ssize_t)size &&
	       header(consume(c))->producer_tail == size &&
	       !memcmp(consume(c), want, size);
	free(want);
	return good;
}

static bool host_reads(struct client *c, __u64 seed)
{
	size_t size = produce_size(c) - 1;
	char *got = malloc(size);
	bool good;

	if (!got)
		return false;
	memset(header(consume(c)), 0, sizeof(struct vmci_queue_header));
	memset(header(produce(c)), 0, sizeof(struct vmci_queue_header));
	fill(produce(c), size, seed);
	header(produce(c))->producer_tail = size;
	good = read(c->peer, got, size) == (ssize_t)size &&
	       !memcmp(got, produce(c), size);
	free(got);
	return good;
}

FIXTURE(queues)
{
	struct client c;
};

FIXTURE_VARIANT(queues)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(queues, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(queues, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(queues, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(queues, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(queues)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(open_machine(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(queues)
{
	close_machine(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(queues, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);
	long taken = pins_taken();

	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages, pins_taken() - taken);
	ASSERT_EQ(0, attach_peer(c));
	EXPECT_TRUE(host_writes(c, 1));
	EXPECT_TRUE(host_reads(c, 2));
	EXPECT_EQ(pages, pins_held());
	give(c);
	EXPECT_EQ(0, pins_held());
}

/* The parent, which has the queues, keeps its pages. */
TEST_F(queues, data_arrives_after_fork)
{
	struct client *c = &self->c;
	struct child child = { };

	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, attach_peer(c));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	EXPECT_TRUE(host_reads(c, 3));
	EXPECT_TRUE(host_writes(c, 4));
	child_end(&child);
	give(c);
	EXPECT_EQ(0, pins_held());
}

/* A machine that is suspended has no memory for its queues, and gets it back. */
TEST_F(queues, taken_away_and_given_back)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, attach_peer(c));
	EXPECT_TRUE(host_writes(c, 5));
	EXPECT_EQ(0, set_va(c, NULL));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, set_va(c, c->m.p));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	EXPECT_TRUE(host_writes(c, 6));
	give(c);
	EXPECT_EQ(0, pins_held());
}

/* What is not detached comes back when the machine is gone. */
TEST_F(queues, closed)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, set_notify(c, c->byte));
	EXPECT_EQ(memory_pages(&c->m) + 1, pins_held());
	close_machine(c);
	EXPECT_EQ(0, pins_left());
}

static int hold(void *arg)
{
	struct client *c = arg;

	return open_machine(c) ? -ENODEV : take(c) ?: set_notify(c, c->byte);
}

TEST_F(queues, killed)
{
	close_machine(&self->c);
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m) + 1));
}

static const int vmci_errors[] = { ENOMEM, 0 };

TEST_F(queues, fail_nth)
{
	EXPECT_FINE(fail_each(take, give, &self->c, vmci_errors));
}

/* The pages are not there, so what it takes to fault them in fails as well. */
static void give_and_forget(void *arg)
{
	struct client *c = arg;

	give(c);
	madvise(c->m.p, c->m.size, MADV_DONTNEED);
}

TEST(fail_nth_of_a_fault)
{
	struct client c = { };

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_machine(&c));
	madvise(c.m.p, c.m.size, MADV_DONTNEED);
	EXPECT_FINE(fail_each(take, give_and_forget, &c, vmci_errors));
	close_machine(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
}

/* A range with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c = { };
	long taken;
	int hole;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_machine(&c));
	/* In the second queue, and then in the first one. */
	for (hole = NR_SMALL - 1; hole > 0; hole -= 2) {
		munmap(c.m.p + hole * PAGE, PAGE);
		taken = pins_taken();
		EXPECT_EQ(-ENOMEM, take(&c));
		EXPECT_EQ(hole, pins_taken() - taken);
		EXPECT_EQ(0, pins_held());
	}
	close_machine(&c);
	memory_unmap(&c.m);
}

FIXTURE(notify)
{
	struct client c;
};

FIXTURE_SETUP(notify)
{
	SKIP_IF(open_machine(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(notify)
{
	close_machine(&self->c);
	EXPECT_EQ(0, pins_left());
}

TEST_F(notify, data_arrives)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(0, set_notify(c, c->byte + 5));
	EXPECT_EQ(1, pins_held());
	EXPECT_EQ(1, pins_taken() - taken);
	EXPECT_EQ(0, c->byte[5]);
	EXPECT_EQ(0, send_datagram(c));
	EXPECT_EQ(1, c->byte[5]);
	/* There is one already. */
	EXPECT_EQ(VMCI_ERROR_DUPLICATE, set_notify(c, c->byte));
	EXPECT_EQ(1, pins_held());
	EXPECT_EQ(0, set_notify(c, NULL));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(1, c->byte[5]);
}

FIXTURE(shared_file)
{
	struct client c;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, true));
	SKIP_IF(open_machine(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_machine(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What the host writes after pages were written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	char byte[] = { 7 };

	memset(c->m.p, 0, c->m.size);
	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, attach_peer(c));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_EQ(1, write(c->peer, byte, 1));
	give(c);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_EQ(7, consume(c)[0]);
	EXPECT_FINE(data_lost(&c->m));
}

TEST_F(shared_file, dirty_notify)
{
	struct client *c = &self->c;

	memset(c->m.p, 0, c->m.size);
	ASSERT_EQ(0, set_notify(c, c->m.p));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_EQ(0, send_datagram(c));
	EXPECT_EQ(0, set_notify(c, NULL));
	EXPECT_EQ(1, dirty_pages(&c->m));
	EXPECT_EQ(1, c->m.p[0]);
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
