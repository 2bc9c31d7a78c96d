// SPDX-License-Identifier: GPL-2.0-only
/*
 * fpga/dfl-afu: memory that an accelerator works on (DFL_FPGA_PORT_DMA_MAP),
 * through modules/dfl_afu.c.  In most cases each page is a region of its own.
 */
#define SITE		"dfl_afu"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

/* See modules/dfl_afu.c. */
#define HOW_WHOLE	1
#define HOW_TOO_LONG	2

static int take_how(struct site *s, __u32 how)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)s->m->p,
		.len = s->m->size,
		.flags = CALLSITE_TO_MEMORY,
		.how = how,
	};
	int ret = ioctl(s->fd, CALLSITE_HOLD, &hold) ? -errno : 0;

	s->held = !ret;
	return ret;
}

/* KB, all of it the process's own. */
static long locked_vm(void)
{
	return file_number("/proc/self/status", "VmLck");
}

/* A huge page is a region, and is given back as the port is closed. */
TEST_F(site, whole_region)
{
	struct site *s = &self->s;
	long locked = locked_vm();

	if (self->m.page == PAGE)
		SKIP_CASE("small pages are not contiguous");
	ASSERT_EQ(0, take_how(s, HOW_WHOLE));
	EXPECT_EQ(memory_pages(&self->m), pins_held());
	EXPECT_EQ(memory_pages(&self->m) * (long)(PAGE / 1024),
		  locked_vm() - locked);
	EXPECT_EQ(0, site_write(s, 7));
	EXPECT_EQ(0, process_check(s, 7));
	EXPECT_EQ(0, site_release(s));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(locked, locked_vm());
	EXPECT_EQ(0, process_check(s, 7));
}

/* Two pages, and nothing behind them, in one region. */
TEST_F(site, short_region_is_given_back)
{
	struct site *s = &self->s;
	long locked = locked_vm(), taken;

	if (self->m.page != PAGE)
		SKIP_CASE("a huge page is there as a whole");
	munmap(self->m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take_how(s, HOW_WHOLE));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(locked, locked_vm());
}

/* Pages in the wrong order are pinned, and given back. */
TEST_F(site, scattered_region_is_given_back)
{
	struct site *s = &self->s;
	char *p = self->m.p, *q;
	long taken;

	if (self->m.page != PAGE || self->m.shared)
		SKIP_CASE("only small pages can be moved about");
	/* Swap the first two: whatever they were, one of both is wrong. */
	if (pfn_of(p) + 1 == pfn_of(p + PAGE)) {
		q = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
		ASSERT_NE(MAP_FAILED, q);
		mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q);
		mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
		mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE);
	}
	taken = pins_taken();
	EXPECT_EQ(-EINVAL, take_how(s, HOW_WHOLE));
	EXPECT_EQ(memory_pages(&self->m), pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

TEST_F(site, too_long_is_refused)
{
	long taken = pins_taken();

	EXPECT_EQ(-EINVAL, take_how(&self->s, HOW_TOO_LONG));
	EXPECT_EQ(taken, pins_taken());
}

TEST_HARNESS_MAIN
