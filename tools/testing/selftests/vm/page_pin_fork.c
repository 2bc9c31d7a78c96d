// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork() with pinned memory.  The parent keeps the page that its device uses,
 * and the child gets a copy at once.  Without that the parent's next write
 * takes the parent to a new page and leaves the device with the old one.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"
#include "page_pin_uring.h"

/* io_uring takes plain references until it is converted. */
#define URING_PINS	1

/* What the memory holds at fork(), and what the others write to it later. */
enum seed { AT_FORK = 100, BY_PARENT, BY_CHILD, BY_DEVICE, AFTER };

FIXTURE(fork)
{
	struct memory m;
	struct device dev;
	struct uring uring;
	struct child child;
	bool by_uring;
};

FIXTURE_VARIANT(fork)
{
	enum memory_kind kind;
	bool shared;
	int take;
	int flags;
	bool uring;
	int one_page;		/* pin just this one, counted from the end */
};

static int device_write(struct _test_data_fork *self, __u64 seed)
{
	return self->by_uring ? uring_write(&self->uring, seed) :
				dev_write(&self->dev, seed);
}

static int device_check(struct _test_data_fork *self, __u64 seed)
{
	return self->by_uring ? uring_check(&self->uring, seed) :
				dev_check(&self->dev, seed);
}

static int take_one_page(struct _test_data_fork *self, int from_end, int kind,
			 int flags)
{
	self->dev.m = &self->m;
	self->dev.first = self->m.size - from_end * PAGE;
	return dev_take_at(&self->dev, self->m.p + self->dev.first, 1, kind,
			   flags, 1) - 1;
}

FIXTURE_SETUP(fork)
{
	self->by_uring = variant->uring;
	self->uring.fd = -1;
	self->uring.file = -1;
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	if (variant->uring && !URING_PINS)
		SKIP_CASE("io_uring does not pin");
	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	cpu_write(&self->m, AT_FORK);

	if (variant->uring) {
		SKIP_IF(uring_open(&self->uring));
		ASSERT_EQ(0, uring_take(&self->uring, &self->m));
	} else if (variant->one_page) {
		ASSERT_EQ(0, take_one_page(self, variant->one_page,
					   variant->take, variant->flags));
	} else {
		ASSERT_EQ(memory_pages(&self->m),
			  dev_take(&self->dev, &self->m, variant->take,
				   variant->flags));
	}
	ASSERT_EQ(0, child_fork(&self->child, &self->m));
}

