// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of vhost: a bit for each page of a guest that the host has written to,
 * in memory of the process that runs the guest.  Here the guest is a ring of
 * vhost-vsock in this process, and the log is that of the ring's used part.
 */
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "callsite.h"

#define CID		1234		/* of the guest */
#define RING_SIZE	256
#define BUFFER_SIZE	256		/* bytes for one packet */
/* In the ring's memory */
#define AVAIL		PAGE
#define USED		(2 * PAGE)
#define BUFFERS		(4 * PAGE)
#define RING_BYTES	(BUFFERS + RING_SIZE * BUFFER_SIZE)
/* Where the guest has the used part, so where in the log its bit is. */
#define LOG_BYTE	(2 * PAGE + 100)
#define LOG_BIT		5
#define USED_GPA	((LOG_BYTE * 8 + LOG_BIT) * VHOST_PAGE_SIZE)

/*
 * What the host logs, each with a pin: that it has set up the flags of the ring
 * when it starts; that it wants no notifications, and wants some again, when it
 * looks for packets, which it does at once; for each packet an entry and the
 * index.
 */
#define PINS_TO_START	(1 + 2)
#define PINS_TO_SEND	(2 + 2)

struct client {
	struct memory m;	/* the log */
	char *ring;
	int fd;
	__u16 sent;
};

static struct vring_used *used(struct client *c)
{
	return (void *)(c->ring + USED);
}

/* Offer @nr more buffers to the host. */
static void offer(struct client *c, int nr)
{
	struct vring_avail *avail = (void *)(c->ring + AVAIL);

	__atomic_store_n(&avail->idx, avail->idx + nr, __ATOMIC_RELEASE);
}

static int set_up_ring(struct client *c, unsigned int index, char *at, bool log)
{
	struct vhost_vring_state num = { index, RING_SIZE };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_addr addr = {
		.index = index,
		.flags = log ? 1 << VHOST_VRING_F_LOG : 0,
		.desc_user_addr = (uintptr_t)at,
		.avail_user_addr = (uintptr_t)at + AVAIL,
		.used_user_addr = (uintptr_t)at + USED,
		.log_guest_addr = log ? USED_GPA : 0,
	};

	return ioctl(c->fd, VHOST_SET_VRING_NUM, &num) ||
	       ioctl(c->fd, VHOST_SET_VRING_BASE, &base) ||
	       ioctl(c->fd, VHOST_SET_VRING_ADDR, &addr);
}

static int set_memory(struct client *c)
{
	struct vhost_memory *memory;
	int ret;

	memory = calloc(1, sizeof(*memory) + sizeof(memory->regions[0]));
	if (!memory)
		return -1;
	memory->nregions = 1;
	memory->regions[0].guest_phys_addr = 0;
	memory->regions[0].memory_size = RING_BYTES;
	memory->regions[0].userspace_addr = (uintptr_t)c->ring;
	ret = ioctl(c->fd, VHOST_SET_MEM_TABLE, memory);
	free(memory);
	return ret;
}

