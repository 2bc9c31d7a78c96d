// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-vdpa: memory that a device of virtio in hardware is given.  The device
 * is the network simulator, vdpa_sim, which copies what it is to send to where
 * it is to receive.
 */
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "callsite.h"

#ifndef VIRTIO_F_ACCESS_PLATFORM
#define VIRTIO_F_ACCESS_PLATFORM	33
#endif

#define RING_SIZE	256	/* entries, as many as the simulator wants */
#define RING_PAGES	3	/* descriptors, avail, used */
#define OUT_PAGE	(2 * RING_PAGES)	/* what the device reads */
#define RINGS_PAGES	(OUT_PAGE + 1)

/* Where the device sees memory */
#define RINGS_IOVA	0x100000UL
#define IOVA		0x10000000UL

enum { RX, TX };

struct client {
	struct memory m;
	int fd;
	int kick[2];
	char *rings;
	__u16 sent;
};

static int iotlb(struct client *c, int type, __u64 iova, void *p, size_t size,
		 int perm)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = iova,
			.size = size,
			.uaddr = (uintptr_t)p,
			.perm = perm,
			.type = type,
		},
	};

	return write(c->fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

/* The device may read and write the memory. Returns 0 or -errno. */
static int take(void *arg)
{
	struct client *c = arg;

	return iotlb(c, VHOST_IOTLB_UPDATE, IOVA, c->m.p, c->m.size,
		     VHOST_ACCESS_RW);
}

static void give(void *arg)
{
	struct client *c = arg;

	iotlb(c, VHOST_IOTLB_INVALIDATE, IOVA, NULL, c->m.size, 0);
}

/* Load the simulator; it is told of maps one by one, or of all at once. */
static const char *load_sim(bool at_once)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	const char *why = load_driver("vhost_vdpa");

	if (why)
		return why;
	setrlimit(RLIMIT_MEMLOCK, &all);
	shell("modprobe -r vdpa_sim 2>/dev/null");
	why = load_driver(at_once ? "vdpa_sim batch_mapping=1"
				  : "vdpa_sim batch_mapping=0");
	if (!why)
		WAIT_FOR(!access("/dev/vhost-vdpa-0", R_OK | W_OK));
	return why;
}

/* Open the device, which one process can do at a time. */
static const char *open_sim(struct client *c)
{
	__u64 features = (1ULL << VIRTIO_F_VERSION_1) |
			 (1ULL << VIRTIO_F_ACCESS_PLATFORM);
	__u64 backend = 1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2;

	c->fd = open("/dev/vhost-vdpa-0", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return "no /dev/vhost-vdpa-0";
	if (ioctl(c->fd, VHOST_SET_OWNER) ||
	    ioctl(c->fd, VHOST_SET_BACKEND_FEATURES, &backend) ||
	    ioctl(c->fd, VHOST_SET_FEATURES, &features))
		return "the device cannot be set up";
	return NULL;
}

static void close_sim(struct client *c)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (c->kick[i] > 0)
			close(c->kick[i]);
		c->kick[i] = 0;
	}
	if (c->fd > 0)
		close(c->fd);
	c->fd = 0;
	if (c->rings)
		munmap(c->rings, RINGS_PAGES * PAGE);
	c->rings = NULL;
}

static int set_up_ring(struct client *c, unsigned int ring)
{
	__u64 at = RINGS_IOVA + ring * RING_PAGES * PAGE;
	struct vhost_vring_state num = { ring, RING_SIZE };
	struct vhost_vring_state base = { ring, 0 };
	struct vhost_vring_state on = { ring, 1 };
	struct vhost_vring_addr addr = {
		.index = ring,
		.desc_user_addr = at,
		.avail_user_addr = at + PAGE,
		.used_user_addr = at + 2 * PAGE,
	};
	struct vhost_vring_file kick = { ring, eventfd(0, EFD_CLOEXEC) };

	c->kick[ring] = kick.fd;
	return kick.fd < 0 ||
	       ioctl(c->fd, VHOST_SET_VRING_NUM, &num) ||
	       ioctl(c->fd, VHOST_SET_VRING_BASE, &base) ||
	       ioctl(c->fd, VHOST_SET_VRING_ADDR, &addr) ||
	       ioctl(c->fd, VHOST_SET_VRING_KICK, &kick) ||
	       ioctl(c->fd, VHOST_VDPA_SET_VRING_ENABLE, &on);
}

