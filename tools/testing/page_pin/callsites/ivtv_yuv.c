// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivtv, YUV frames: the card reads both planes of a frame of 256 rows, which are
 * 45 and 22.5 pages, through modules/ivtv.c.
 */
#define SITE		"ivtv"
#define SITE_WRITES	0
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0
#define SITE_HOW	1
#define SITE_SMALL	68
#define SITE_BYTES	(1080UL * 256)

#include "callsite_dev_cases.h"

/* The second plane is not there: the first one is given back. */
TEST_F(small, plane_alone_is_given_back)
{
	long taken;

	munmap(self->m.p + 45 * PAGE, self->m.size - 45 * PAGE);
	self->m.area_size = 45 * PAGE;
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, site_take(&self->s, 0));
	EXPECT_EQ(45, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

/* 100000 rows would overwrite what follows the array of pages. */
TEST_F(small, too_large_is_refused)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)self->m.p,
		.len = PAGE,
		.how = 2,
	};
	long taken = pins_taken();

	EXPECT_EQ(-1, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(taken, pins_taken());
}

TEST_HARNESS_MAIN