/* A guest that is not yet running. NULL, or why there is none. */
static const char *open_guest(struct client *c)
{
	__u64 features = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VHOST_F_LOG_ALL;
	__u64 cid = CID, log = (uintptr_t)c->m.p;
	const char *why = load_driver("vhost_vsock");
	struct vring_avail *avail;
	struct vring_desc *desc;
	int i;

	if (why)
		return why;
	c->sent = 0;
	c->ring = mmap(NULL, RING_BYTES + BUFFERS, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (c->ring == MAP_FAILED)
		return "no memory";
	desc = (void *)c->ring;
	avail = (void *)(c->ring + AVAIL);
	for (i = 0; i < RING_SIZE; i++) {
		desc[i].addr = BUFFERS + i * BUFFER_SIZE;
		desc[i].len = BUFFER_SIZE;
		desc[i].flags = VRING_DESC_F_WRITE;
		avail->ring[i] = i;
	}
	c->fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return "no /dev/vhost-vsock";
	if (ioctl(c->fd, VHOST_SET_OWNER) || set_memory(c) ||
	    ioctl(c->fd, VHOST_SET_LOG_BASE, &log) ||
	    ioctl(c->fd, VHOST_SET_FEATURES, &features) ||
	    set_up_ring(c, 0, c->ring, true) ||
	    set_up_ring(c, 1, c->ring + RING_BYTES, false) ||
	    ioctl(c->fd, VHOST_VSOCK_SET_GUEST_CID, &cid))
		return "the guest cannot be set up";
	offer(c, RING_SIZE / 2);
	return NULL;
}

static void close_guest(struct client *c)
{
	if (c->fd > 0)
		close(c->fd);
	c->fd = 0;
	if (c->ring)
		munmap(c->ring, RING_BYTES + BUFFERS);
	c->ring = NULL;
}

static int run(struct client *c, int on)
{
	return ioctl(c->fd, VHOST_VSOCK_SET_RUNNING, &on) ? -errno : 0;
}

/* The guest runs, and the host has looked for packets. */
static bool start(struct client *c)
{
	long taken = pins_taken();

	return !run(c, 1) && WAIT_LONG(pins_taken() >= taken + PINS_TO_START);
}

/* Have the host send a packet to @port, a request for a connection. */
static bool request(struct client *c, unsigned int port)
{
	struct sockaddr_vm addr = {
		.svm_family = AF_VSOCK,
		.svm_cid = CID,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool asked;

	if (fd < 0)
		return false;
	asked = connect(fd, (void *)&addr, sizeof(addr)) &&
		errno == EINPROGRESS;
	c->sent++;
	asked = asked && WAIT_LONG(__atomic_load_n(&used(c)->idx,
						   __ATOMIC_ACQUIRE) == c->sent);
	close(fd);
	return asked;
}

static bool logged(struct client *c)
{
	return c->m.p[LOG_BYTE] == 1 << LOG_BIT;
}

FIXTURE(log)
{
	struct client c;
};

FIXTURE_VARIANT(log)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(log, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(log, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(log, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(log, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(log)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(open_guest(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(log)
{
	close_guest(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* The bit arrives, and what it stands for; a pin for each time it is set. */
TEST_F(log, data_arrives)
{
	struct client *c = &self->c;
	struct virtio_vsock_hdr *hdr = (void *)(c->ring + BUFFERS);
	long taken = pins_taken();

	ASSERT_EQ(0, c->m.p[LOG_BYTE]);
	ASSERT_TRUE(start(c));
	EXPECT_EQ(PINS_TO_START, pins_taken() - taken);
	EXPECT_TRUE(logged(c));

	c->m.p[LOG_BYTE] = 0;
	ASSERT_TRUE(request(c, 77));
	WAIT_FOR(pins_taken() - taken >= PINS_TO_START + PINS_TO_SEND);
	EXPECT_EQ(PINS_TO_START + PINS_TO_SEND, pins_taken() - taken);
	EXPECT_TRUE(logged(c));
	EXPECT_EQ(VIRTIO_VSOCK_OP_REQUEST, hdr->op);
	EXPECT_EQ(77, hdr->dst_port);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 0));
}

/* The log is that of the process that runs the guest, not of its child. */
TEST_F(log, data_arrives_after_fork)
{
	struct client *c = &self->c;
	struct child child = { };

	ASSERT_TRUE(start(c));
	c->m.p[LOG_BYTE] = 0;
	ASSERT_EQ(0, child_fork(&child, &c->m));
	ASSERT_TRUE(request(c, 78));
	EXPECT_TRUE(logged(c));
	child_end(&child);
}

/* Send without end. The guest takes what comes. */
static void send_for_ever(struct client *c)
{
	if (open_guest(c) || !start(c))
		_exit(1);
	while (request(c, 79))
		offer(c, 1);
	_exit(2);
}

/* Killed at any moment, most of them in the middle of a packet. */
TEST_F(log, killed)
{
	struct client *c = &self->c;
	int round, status;
	pid_t pid;
	long taken;

	close_guest(c);
	for (round = 0; round < 4; round++) {
		taken = pins_taken();
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			send_for_ever(c);
		}
		EXPECT_TRUE(WAIT_LONG(pins_taken() > taken + PINS_TO_START +
				      5 * PINS_TO_SEND));
		usleep(round * 1500);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(0, pins_left());
	}
}

/* The page of the log is not there, and what it takes to fault it in fails. */
struct fail {
	struct client *c;
	long taken;
};

static int take(void *arg)
{
	struct fail *fail = arg;

	return run(fail->c, 1);
}

static void give(void *arg)
{
	struct fail *fail = arg;
	struct client *c = fail->c;

	/* The host logs two more bits when it looks for packets. */
	WAIT_FOR(pins_taken() >= fail->taken + PINS_TO_START - 1);
	run(c, 0);
	WAIT_FOR(!pins_held());
	madvise(c->m.p, c->m.size, MADV_DONTNEED);
	fail->taken = pins_taken();
}

TEST(fail_nth)
{
	struct client c = { };
	struct fail fail = { .c = &c };

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_guest(&c));
	madvise(c.m.p, c.m.size, MADV_DONTNEED);
	fail.taken = pins_taken();
	EXPECT_FINE(fail_each(take, give, &fail, NULL));
	close_guest(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
}

/* A log that cannot be written to is no reason to hold anything. */
TEST(read_only_log)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_guest(&c));
	ASSERT_EQ(0, mprotect(c.m.p, c.m.size, PROT_READ));
	taken = pins_taken();
	EXPECT_EQ(0, run(&c, 1));
	EXPECT_TRUE(request(&c, 80));
	EXPECT_EQ(0, pins_taken() - taken);
	EXPECT_EQ(0, c.m.p[LOG_BYTE]);
	close_guest(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
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
	SKIP_IF(open_guest(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_guest(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* A bit that is set after the log was written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;

	ASSERT_TRUE(start(c));
	c->m.p[LOG_BYTE] = 0;
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	ASSERT_TRUE(request(c, 81));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(1, dirty_pages(&c->m));
	EXPECT_TRUE(logged(c));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
