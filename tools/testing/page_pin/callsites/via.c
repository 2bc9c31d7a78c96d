// SPDX-License-Identifier: GPL-2.0-only
/*
 * drm/via: blits from and to the memory of the process, through modules/via.c.
 */
#define SITE		"via"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0
#define SITE_DRIVERS	"drm"

#include "callsite_dev_cases.h"

/* To the frame buffer: the engine reads, and nothing is marked dirty. */
TEST_F(site, data_is_read)
{
	self->s.flags = 0;
	cpu_write(&self->m, 6);
	ASSERT_EQ(0, site_hold(&self->s));
	EXPECT_EQ(site_pages(&self->s), pins_held());
	EXPECT_EQ(0, site_check(&self->s, 6));
	EXPECT_EQ(0, site_release(&self->s));
}

TEST_F(shared_file, read_leaves_it_clean)
{
	self->s.flags = 0;
	ASSERT_EQ(0, site_hold(&self->s));
	EXPECT_FINE(write_back(&self->m));
	EXPECT_EQ(0, site_release(&self->s));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, dirty_pages(&self->m));
}

/* Two lines whose stride overflows 32 bits. */
TEST_F(small, too_large_is_refused)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)self->m.p,
		.len = PAGE,
		.flags = CALLSITE_TO_MEMORY,
		.how = 1,
	};
	long taken = pins_taken();

	EXPECT_EQ(-1, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(taken, pins_taken());
}

TEST_HARNESS_MAIN
