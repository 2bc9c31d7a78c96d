// SPDX-License-Identifier: GPL-2.0-only
/*
 * vchiq: bulk transfers from and to the VideoCore, through modules/vchiq.c.
 */
#define SITE		"vchiq"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

/* To the VideoCore, which reads. */
TEST_F(small, data_is_read)
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

/* The VideoCore says that it has transferred nothing. */
TEST_F(small, empty_transfer_gives_pages_back)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)self->m.p,
		.len = self->m.size,
		.flags = CALLSITE_TO_MEMORY,
		.how = 1,
	};

	ASSERT_EQ(0, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(site_pages(&self->s), pins_held());
	EXPECT_EQ(0, ioctl(self->s.fd, CALLSITE_RELEASE));
	EXPECT_EQ(0, pins_left());
}

TEST_HARNESS_MAIN
