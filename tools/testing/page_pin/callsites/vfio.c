// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's type 1 IOMMU: memory that QEMU's edu device reads and writes by DMA
 * behind VT-d.  edu has 4 KB of its own and takes bus addresses below 256 MB.
 */
#include <dirent.h>
#include <linux/vfio.h>

#include "callsite.h"

#define IOVA		0x1000000UL	/* where the device sees the memory */

/* Registers of edu, in its BAR 0 */
#define EDU_ID		0x00
#define EDU_DMA_FROM	0x80
#define EDU_DMA_TO	0x88
#define EDU_DMA_SIZE	0x90
#define EDU_DMA_COMMAND	0x98
#define EDU_DMA_START	1
#define EDU_DMA_OUT	2		/* from edu to memory */
#define EDU_BUFFER	0x40000UL
#define EDU_BAR_SIZE	0x100000UL

#define PCI_COMMAND		4
#define PCI_COMMAND_MASTER	4

struct client {
	struct memory m;
	int container, group, edu;
	char *bar;
};

/* The first file in a folder that has @what in the file @name of its own. */
static bool find_device(const char *dir, const char *name, const char *what,
			char *found, size_t size)
{
	DIR *folder = opendir(dir);
	char path[1024], text[32];
	struct dirent *entry;
	bool good = false;
	FILE *file;

	while (folder && !good && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "%s/%s/%s", dir, entry->d_name,
			 name);
		file = fopen(path, "re");
		if (!file)
			continue;
		good = fgets(text, sizeof(text), file) &&
		       !strncmp(text, what, strlen(what));
		snprintf(found, size, "%s", entry->d_name);
		fclose(file);
	}
	if (folder)
		closedir(folder);
	return good;
}

/* Give edu to vfio-pci, and find its group. NULL, or why there is none. */
static const char *find_edu(char *address, size_t size, char *group,
			    size_t group_size)
{
	const char *why = load_driver("vfio-pci") ?:
			  load_driver("vfio_iommu_type1");
	char path[1024], target[512];
	ssize_t len;

	if (why)
		return why;
	if (!find_device("/sys/bus/pci/devices", "device", "0x11e8", address,
			 size))
		return "no edu device";
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 address);
	file_write(path, "vfio-pci");
	file_write("/sys/bus/pci/drivers_probe", address);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "no IOMMU for the edu device";
	target[len] = 0;
	snprintf(group, group_size, "/dev/vfio/%s", strrchr(target, '/') + 1);
	return access(group, R_OK | W_OK) ? "vfio-pci does not take edu" : NULL;
}

/* The device, with an IOMMU of our own. Returns NULL, or why there is none. */
static const char *open_edu(struct client *c)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	char address[256], group[600];
	const char *why;
	__u16 command;

	why = find_edu(address, sizeof(address), group, sizeof(group));
	if (why)
		return why;
	c->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	c->group = open(group, O_RDWR | O_CLOEXEC);
	if (c->container < 0 || c->group < 0 ||
	    ioctl(c->group, VFIO_GROUP_SET_CONTAINER, &c->container) ||
	    ioctl(c->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return "no VFIO container for edu";
	c->edu = ioctl(c->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (c->edu < 0 || ioctl(c->edu, VFIO_DEVICE_GET_REGION_INFO, &config) ||
	    ioctl(c->edu, VFIO_DEVICE_GET_REGION_INFO, &bar))
		return "edu cannot be opened";
	if (pread(c->edu, &command, 2, config.offset + PCI_COMMAND) != 2)
		return "edu cannot be configured";
	command |= PCI_COMMAND_MASTER;
	if (pwrite(c->edu, &command, 2, config.offset + PCI_COMMAND) != 2)
		return "edu cannot be configured";
	c->bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      c->edu, bar.offset);
	return c->bar == MAP_FAILED ? "edu cannot be mapped" : NULL;
}

static void close_edu(struct client *c)
{
	if (c->bar && c->bar != MAP_FAILED)
		munmap(c->bar, EDU_BAR_SIZE);
	if (c->edu > 0)
		close(c->edu);
	if (c->group > 0)
		close(c->group);
	if (c->container > 0)
		close(c->container);
	c->bar = NULL;
	c->edu = 0;
	c->group = 0;
	c->container = 0;
}

static int map_flags(struct client *c, int flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)c->m.p,
		.iova = IOVA,
		.size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

/* The device may read and write the memory. Returns 0 or -errno. */
static int take(void *arg)
{
	return map_flags(arg, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
}

/* How much the device may no longer see. */
static size_t unmap(struct client *c)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? 0
								 : unmap.size;
}

static void give(void *arg)
{
	unmap(arg);
}

static void edu_write(struct client *c, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(c->bar + reg), value, __ATOMIC_SEQ_CST);
}

