// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/hfi1: buffers that are received into or sent from, through modules/hfi1.c.
 */
#define SITE		"hfi1"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

/* Sent from: the device reads, and nothing is marked dirty. */
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

TEST_HARNESS_MAIN
