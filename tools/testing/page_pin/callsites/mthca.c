// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/mthca: one page with doorbells, which the device reads, through
 * modules/mthca.c.
 */
#define SITE		"mthca"
#define SITE_WRITES	0
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	1
#define SITE_BYTES	PAGE

#include "callsite_dev_cases.h"

/* A doorbell goes and another one comes: there is one pin all the same. */
TEST_F(small, again)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)self->m.p,
		.len = PAGE,
		.how = 1,
	};
	long taken = pins_taken();

	ASSERT_EQ(0, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(1, pins_held());
	EXPECT_EQ(0, ioctl(self->s.fd, CALLSITE_RELEASE));
	EXPECT_EQ(0, pins_left());
}

TEST_HARNESS_MAIN