FIXTURE_TEARDOWN(fork)
{
	child_end(&self->child);
	uring_close(&self->uring);
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

#define WRITABLE	.take = GUP_HOLD_PIN_FAST, .flags = GUP_HOLD_WRITE

FIXTURE_VARIANT_ADD(fork, anon) { .kind = ANON, WRITABLE };
FIXTURE_VARIANT_ADD(fork, anon_slow) {
	.kind = ANON, .take = GUP_HOLD_PIN_SLOW, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(fork, anon_longterm) {
	.kind = ANON, .take = GUP_HOLD_PIN_FAST,
	.flags = GUP_HOLD_WRITE | GUP_HOLD_LONGTERM };
FIXTURE_VARIANT_ADD(fork, anon_read_only) {
	.kind = ANON, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(fork, anon_uring) { .kind = ANON, .uring = true };
FIXTURE_VARIANT_ADD(fork, thp) { .kind = THP, WRITABLE };
FIXTURE_VARIANT_ADD(fork, thp_last_page) {
	.kind = THP, WRITABLE, .one_page = 2 };
FIXTURE_VARIANT_ADD(fork, thp_read_only) {
	.kind = THP, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(fork, thp_uring) { .kind = THP, .uring = true };
FIXTURE_VARIANT_ADD(fork, thp_by_pte) { .kind = THP_BY_PTE, WRITABLE };
FIXTURE_VARIANT_ADD(fork, hugetlb_2m) { .kind = HUGETLB_2M, WRITABLE };
FIXTURE_VARIANT_ADD(fork, hugetlb_2m_last_page) {
	.kind = HUGETLB_2M, WRITABLE, .one_page = 2 };
FIXTURE_VARIANT_ADD(fork, hugetlb_2m_read_only) {
	.kind = HUGETLB_2M, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(fork, hugetlb_2m_uring) {
	.kind = HUGETLB_2M, .uring = true };
FIXTURE_VARIANT_ADD(fork, hugetlb_1g) { .kind = HUGETLB_1G, WRITABLE };
FIXTURE_VARIANT_ADD(fork, memfd_private) { .kind = MEMFD, WRITABLE };
FIXTURE_VARIANT_ADD(fork, ext4_private) { .kind = EXT4, WRITABLE };
FIXTURE_VARIANT_ADD(fork, xfs_private) { .kind = XFS, WRITABLE };
FIXTURE_VARIANT_ADD(fork, anon_shared) {
	.kind = ANON, .shared = true, WRITABLE };
FIXTURE_VARIANT_ADD(fork, memfd_shared) {
	.kind = MEMFD, .shared = true, WRITABLE };
FIXTURE_VARIANT_ADD(fork, hugetlb_2m_shared) {
	.kind = HUGETLB_2M, .shared = true, WRITABLE };
FIXTURE_VARIANT_ADD(fork, ext4_shared) {
	.kind = EXT4, .shared = true, WRITABLE };
FIXTURE_VARIANT_ADD(fork, xfs_shared) {
	.kind = XFS, .shared = true, WRITABLE };

/*
 * Coherent. Private memory: parent and device see one another's writes while
 * the child lives, and the child sees what was there at fork(). Shared memory:
 * all three see the same.
 */
TEST_F(fork, parent_and_device_stay_together)
{
	struct memory *m = &self->m;

	cpu_write(m, BY_PARENT);
	EXPECT_EQ(0, device_check(self, BY_PARENT));
	EXPECT_EQ(0, child_do(&self->child, 'c',
			      m->shared ? BY_PARENT : AT_FORK));
	/* A device may write only what was pinned for that. */
	if (!variant->uring && !(variant->flags & GUP_HOLD_WRITE))
		return;
	EXPECT_EQ(0, device_write(self, BY_DEVICE));
	EXPECT_EQ(variant->one_page ? 2 : 0, cpu_check(m, BY_DEVICE));
	EXPECT_EQ(0, child_do(&self->child, 'c',
			      m->shared ? BY_DEVICE : AT_FORK));
	EXPECT_EQ(0, device_check(self, BY_DEVICE));
}

/*
 * Coherent. What the child writes to private memory, parent and device do not
 * see, then or when the child is gone; to shared memory, both do.
 */
TEST_F(fork, child_writes_to_a_page_of_its_own)
{
	struct memory *m = &self->m;
	enum seed seen = m->shared ? BY_CHILD : AT_FORK;

	EXPECT_EQ(0, child_do(&self->child, 'w', BY_CHILD));
	EXPECT_EQ(0, device_check(self, seen));
	EXPECT_EQ(0, cpu_check(m, seen));
	cpu_write(m, BY_PARENT);
	EXPECT_EQ(0, device_check(self, BY_PARENT));
	EXPECT_EQ(0, child_do(&self->child, 'c',
			      m->shared ? BY_PARENT : BY_CHILD));
}

/* Coherent: a child that unmaps the memory and exits takes nothing along. */
TEST_F(fork, coherent_when_the_child_is_gone)
{
	struct memory *m = &self->m;

	EXPECT_EQ(0, child_do(&self->child, 'u', 0));
	child_end(&self->child);
	self->child.pid = 0;
	EXPECT_EQ(0, device_check(self, AT_FORK));
	EXPECT_EQ(0, cpu_check(m, AT_FORK));
	cpu_write(m, AFTER);
	EXPECT_EQ(0, device_check(self, AFTER));
}

/*
 * What the other kinds of a pin and other orders do, on small pages
 */

FIXTURE(fork_order)
{
	struct memory m;
	struct device dev;
	struct child child;
};

FIXTURE_SETUP(fork_order)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
	cpu_write(&self->m, AT_FORK);
}

FIXTURE_TEARDOWN(fork_order)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* Coherent: a pin for writing that comes after fork() breaks COW. */
TEST_F(fork_order, pin_after_fork_gets_the_page_of_its_process)
{
	ASSERT_EQ(0, child_fork(&self->child, &self->m));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, BY_PARENT));
	EXPECT_EQ(0, child_do(&self->child, 'c', AT_FORK));
	child_end(&self->child);
}

/* Coherent: no fork() is one too many, and none of the children sees more. */
TEST_F(fork_order, many_children_one_after_the_other)
{
	int i;

	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	for (i = 0; i < 8; i++) {
		cpu_write(&self->m, AFTER + i);
		ASSERT_EQ(0, child_fork(&self->child, &self->m));
		EXPECT_EQ(0, dev_check(&self->dev, AFTER + i));
		EXPECT_EQ(0, incoherent(&self->dev, &self->m, 1000 + i));
		EXPECT_EQ(0, child_do(&self->child, 'c', AFTER + i));
		child_end(&self->child);
	}
}

/* Plain sharing is back when the pins are: fork() copies no more. */
TEST_F(fork_order, child_shares_pages_that_are_pinned_no_more)
{
	struct gup_hold_page page = { 0 };

	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	ASSERT_EQ(0, child_fork(&self->child, &self->m));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_GET_FAST,
				     0));
	EXPECT_EQ(0, dev_ask(&self->dev, 0, 1, &page));
	EXPECT_EQ(2, page.mapcount);
	child_end(&self->child);
}