/* Two rings, and the device at work. Returns 0 or -errno. */
static int start(struct client *c)
{
	__u8 status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		      VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;
	int ret;

	c->sent = 0;
	c->rings = mmap(NULL, RINGS_PAGES * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->rings == MAP_FAILED)
		return -ENOMEM;
	ret = iotlb(c, VHOST_IOTLB_UPDATE, RINGS_IOVA, c->rings,
		    RINGS_PAGES * PAGE, VHOST_ACCESS_RW);
	if (ret)
		return ret;
	if (set_up_ring(c, RX) || set_up_ring(c, TX) ||
	    ioctl(c->fd, VHOST_VDPA_SET_STATUS, &status))
		return -errno;
	return 0;
}

/* Offer a buffer to the device. */
static void offer(struct client *c, int ring, __u64 iova, __u32 len)
{
	char *at = c->rings + ring * RING_PAGES * PAGE;
	struct vring_desc *desc = (void *)at;
	struct vring_avail *avail = (void *)(at + PAGE);
	unsigned int slot = c->sent % RING_SIZE;

	desc[slot].addr = iova;
	desc[slot].len = len;
	desc[slot].flags = ring == RX ? VRING_DESC_F_WRITE : 0;
	avail->ring[slot] = slot;
	__atomic_store_n(&avail->idx, c->sent + 1, __ATOMIC_RELEASE);
}

/* Have the device write @value at @off in the memory. Was it done? */
static bool device_writes(struct client *c, size_t off, __u64 value)
{
	struct vring_used *used = (void *)(c->rings + 2 * PAGE);
	__u64 one = 1;

	*(__u64 *)(c->rings + OUT_PAGE * PAGE) = value;
	offer(c, RX, IOVA + off, sizeof(value));
	offer(c, TX, RINGS_IOVA + OUT_PAGE * PAGE, sizeof(value));
	c->sent++;
	if (write(c->kick[TX], &one, sizeof(one)) != sizeof(one))
		return false;
	return WAIT_LONG(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) ==
			 c->sent);
}

/* All probes. Returns how many the device did not write. */
static int device_writes_all(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step)
		wrong += !device_writes(c, off, probe_value(seed, off));
	return wrong;
}

/* Kilobytes that the process is charged for. */
static long charged(void)
{
	return file_number("/proc/self/status", "VmPin");
}

FIXTURE(vdpa)
{
	struct client c;
};

FIXTURE_VARIANT(vdpa)
{
	enum memory_kind kind;
	bool shared, at_once;
};

