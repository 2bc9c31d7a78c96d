// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are mapped without the page cache (DAX).  The file system may have
 * to take such pages back, so they cannot be pinned for long; and their count
 * starts at one and is dropped by way of the device.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"

FIXTURE(dax)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(dax)
{
	int take;
};

FIXTURE_SETUP(dax)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, DAX, true));
}

FIXTURE_TEARDOWN(dax)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(dax, fast) { .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(dax, slow) { .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(dax, unlocked) { .take = GUP_HOLD_PIN_UNLOCKED };

/* Refusal, with EOPNOTSUPP, and nothing held, nor what seems so. */
TEST_F(dax, longterm_pin_is_refused)
{
	EXPECT_EQ(-EOPNOTSUPP, dev_take(&self->dev, &self->m, variant->take,
					GUP_HOLD_WRITE | GUP_HOLD_LONGTERM));
	EXPECT_EQ(0, self->dev.stale);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(-EOPNOTSUPP, dev_take(&self->dev, &self->m, variant->take,
					GUP_HOLD_LONGTERM));
	EXPECT_EQ(0, self->dev.stale);
	EXPECT_EQ(0, pins_held());
}

static int count_of(const void *addr)
{
	struct gup_hold_page page = { 0 };
	struct device dev;

	if (dev_open(&dev))
		return -1;
	if (dev_take_at(&dev, addr, 1, GUP_HOLD_GET_FAST, 0, 1) == 1)
		dev_ask(&dev, 0, 1, &page);
	dev_close(&dev);
	return page.count;
}

/* Coherent, and afterwards the page has the count that it had before. */
TEST_F(dax, short_pin_is_coherent_and_comes_back)
{
	int before = count_of(self->m.p);

	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, variant->take,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
	EXPECT_NE(before, count_of(self->m.p));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(before, count_of(self->m.p));
}

TEST_HARNESS_MAIN
