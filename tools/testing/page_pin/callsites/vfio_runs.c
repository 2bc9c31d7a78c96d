// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's type 1 IOMMU: runs of pages.  The driver asks for up to 256 of them at
 * once, or 64 MB, and the IOMMU gets what follows each other.
 */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "vfio.h"

#define MANY	1100

FIXTURE(runs)
{
	struct client c;
};

FIXTURE_SETUP(runs)
{
	SKIP_IF(memory_scattered(&self->c.m, MANY));
	SKIP_IF(open_edu(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(runs)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* Hardly one is longer than a page. */
TEST_F(runs, of_one_page)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	c->m.step = 100 * PAGE;
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(MANY, pins_held());
	EXPECT_EQ(MANY, pins_taken() - taken);
	EXPECT_EQ(MANY * PAGE / 1024, locked());
	EXPECT_EQ(0, edu_round(c, 1));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
}

/* The parameter of the driver that has it ask for one page at a time. */
TEST_F(runs, not_asked_for)
{
	const char *parameter =
		"/sys/module/vfio_iommu_type1/parameters/disable_hugepages";
	struct client *c = &self->c;
	int ret;

	c->m.step = 500 * PAGE;
	ASSERT_EQ(0, file_write(parameter, "Y"));
	ret = take(c);
	file_write(parameter, "N");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(MANY, pins_held());
	EXPECT_EQ(MANY * PAGE / 1024, locked());
	EXPECT_EQ(0, edu_round(c, 2));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
}

/* What was pinned in front of a hole, and with the last run, is given back. */
TEST_F(runs, up_to_a_hole)
{
	struct client *c = &self->c;
	int holes[] = { MANY - 1, 700, 257, 256, 255, 1, 0 };
	unsigned int i;
	long taken;

	for (i = 0; holes[i]; i++) {
		munmap(c->m.p + holes[i] * PAGE, PAGE);
		taken = pins_taken();
		EXPECT_EQ(-EFAULT, take(c));
		EXPECT_EQ(holes[i], pins_taken() - taken);
		EXPECT_EQ(0, pins_held());
		EXPECT_EQ(0, locked());
	}
}

/* Without the right to lock as much as it likes. */
static int take_limited(struct client *c, int pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || syscall(SYS_capget, &head, caps))
		return -errno;
	caps[0].effective &= ~(1U << CAP_IPC_LOCK);
	if (syscall(SYS_capset, &head, caps))
		return -errno;
	return take(c);
}

TEST_F(runs, within_the_limit)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take_limited(c, MANY));
	EXPECT_EQ(MANY, pins_held());
	EXPECT_EQ(MANY * PAGE / 1024, locked());
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, locked());
}

/* The page that is one too many ends it, and all go back. */
TEST_F(runs, beyond_the_limit)
{
	struct client *c = &self->c;
	int limits[] = { MANY - 1, 700, 257, 256, 255, 1, 0, -1 };
	unsigned int i;

	for (i = 0; limits[i] >= 0; i++) {
		EXPECT_EQ(-ENOMEM, take_limited(c, limits[i]));
		EXPECT_EQ(0, pins_held());
		EXPECT_EQ(0, locked());
	}
}

/*
 * Registers of a device in the middle: the IOMMU maps them as well, but there is
 * nothing to be pinned or accounted.
 */
TEST_F(runs, around_registers)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct client *c = &self->c;
	const int first = 600, nr = 3;

	ASSERT_EQ(0, ioctl(c->edu, VFIO_DEVICE_GET_REGION_INFO, &bar));
	ASSERT_NE(MAP_FAILED, mmap(c->m.p + first * PAGE, nr * PAGE,
				   PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, c->edu, bar.offset));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(MANY - nr, pins_held());
	EXPECT_EQ((MANY - nr) * PAGE / 1024, locked());
	EXPECT_TRUE(edu_dma(c, FIRST_PROBE, false));
	EXPECT_TRUE(edu_dma(c, (first + nr) * PAGE + FIRST_PROBE, true));
	EXPECT_EQ(probe_value(0, FIRST_PROBE),
		  *(__u64 *)(c->m.p + (first + nr) * PAGE + FIRST_PROBE));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
}

/* A huge page is one run, and may be mapped in parts. */
FIXTURE(huge)
{
	struct client c;
};

FIXTURE_VARIANT(huge)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(huge, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(huge, hugetlb) { .kind = HUGETLB_2M };

FIXTURE_SETUP(huge)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, false));
	SKIP_IF(open_edu(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(huge)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(huge, part)
{
	struct client *c = &self->c;
	char *p = c->m.p;
	size_t size = c->m.size;
	int pages;

	c->m.p += 3 * PAGE;
	c->m.size -= 8 * PAGE;
	pages = c->m.size / PAGE;
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages * PAGE / 1024, locked());
	EXPECT_EQ(0, edu_round(c, 3));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	c->m.p = p;
	c->m.size = size;
}

/* All of it, or nothing. */
TEST_F(huge, beyond_the_limit)
{
	struct client *c = &self->c;
	int pages = c->m.size / PAGE;

	EXPECT_EQ(-ENOMEM, take_limited(c, pages - 1));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
}

TEST_HARNESS_MAIN
