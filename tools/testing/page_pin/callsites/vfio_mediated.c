// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's type 1 IOMMU with a mediated device: no IOMMU that is told of memory,
 * but a driver that pins a page when it wants to.  See modules/vfio_mediated.h.
 */
#include <glob.h>
#include <linux/vfio.h>

#include "callsite.h"
#include "modules/vfio_mediated.h"

#define IOVA	0x1000000UL
#define UUID	"6f4aa9a4-3b0c-4d0e-9a55-1b8f0e2c7d11"

struct client {
	struct memory m;
	int container, group, device;
};

/* The device, made anew if it is not there. NULL, or why there is none. */
static const char *find_device(char *group, size_t size)
{
	const char *why = load_driver("vfio_iommu_type1") ?:
			  load_driver("vfio_mdev") ?:
			  load_module("vfio_mediated");
	char link[512];
	ssize_t len;
	glob_t types;

	if (why)
		return why;
	if (access("/sys/bus/mdev/devices/" UUID, F_OK)) {
		if (glob("/sys/devices/vfio_mediated/mdev_supported_types/*/create",
			 0, NULL, &types))
			return "no mediated devices of any type";
		file_write(types.gl_pathv[0], UUID);
		globfree(&types);
	}
	len = readlink("/sys/bus/mdev/devices/" UUID "/iommu_group", link,
		       sizeof(link) - 1);
	if (len < 0)
		return "no group for a mediated device";
	link[len] = 0;
	snprintf(group, size, "/dev/vfio/%s", strrchr(link, '/') + 1);
	WAIT_FOR(!access(group, R_OK | W_OK));
	return NULL;
}

static const char *open_device(struct client *c)
{
	char group[600];
	const char *why = find_device(group, sizeof(group));

	if (why)
		return why;
	c->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	c->group = open(group, O_RDWR | O_CLOEXEC);
	if (c->container < 0 || c->group < 0 ||
	    ioctl(c->group, VFIO_GROUP_SET_CONTAINER, &c->container) ||
	    ioctl(c->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return "no VFIO container for a mediated device";
	c->device = ioctl(c->group, VFIO_GROUP_GET_DEVICE_FD, UUID);
	return c->device < 0 ? "the mediated device cannot be opened" : NULL;
}

static void close_device(struct client *c)
{
	if (c->device > 0)
		close(c->device);
	if (c->group > 0)
		close(c->group);
	if (c->container > 0)
		close(c->container);
	c->device = 0;
	c->group = 0;
	c->container = 0;
}

/* The device may have the memory, of which it takes nothing yet. */
static int map(struct client *c)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)c->m.p,
		.iova = IOVA,
		.size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static size_t unmap(struct client *c)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? 0
								 : unmap.size;
}

/* Have the driver pin all of the memory. Returns 0 or -errno. */
static int take(void *arg)
{
	struct client *c = arg;
	struct vfio_mediated_range range = {
		.iova = IOVA, .nr_pages = memory_pages(&c->m),
	};

	return ioctl(c->device, VFIO_MEDIATED_PIN, &range) ? -errno : 0;
}

static void give(void *arg)
{
	struct client *c = arg;

	ioctl(c->device, VFIO_MEDIATED_UNPIN);
}

/* Have the driver write to each probe. Returns how often it did not. */
static int device_writes(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step) {
		struct vfio_mediated_write arg = {
			.offset = off, .value = probe_value(seed, off),
		};

		wrong += !!ioctl(c->device, VFIO_MEDIATED_WRITE, &arg);
	}
	return wrong;
}

/* Kilobytes that the process is charged for. */
static long locked(void)
{
	return file_number("/proc/self/status", "VmLck");
}

FIXTURE(mediated)
{
	struct client c;
};

FIXTURE_VARIANT(mediated)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(mediated, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(mediated, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(mediated, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(mediated, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(mediated)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(open_device(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(mediated)
{
	close_device(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(mediated, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);
	long taken = pins_taken();

	ASSERT_EQ(0, map(c));
	EXPECT_EQ(0, pins_held());
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(pages * PAGE / 1024, locked());
	EXPECT_EQ(0, device_writes(c, 1));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	give(c);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	EXPECT_EQ(c->m.size, unmap(c));
}

/* The parent, which has the device, keeps its pages. */
TEST_F(mediated, data_arrives_after_fork)
{
	struct client *c = &self->c;
	struct child child = { };

	ASSERT_EQ(0, map(c));
	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	cpu_write(&c->m, 2);
	EXPECT_EQ(0, device_writes(c, 3));
	EXPECT_EQ(0, cpu_check(&c->m, 3));
	child_end(&child);
	give(c);
}

/* When memory is unmapped the driver is told to let it go. */
TEST_F(mediated, unmapped)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, map(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
}

static int hold(void *arg)
{
	struct client *c = arg;

	return open_device(c) ? -ENODEV : map(c) ?: take(c);
}

TEST_F(mediated, killed)
{
	close_device(&self->c);
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m)));
}

/* VFIO remembers each page by itself, so a few of them are many enough. */
TEST(fail_nth)
{
	struct client c = { };

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_device(&c));
	ASSERT_EQ(0, map(&c));
	EXPECT_FINE(fail_each(take, give, &c, NULL));
	EXPECT_EQ(0, locked());
	close_device(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
}

/* A range with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_device(&c));
	ASSERT_EQ(0, map(&c));
	munmap(c.m.p + (NR_SMALL - 1) * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take(&c));
	EXPECT_EQ(NR_SMALL - 1, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	close_device(&c);
	memory_unmap(&c.m);
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
	SKIP_IF(open_device(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_device(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What the device writes after pages were written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;

	cpu_write(&c->m, 4);
	ASSERT_EQ(0, map(c));
	ASSERT_EQ(0, take(c));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_EQ(0, device_writes(c, 5));
	give(c);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_EQ(0, cpu_check(&c->m, 5));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
