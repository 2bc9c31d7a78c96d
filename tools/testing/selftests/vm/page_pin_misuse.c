// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes of drivers.  The kernel says so once, with a warning on the console
 * that is expected here, refuses, and goes on.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"

FIXTURE(misuse)
{
	struct memory m;
	struct device dev;
};

FIXTURE_SETUP(misuse)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
}

FIXTURE_TEARDOWN(misuse)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

static int misuse(struct _test_data_misuse *self, __u32 what, __u32 id)
{
	struct gup_hold_misuse arg = {
		.what = what,
		.id = id,
		.addr = (uintptr_t)self->m.p,
	};
	int ret = ioctl(self->dev.fd, GUP_HOLD_MISUSE, &arg);

	return ret < 0 ? -errno : ret;
}

/* FOLL_PIN is set by pin_user_pages*() and by nobody else. */
TEST_F(misuse, get_with_foll_pin_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_GET_FOLL_PIN, 0));
}

TEST_F(misuse, get_fast_with_foll_pin_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_GET_FAST_FOLL_PIN, 0));
}

/* What is kept for long has to be pinned. */
TEST_F(misuse, get_with_foll_longterm_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_GET_LONGTERM, 0));
}

TEST_F(misuse, get_fast_with_foll_longterm_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_GET_FAST_LONGTERM, 0));
}

TEST_F(misuse, pin_with_foll_pin_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_PIN_FOLL_PIN, 0));
}

/* A pin is no reference. */
TEST_F(misuse, pin_with_foll_get_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_PIN_FOLL_GET, 0));
}

TEST_F(misuse, pin_fast_with_foll_get_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_PIN_FAST_FOLL_GET, 0));
}

/* A pin that nobody knows of could never be given back. */
TEST_F(misuse, pin_without_pages_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_PIN_NO_PAGES, 0));
}

TEST_F(misuse, pin_fast_without_pages_is_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_PIN_FAST_NO_PAGES, 0));
}

TEST_F(misuse, ranges_without_room_are_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_RANGES_NO_ROOM, 0));
}

TEST_F(misuse, ranges_of_null_are_refused)
{
	EXPECT_EQ(-EINVAL, misuse(self, GUP_HOLD_RANGES_NULL, 0));
}

/* An errno is no number of pages. */
TEST_F(misuse, unpin_of_an_error_does_nothing)
{
	EXPECT_EQ(0, misuse(self, GUP_HOLD_UNPIN_ERROR, 0));
	EXPECT_EQ(0, pins_held());
}

/*
 * A plain reference is not given back as a pin: kernels built to find bugs keep
 * it and leave the page alone. Others have no way to know, and are not asked.
 */
TEST_F(misuse, unpin_of_get_leaves_the_page_alone)
{
	struct gup_hold_page before = { 0 }, after = { 0 };
	int ret;

	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_GET_FAST,
				 0, 1));
	ASSERT_EQ(0, dev_ask(&self->dev, 0, 1, &before));
	ret = misuse(self, GUP_HOLD_UNPIN_OF_GET, self->dev.id);
	if (ret == -EOPNOTSUPP)
		SKIP_CASE("the kernel is built without CONFIG_DEBUG_VM");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, dev_ask(&self->dev, 0, 1, &after));
	EXPECT_EQ(before.count, after.count);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, cpu_check(&self->m, 0));
}

TEST_HARNESS_MAIN
