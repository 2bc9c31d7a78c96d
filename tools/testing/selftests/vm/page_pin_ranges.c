// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins by range: how many ranges memory of each kind makes, what happens when
 * they are used up, and that nothing is lost on the way.  What all variants of
 * pin_user_pages*() have in common is asked of ranges in page_pin_api.c.
 */
#include "page_pin.h"
#include "page_pin_memory.h"

/*
 * One page of each size
 */

FIXTURE(one)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(one)
{
	int take;
	enum memory_kind kind;
};

FIXTURE_SETUP(one)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, variant->kind, false));
}

FIXTURE_TEARDOWN(one)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(one, thp_fast) {
	.take = GUP_HOLD_RANGES_FAST, .kind = THP };
FIXTURE_VARIANT_ADD(one, thp_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .kind = THP };
FIXTURE_VARIANT_ADD(one, thp_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .kind = THP };
FIXTURE_VARIANT_ADD(one, thp_by_pte_fast) {
	.take = GUP_HOLD_RANGES_FAST, .kind = THP_BY_PTE };
FIXTURE_VARIANT_ADD(one, thp_by_pte_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .kind = THP_BY_PTE };
FIXTURE_VARIANT_ADD(one, thp_by_pte_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .kind = THP_BY_PTE };
FIXTURE_VARIANT_ADD(one, hugetlb_2m_fast) {
	.take = GUP_HOLD_RANGES_FAST, .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(one, hugetlb_2m_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(one, hugetlb_2m_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(one, hugetlb_1g_fast) {
	.take = GUP_HOLD_RANGES_FAST, .kind = HUGETLB_1G };
FIXTURE_VARIANT_ADD(one, hugetlb_1g_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .kind = HUGETLB_1G };
FIXTURE_VARIANT_ADD(one, hugetlb_1g_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .kind = HUGETLB_1G };

/* However large, it is one range, and so are the parts of it. */
TEST_F(one, huge_page_is_one_range)
{
	struct memory *m = &self->m;
	int nr = m->size / PAGE;

	ASSERT_EQ(nr, dev_take(&self->dev, m, variant->take, GUP_HOLD_WRITE));
	EXPECT_EQ(1, self->dev.ranges);
	EXPECT_EQ(nr, pins_held());
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
	ASSERT_EQ(0, dev_give_some(&self->dev, 1, nr - 2, GUP_HOLD_DIRTY));
	EXPECT_EQ(2, pins_held());
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, pins_held());

	/* It begins and ends within. */
	ASSERT_EQ(nr - 5, dev_take_at(&self->dev, m->p + 2 * PAGE, nr - 5,
				      variant->take, GUP_HOLD_WRITE, 1));
	EXPECT_EQ(1, self->dev.ranges);
	EXPECT_EQ(nr - 5, pins_held());
}

/* As a whole, which reclaim has to know, by the walk without the lock. */
TEST(huge_page_is_referenced)
{
	static const enum memory_kind kind[] = { THP, THP_BY_PTE };
	static const int take[] = { GUP_HOLD_PIN_FAST, GUP_HOLD_RANGES_FAST };
	struct device dev;
	struct memory m;
	int i, nr;

	SKIP_IF(dev_open(&dev));
	for (i = 0; i < 4; i++) {
		SKIP_IF(memory_map(&m, kind[i / 2], false));
		ASSERT_EQ(0, file_write("/proc/self/clear_refs", "1"));
		ASSERT_EQ(0, pages_referenced(m.p, 1));
		nr = i % 2 ? m.size / PAGE : 1;
		ASSERT_EQ(nr, dev_take_at(&dev, m.p, nr, take[i % 2], 0, 1));
		EXPECT_EQ(1, pages_referenced(m.p, 1));
		ASSERT_EQ(0, dev_give(&dev, 0));
		memory_unmap(&m);
	}
	dev_close(&dev);
}

/*
 * Much memory
 */

FIXTURE(many)
{
	struct device dev, other;
	char *p;
};

FIXTURE_VARIANT(many)
{
	int take;
};

/* More than a walk without a lock does in one go. */
#define MANY_SIZE	(40 * MB)
#define MANY_PAGES	((int)(MANY_SIZE / PAGE))

FIXTURE_SETUP(many)
{
	size_t off;

	SKIP_IF(dev_open(&self->dev));
	SKIP_IF(dev_open(&self->other));
	ASSERT_EQ(0, pins_left());
	self->p = mmap(NULL, MANY_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->p);
	madvise(self->p, MANY_SIZE, MADV_NOHUGEPAGE);
	/* Some are next to each other in memory, and some are not. */
	for (off = 0; off < MANY_SIZE; off += 3 * PAGE)
		self->p[off] = 1;
	for (off = 0; off < MANY_SIZE; off += PAGE)
		self->p[off] = 1;
}

FIXTURE_TEARDOWN(many)
{
	dev_close(&self->dev);
	dev_close(&self->other);
	munmap(self->p, MANY_SIZE);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(many, fast) { .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(many, slow) { .take = GUP_HOLD_RANGES_SLOW };

/* How many pages of two holds differ, from the first one on. */
static int different(struct device *a, struct device *b, int nr)
{
	struct gup_hold_page x, y;
	int i, wrong = 0;

	for (i = 0; i < nr; i++)
		wrong += dev_ask(a, i, 1, &x) || dev_ask(b, i, 1, &y) ||
			 x.pfn != y.pfn;
	return wrong;
}

/* Each page is there once, and where an array of pages has it. */
TEST_F(many, small_pages_are_all_there)
{
	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->dev, self->p, MANY_PAGES,
					  variant->take, GUP_HOLD_WRITE, 2));
	EXPECT_EQ(2, self->dev.taken);
	EXPECT_EQ(0, self->dev.last);
	EXPECT_LT(1, self->dev.ranges);
	EXPECT_EQ(2 * MANY_PAGES, pins_held());
	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->other, self->p, MANY_PAGES,
					  GUP_HOLD_PIN_SLOW, GUP_HOLD_WRITE,
					  1));
	EXPECT_EQ(0, different(&self->dev, &self->other, MANY_PAGES));
}

