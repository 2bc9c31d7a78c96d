// SPDX-License-Identifier: GPL-2.0-only
/*
 * gasket: user space maps its buffers into the page table of the device, through
 * modules/gasket.c.
 */
#define SITE		"gasket"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

/* A buffer in a table of the second level, which is in memory. */
TEST_F(small, extended)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)self->m.p,
		.len = self->m.size,
		.flags = CALLSITE_TO_MEMORY,
		.how = 1,
	};

	ASSERT_EQ(0, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	self->s.held = true;
	EXPECT_EQ(site_pages(&self->s), pins_held());
	EXPECT_EQ(0, site_write(&self->s, 6));
	EXPECT_EQ(0, cpu_check(&self->m, 6));
	EXPECT_EQ(0, site_release(&self->s));
}

TEST_HARNESS_MAIN