/* A word between edu's buffer and the memory. Returns whether it was done. */
static bool edu_dma(struct client *c, size_t off, bool out)
{
	__u64 *command = (__u64 *)(c->bar + EDU_DMA_COMMAND);
	int tries = 20;

	edu_write(c, EDU_DMA_FROM, out ? EDU_BUFFER : IOVA + off);
	edu_write(c, EDU_DMA_TO, out ? IOVA + off : EDU_BUFFER);
	edu_write(c, EDU_DMA_SIZE, sizeof(__u64));
	edu_write(c, EDU_DMA_COMMAND, EDU_DMA_START | (out ? EDU_DMA_OUT : 0));
	while (!WAIT_FOR(!(__atomic_load_n(command, __ATOMIC_SEQ_CST) &
			   EDU_DMA_START)))
		if (!--tries)
			return false;
	return true;
}

/* Have edu move each probe from the memory to itself and to where it was. */
static int edu_round(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step) {
		__u64 *word = (__u64 *)(c->m.p + off);

		__atomic_store_n(word, probe_value(seed, off),
				 __ATOMIC_SEQ_CST);
		wrong += !edu_dma(c, off, false);
		__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
		wrong += !edu_dma(c, off, true);
	}
	return wrong + cpu_check(&c->m, seed);
}

/* Kilobytes that the process is charged for. */
static long locked(void)
{
	return file_number("/proc/self/status", "VmLck");
}

FIXTURE(type1)
{
	struct client c;
};

FIXTURE_VARIANT(type1)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(type1, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(type1, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(type1, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(type1, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(type1)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(type1)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(type1, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	SKIP_IF(open_edu(c));
	ASSERT_EQ(0, locked());
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages * PAGE / 1024, locked());
	EXPECT_EQ(0, edu_round(c, 1));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* What is not unmapped comes back with the last reference to the container. */
TEST_F(type1, closed)
{
	struct client *c = &self->c;

	SKIP_IF(open_edu(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	close_edu(c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, locked());
}

static int hold(void *arg)
{
	return open_edu(arg) ? -ENODEV : take(arg);
}

TEST_F(type1, killed)
{
	/* Only one process can have the group, so see here that it works. */
	SKIP_IF(open_edu(&self->c));
	close_edu(&self->c);
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m)));
}

TEST_F(type1, fail_nth)
{
	SKIP_IF(open_edu(&self->c));
	EXPECT_FINE(fail_each(take, give, &self->c, NULL));
	EXPECT_EQ(0, locked());
}

/* A device that only reads sees what the process writes after the pin. */
TEST(read_only)
{
	struct client c = { };
	size_t off = FIRST_PROBE;
	__u64 *word;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_edu(&c));
	/* Nothing, or the zero page, is mapped there. */
	madvise(c.m.p, c.m.size, MADV_DONTNEED);
	word = (__u64 *)(c.m.p + off);
	EXPECT_EQ(0, *word);
	ASSERT_EQ(0, map_flags(&c, VFIO_DMA_MAP_FLAG_READ));
	EXPECT_EQ(memory_pages(&c.m), pins_held());
	*word = 0x1234;
	EXPECT_TRUE(edu_dma(&c, off, false));
	EXPECT_EQ(c.m.size, unmap(&c));
	EXPECT_EQ(0, pins_held());
	/* What did it read? */
	ASSERT_EQ(0, take(&c));
	*word = 0;
	EXPECT_TRUE(edu_dma(&c, off, true));
	EXPECT_EQ(0x1234, *word);
	EXPECT_EQ(c.m.size, unmap(&c));
	close_edu(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
}

/* A range with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_edu(&c));
	munmap(c.m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take(&c));
	EXPECT_LT(taken, pins_taken());
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	close_edu(&c);
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
	SKIP_IF(open_edu(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What the device writes after pages were written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	size_t off = FIRST_PROBE + PAGE;

	cpu_write(&c->m, 6);
	ASSERT_EQ(0, take(c));
	/* The device gets the first word and writes it to another page. */
	EXPECT_TRUE(edu_dma(c, FIRST_PROBE, false));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_TRUE(edu_dma(c, off, true));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_EQ(probe_value(6, FIRST_PROBE), *(__u64 *)(c->m.p + off));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
