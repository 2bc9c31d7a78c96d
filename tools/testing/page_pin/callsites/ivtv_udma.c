// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivtv, transfers to the OSD: the card reads the memory of the process, through
 * modules/ivtv.c.
 */
#define SITE		"ivtv"
#define SITE_WRITES	0
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0
#define SITE_HOW	0

#include "callsite_dev_cases.h"

/* The driver has room for 704 pages. */
TEST_F(small, too_large_is_refused)
{
	size_t size = 705 * PAGE;
	struct callsite_hold hold = { .len = size };
	long taken = pins_taken();
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	/* All its own: the zero page is never pinned. */
	ASSERT_NE(MAP_FAILED, p);
	hold.addr = (uintptr_t)p;
	EXPECT_EQ(-1, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(taken, pins_taken());
	hold.len = size - PAGE;
	EXPECT_EQ(0, ioctl(self->s.fd, CALLSITE_HOLD, &hold));
	EXPECT_EQ(704, pins_held());
	EXPECT_EQ(0, ioctl(self->s.fd, CALLSITE_RELEASE));
	munmap(p, size);
}

TEST_HARNESS_MAIN