/*
 * The walk without the lock lets interrupts in after so many page tables. That is
 * not the end of it: no page is left to the walk with the lock.
 */
#define TABLES_AT_ONCE	16

TEST_F(many, pause_is_not_the_end)
{
	bool fast = variant->take == GUP_HOLD_RANGES_FAST;
	long by_fast = vmstat_of("foll_pin_fast");
	long by_slow = vmstat_of("foll_pin_slow");
	long backoff = vmstat_of("foll_pin_backoff");

	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->dev, self->p, MANY_PAGES,
					  variant->take, GUP_HOLD_WRITE, 1));
	EXPECT_EQ(fast ? MANY_PAGES : 0, vmstat_of("foll_pin_fast") - by_fast);
	EXPECT_EQ(fast ? 0 : MANY_PAGES, vmstat_of("foll_pin_slow") - by_slow);
	EXPECT_EQ(0, vmstat_of("foll_pin_backoff") - backoff);
}

/* How many pages there are in the tables up to the first pause. */
static int pages_at_once(const char *p)
{
	uintptr_t begin = (uintptr_t)p & ~(2 * MB - 1);

	return (begin + TABLES_AT_ONCE * 2 * MB - (uintptr_t)p) / PAGE;
}

/* A hole around the pause: what is before it, and where an array has it. */
TEST_F(many, hole_at_the_pause_ends_it)
{
	int i, nr = pages_at_once(self->p) + 2;

	for (i = 0; i < 4; i++, nr--) {
		ASSERT_EQ(0, munmap(self->p + nr * PAGE, PAGE));
		ASSERT_EQ(nr, dev_take_at(&self->dev, self->p, MANY_PAGES,
					  variant->take, GUP_HOLD_WRITE, 1));
		EXPECT_EQ(nr, pins_held());
		ASSERT_EQ(nr, dev_take_at(&self->other, self->p, MANY_PAGES,
					  GUP_HOLD_PIN_FAST, GUP_HOLD_WRITE,
					  1));
		EXPECT_EQ(0, different(&self->dev, &self->other, nr));
		ASSERT_EQ(0, dev_give(&self->other, 0));
		ASSERT_EQ(0, dev_give(&self->dev, 0));
		EXPECT_EQ(0, pins_held());
	}
}

/* Nothing is there from the pause on, and it is faulted in. */
TEST_F(many, rest_is_missing_at_the_pause)
{
	int nr = pages_at_once(self->p);

	ASSERT_EQ(0, madvise(self->p + nr * PAGE, MANY_SIZE - nr * PAGE,
			     MADV_DONTNEED));
	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->dev, self->p, MANY_PAGES,
					  variant->take, GUP_HOLD_WRITE, 1));
	EXPECT_EQ(MANY_PAGES, pins_held());
	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->other, self->p, MANY_PAGES,
					  GUP_HOLD_PIN_FAST, GUP_HOLD_WRITE,
					  1));
	EXPECT_EQ(0, different(&self->dev, &self->other, MANY_PAGES));
}

/* A page is missing, far in: the others are there, and it is faulted in. */
TEST_F(many, missing_page_is_faulted_in)
{
	ASSERT_EQ(0, madvise(self->p + 37 * MB, PAGE, MADV_DONTNEED));
	ASSERT_EQ(MANY_PAGES, dev_take_at(&self->dev, self->p, MANY_PAGES,
					  variant->take, GUP_HOLD_WRITE, 1));
	EXPECT_EQ(MANY_PAGES, pins_held());
}