FIXTURE_VARIANT_ADD(vdpa, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(vdpa, anon_at_once) { .kind = ANON, .at_once = true };
FIXTURE_VARIANT_ADD(vdpa, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(vdpa, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(vdpa, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(vdpa)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(load_sim(variant->at_once));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(vdpa)
{
	close_sim(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(vdpa, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);
	long taken = pins_taken();

	SKIP_IF(open_sim(c));
	ASSERT_EQ(0, start(c));
	EXPECT_EQ(RINGS_PAGES, pins_held());
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(RINGS_PAGES + pages, pins_held());
	EXPECT_EQ(RINGS_PAGES + pages, pins_taken() - taken);
	EXPECT_EQ((RINGS_PAGES + pages) * PAGE / 1024, charged());
	EXPECT_EQ(0, device_writes_all(c, 1));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	give(c);
	EXPECT_EQ(RINGS_PAGES, pins_held());
	EXPECT_EQ(RINGS_PAGES * PAGE / 1024, charged());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* The parent, which has the device, keeps its pages. */
TEST_F(vdpa, data_arrives_after_fork)
{
	struct client *c = &self->c;
	struct child child = { };

	SKIP_IF(open_sim(c));
	ASSERT_EQ(0, start(c));
	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	cpu_write(&c->m, 2);
	memset(c->rings + OUT_PAGE * PAGE, 0, PAGE);
	EXPECT_EQ(0, device_writes_all(c, 3));
	EXPECT_EQ(0, cpu_check(&c->m, 3));
	child_end(&child);
	give(c);
}

/* What is not unmapped comes back when the device is closed. */
TEST_F(vdpa, closed)
{
	struct client *c = &self->c;

	SKIP_IF(open_sim(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	close_sim(c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, charged());
}

static int hold(void *arg)
{
	struct client *c = arg;

	return open_sim(c) ? -ENODEV : start(c) ?: take(c);
}

TEST_F(vdpa, killed)
{
	/* Only one process can have the device, so see here that it works. */
	SKIP_IF(open_sim(&self->c));
	close_sim(&self->c);
	EXPECT_FINE(kill_holder(hold, &self->c,
				RINGS_PAGES + memory_pages(&self->c.m)));
}

/* vhost has EFAULT for whatever went wrong with a message. */
static const int message_failed[] = { EFAULT, 0 };

TEST_F(vdpa, fail_nth)
{
	SKIP_IF(open_sim(&self->c));
	EXPECT_FINE(fail_each(take, give, &self->c, message_failed));
	EXPECT_EQ(0, charged());
}

/* Most pages are maps of their own, and any of them may be the one that fails. */
#define SCATTERED	16

FIXTURE(scattered)
{
	struct client c;
};

FIXTURE_SETUP(scattered)
{
	SKIP_IF(memory_scattered(&self->c.m, SCATTERED));
	SKIP_IF(load_sim(false));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(scattered)
{
	close_sim(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(scattered, data_arrives)
{
	struct client *c = &self->c;

	SKIP_IF(open_sim(c));
	ASSERT_EQ(0, start(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(RINGS_PAGES + SCATTERED, pins_held());
	EXPECT_EQ(0, device_writes_all(c, 4));
	EXPECT_EQ(0, cpu_check(&c->m, 4));
	give(c);
	EXPECT_EQ(RINGS_PAGES, pins_held());
}

TEST_F(scattered, fail_nth)
{
	SKIP_IF(open_sim(&self->c));
	EXPECT_FINE(fail_each(take, give, &self->c, message_failed));
	EXPECT_EQ(0, charged());
}

/* A range with a hole: what was pinned in front of it is given back. */
TEST_F(scattered, hole)
{
	struct client *c = &self->c;
	long taken;

	SKIP_IF(open_sim(c));
	munmap(c->m.p + (SCATTERED - 1) * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take(c));
	EXPECT_LT(taken, pins_taken());
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, charged());
}

FIXTURE(shared_file)
{
	struct client c;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
	bool at_once;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, ext4_at_once) { .kind = EXT4, .at_once = true };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, true));
	SKIP_IF(load_sim(variant->at_once));
	SKIP_IF(open_sim(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_sim(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What the device writes after pages were written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;

	cpu_write(&c->m, 5);
	ASSERT_EQ(0, start(c));
	ASSERT_EQ(0, take(c));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_EQ(0, device_writes_all(c, 6));
	give(c);
	EXPECT_EQ(RINGS_PAGES, pins_held());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_EQ(0, cpu_check(&c->m, 6));
	EXPECT_FINE(data_lost(&c->m));
}

/* Memory that the device may only read is not dirtied for it. */
TEST_F(shared_file, not_dirty)
{
	struct client *c = &self->c;

	cpu_write(&c->m, 7);
	EXPECT_FINE(write_back(&c->m));
	ASSERT_EQ(0, iotlb(c, VHOST_IOTLB_UPDATE, IOVA, c->m.p, c->m.size,
			   VHOST_ACCESS_RO));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	give(c);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, dirty_pages(&c->m));
}

TEST_HARNESS_MAIN
