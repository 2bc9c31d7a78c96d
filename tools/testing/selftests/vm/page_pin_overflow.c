// SPDX-License-Identifier: GPL-2.0-only
/*
 * More pins than fit into the count of a small page.  See
 * Documentation/core-api/pin_user_pages.rst.
 *
 * A kernel that gets this wrong may not survive it.
 */
#include "page_pin_memory.h"

/* Each pin is 1024 in a count of 31 bits; the page is in use, too. */
#define MOST_PINS	((1U << 21) - 1)

FIXTURE(overflow)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(overflow)
{
	int take;
};

FIXTURE_SETUP(overflow)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	if (vmstat_of("nr_foll_pin_acquired") < 0)
		SKIP_CASE("this kernel cannot pin");
}

FIXTURE_TEARDOWN(overflow)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(overflow, fast) { .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(overflow, slow) { .take = GUP_HOLD_PIN_SLOW };

/*
 * Refusal with ENOMEM when the next pin would not fit. The page stays as usable
 * as before, and all pins can be given back.
 */
TEST_F(overflow, refused_when_the_count_is_full)
{
	struct gup_hold_page page = { 0 };

	SKIP_IF(memory_map(&self->m, ANON, false));
	self->dev.m = &self->m;
	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, variant->take,
				 GUP_HOLD_WRITE, MOST_PINS + 100));
	EXPECT_EQ(MOST_PINS, self->dev.taken);
	EXPECT_EQ(-ENOMEM, self->dev.last);
	EXPECT_EQ(self->dev.taken, pins_held());
	ASSERT_EQ(0, dev_ask(&self->dev, 0, 1, &page));
	EXPECT_LT(0, page.count);
	cpu_write(&self->m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, pins_held());

	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_GET_FAST,
				 0, 1));
	EXPECT_FALSE(dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED));
}

/*
 * No refusal, for whoever can read memory can pin the zero page, and nothing is
 * counted: neither in the page nor in vmstat.
 */
TEST_F(overflow, zero_page_has_no_count_to_fill)
{
	struct gup_hold_page before = { 0 }, after = { 0 };
	struct memory *m = &self->m;

	SKIP_IF(memory_map(m, ANON, false));
	ASSERT_EQ(0, madvise(m->p, m->size, MADV_DONTNEED));
	ASSERT_EQ(0, m->p[0]);
	ASSERT_EQ(1, dev_take_at(&self->dev, m->p, 1, variant->take, 0, 1));
	ASSERT_EQ(0, dev_ask(&self->dev, 0, 1, &before));
	ASSERT_TRUE(dev_is(&self->dev, 0, GUP_HOLD_IS_ZERO));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	ASSERT_EQ(1, dev_take_at(&self->dev, m->p, 1, variant->take, 0,
				 MOST_PINS + 1000));
	EXPECT_EQ(MOST_PINS + 1000, self->dev.taken);
	EXPECT_EQ(0, self->dev.last);
	EXPECT_EQ(0, pins_held());
	ASSERT_EQ(0, dev_ask(&self->dev, 0, 1, &after));
	/* Others come and go, but not by the thousands. */
	EXPECT_GT(1000, abs(after.count - before.count));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, m->p[0]);
}

TEST_HARNESS_MAIN