/* And as long as they are pinned, they are not shared, pinned by a child or not. */
TEST_F(fork_order, child_does_not_share_pinned_pages)
{
	struct gup_hold_page page = { 0 };
	int i;

	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	ASSERT_EQ(0, child_fork(&self->child, &self->m));
	for (i = 0; i < NR_SMALL; i++) {
		EXPECT_EQ(0, dev_ask(&self->dev, i, 1, &page));
		EXPECT_EQ(1, page.mapcount);
	}
	child_end(&self->child);
}

/*
 * Coherent, or a clean refusal: a huge page of the child's own may be more than
 * there is. Then fork() fails with ENOMEM; it never takes the parent's.
 */
TEST_F(fork_order, no_huge_page_left_for_the_child)
{
	struct memory huge, rest;
	size_t off;
	int err;

	SKIP_IF(memory_map(&huge, HUGETLB_2M, false));
	cpu_write(&huge, AT_FORK);
	ASSERT_EQ(512, dev_take(&self->dev, &huge, GUP_HOLD_PIN_FAST,
				GUP_HOLD_WRITE));
	memset(&rest, 0, sizeof(rest));
	rest.fd = -1;
	rest.area_size = file_number("/proc/meminfo", "HugePages_Free") * 2 *
			 MB;
	ASSERT_NULL(map_area(&rest, MAP_HUGETLB | MAP_HUGE_2MB));
	madvise(rest.area, rest.area_size, MADV_DONTFORK);
	for (off = 0; off < rest.area_size; off += 2 * MB)
		rest.area[off] = 1;

	err = child_fork(&self->child, &huge);
	EXPECT_EQ(err ? ENOMEM : 0, err);
	munmap(rest.area, rest.area_size);
	EXPECT_EQ(0, dev_check(&self->dev, AT_FORK));
	EXPECT_EQ(0, incoherent(&self->dev, &huge, BY_PARENT));
	if (!err)
		child_end(&self->child);
	dev_give(&self->dev, 0);
	memory_unmap(&huge);
}

TEST_HARNESS_MAIN