/* A hole, far in: what is before it. */
TEST_F(many, hole_ends_it)
{
	ASSERT_EQ(0, munmap(self->p + 37 * MB, PAGE));
	ASSERT_EQ(37 * MB / PAGE,
		  dev_take_at(&self->dev, self->p, MANY_PAGES, variant->take,
			      GUP_HOLD_WRITE, 1));
	EXPECT_EQ(37 * MB / PAGE, pins_held());
}

/*
 * Few ranges: memory that shows one small page over and over has a range for
 * each time, and after that comes a huge page
 */

FIXTURE(few)
{
	struct device dev;
	char *area, *p;		/* p: the first one of the small pages */
};

FIXTURE_VARIANT(few)
{
	int take;
	bool hugetlb;
};

#define SMALL		6
#define FEW_AREA	(4 * MB)

FIXTURE_SETUP(few)
{
	int i, fd, flags = variant->hugetlb ? MAP_HUGETLB : 0;
	uintptr_t huge;

	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	self->area = mmap(NULL, 2 * FEW_AREA, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->area);
	huge = ((uintptr_t)self->area + 4 * MB) & ~(2 * MB - 1);
	self->p = (char *)huge - SMALL * PAGE;

	fd = memfd_create("few", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	for (i = 0; i < SMALL; i++)
		ASSERT_NE(MAP_FAILED,
			  mmap(self->p + i * PAGE, PAGE,
			       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			       fd, 0));
	close(fd);
	for (i = 0; i < SMALL; i++)
		self->p[i * PAGE] = 1;

	if (mmap((void *)huge, 2 * MB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0) ==
	    MAP_FAILED)
		SKIP_CASE("no free hugetlb page");
	madvise((void *)huge, 2 * MB, MADV_HUGEPAGE);
	*(char *)huge = 1;
	if (!variant->hugetlb && !is_thp((void *)huge))
		SKIP_CASE("no transparent huge page");
}

FIXTURE_TEARDOWN(few)
{
	dev_close(&self->dev);
	munmap(self->area, 2 * FEW_AREA);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(few, thp_fast) {
	.take = GUP_HOLD_RANGES_FAST, .hugetlb = false };
FIXTURE_VARIANT_ADD(few, thp_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .hugetlb = false };
FIXTURE_VARIANT_ADD(few, thp_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .hugetlb = false };
FIXTURE_VARIANT_ADD(few, hugetlb_fast) {
	.take = GUP_HOLD_RANGES_FAST, .hugetlb = true };
FIXTURE_VARIANT_ADD(few, hugetlb_slow) {
	.take = GUP_HOLD_RANGES_SLOW, .hugetlb = true };
FIXTURE_VARIANT_ADD(few, hugetlb_remote) {
	.take = GUP_HOLD_RANGES_REMOTE, .hugetlb = true };

/* The call ends where they are used up, and the next one goes on from there. */
TEST_F(few, what_fits_is_pinned)
{
	int i, flags = GUP_HOLD_WRITE | GUP_HOLD_FEW_RANGES;

	for (i = 0; i < SMALL; i += 2) {
		ASSERT_EQ(2, dev_take_at(&self->dev, self->p + i * PAGE,
					 SMALL + 512 - i, variant->take, flags,
					 1));
		EXPECT_EQ(2, self->dev.ranges);
		EXPECT_EQ(i + 2, pins_held());
	}
	ASSERT_EQ(512, dev_take_at(&self->dev, self->p + SMALL * PAGE, 512,
				   variant->take, flags, 1));
	EXPECT_EQ(1, self->dev.ranges);
	EXPECT_EQ(SMALL + 512, pins_held());
}

/* A huge page takes no more than the small one before it. */
TEST_F(few, huge_page_takes_the_last_one)
{
	ASSERT_EQ(1 + 512, dev_take_at(&self->dev,
				       self->p + (SMALL - 1) * PAGE, 1 + 512,
				       variant->take,
				       GUP_HOLD_WRITE | GUP_HOLD_FEW_RANGES, 1));
	EXPECT_EQ(2, self->dev.ranges);
	EXPECT_EQ(1 + 512, pins_held());
}

/* With room for all of them. */
TEST_F(few, each_has_its_range)
{
	ASSERT_EQ(SMALL + 512,
		  dev_take_at(&self->dev, self->p, SMALL + 512, variant->take,
			      GUP_HOLD_WRITE, 1));
	EXPECT_EQ(SMALL + 1, self->dev.ranges);
	EXPECT_EQ(SMALL + 512, pins_held());
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, pins_held());
}

TEST_HARNESS_MAIN
