// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the engine below pin_user_pages*(): what a pin does to the
 * counts of a page, what it does to /proc/vmstat, and where it may not be.  The
 * rules they test stand in Documentation/core-api/pin_user_pages.rst.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page_pin.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "page_pin.h"
#include "page_pin_fork.h"
#include "page_pin_longterm.h"

/* Large enough for many tails, small enough to be had at any time. */
#define LARGE_ORDER	4
#define LARGE_NR	16

static struct page *test_page(struct kunit *test, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_ASSERT_EQ(test, page_ref_count(page), 1);
	return page;
}

/* A page that is freed with pins on it would hurt the tests after this one. */
static void test_page_free(struct kunit *test, struct page *page,
			   unsigned int order)
{
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_EQ(test, page_pin_count(page), 0U);
	if (page_pin_is_exact(page))
		atomic_set(page_pin_exact_count(page), 0);
	set_page_count(page, 1);
	__free_pages(page, order);
}

static bool refused(struct page *page, int refs)
{
	return !page_pin_grab(page, refs);
}

/* The counter over all nodes, with what CPUs have not folded in yet. */
static long vmstat_sum(enum node_stat_item item)
{
	struct pglist_data *pgdat;
	long sum = 0;

	for_each_online_pgdat(pgdat) {
		sum += node_page_state(pgdat, item);
#ifdef CONFIG_SMP
		{
			int cpu;

			for_each_online_cpu(cpu)
				sum += per_cpu_ptr(pgdat->per_cpu_nodestats,
						   cpu)->vm_node_stat_diff[item];
		}
#endif
	}
	return sum;
}

static void small_page_counts_by_bias(struct kunit *test)
{
	unsigned int order;

	for (order = 0; order <= 1; order++) {
		struct page *page = test_page(test, order);

		KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
		KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
		KUNIT_EXPECT_EQ(test, page_ref_count(page), 1 + 1024);
		KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
		KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
		KUNIT_EXPECT_EQ(test, page_ref_count(page), 1 + 2048);
		KUNIT_EXPECT_EQ(test, page_pin_count(page), 2U);

		page_pin_drop(page, 1);
		page_pin_drop(page, 1);
		KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
		test_page_free(test, page, order);
	}
}

static void large_page_counts_exactly(struct kunit *test)
{
	unsigned int order;

	for (order = 2; order <= LARGE_ORDER; order++) {
		struct page *page = test_page(test, order);

		KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 5), page);
		KUNIT_EXPECT_EQ(test, page_ref_count(page), 1 + 5);
		KUNIT_EXPECT_EQ(test, atomic_read(&page[2].hpage_pinned_refcount),
				5);
		KUNIT_EXPECT_EQ(test, page_pin_count(page), 5U);

		page_pin_drop(page, 4);
		KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
		page_pin_drop(page, 1);
		KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
		test_page_free(test, page, order);
	}
}

static void new_large_page_has_no_pins(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, LARGE_ORDER);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	/* What an earlier user of the third page may have left behind. */
	atomic_set(&page[2].hpage_pinned_refcount, 77);
	prep_compound_page(page, LARGE_ORDER);
	test_page_free(test, page, LARGE_ORDER);
}

static void tail_and_head_share_the_count(struct kunit *test)
{
	struct page *page = test_page(test, LARGE_ORDER);

	KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page + 3, 1), page);
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page + 7));
	KUNIT_EXPECT_EQ(test, page_ref_count(page + 3), 0);

	page_pin_drop(page, 1);
	test_page_free(test, page, LARGE_ORDER);
}

static void plain_references_are_no_pins(struct kunit *test)
{
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);

	page_ref_add(small, 1022);
	KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(small));
	/* The price of having no word of its own: a false positive. */
	page_ref_add(small, 1);
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(small));
	page_ref_sub(small, 1023);

	page_ref_add(large, 5000);
	KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(large));
	page_ref_sub(large, 5000);

	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

/* A page of the C library: in the page tables of many, and pinned by none. */
static void mappings_are_no_pins(struct kunit *test)
{
	struct page *page = test_page(test, 0);
	const int maps = 5000;

	page_ref_add(page, maps);
	atomic_add(maps, &page->_mapcount);
	KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
	/* With the one that this test has, these are 511. */
	page_ref_add(page, 510);
	KUNIT_EXPECT_FALSE(test, page_maybe_dma_pinned(page));
	page_ref_add(page, 1);
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));
	page_ref_sub(page, 511);
	KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
	KUNIT_EXPECT_EQ(test, page_pin_count(page), 1U);
	/* Half of a pin is left for mappings that come and go meanwhile. */
	atomic_add(511, &page->_mapcount);
	KUNIT_EXPECT_EQ(test, page_pin_count(page), 1U);
	/* More of them than references: the counts moved, so all may be pins. */
	atomic_add(10000, &page->_mapcount);
	KUNIT_EXPECT_TRUE(test, page_maybe_dma_pinned(page));

	page_pin_drop(page, 1);
	atomic_set(&page->_mapcount, -1);
	page_ref_sub(page, maps);
	test_page_free(test, page, 0);
}

static void pins_and_references_mix(struct kunit *test)
{
	unsigned int order;

	for (order = 0; order <= LARGE_ORDER; order += LARGE_ORDER) {
		struct page *page = test_page(test, order);
		int i;

		get_page(page);
		KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
		get_page(page);
		KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
		page_pin_drop(page, 1);
		for (i = 0; i < 2; i++)
			put_page(page);
		KUNIT_EXPECT_EQ(test, page_pin_count(page), 1U);
		page_pin_drop(page, 1);
		test_page_free(test, page, order);
	}
}

static void free_page_is_refused(struct kunit *test)
{
	struct page *page = test_page(test, 0);

	set_page_count(page, 0);
	KUNIT_EXPECT_TRUE(test, refused(page, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 0);

	set_page_count(page, -1);
	KUNIT_EXPECT_TRUE(test, refused(page, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), -1);

	set_page_count(page, 1);
	test_page_free(test, page, 0);
}

/* What a lockless walk can meet: see page_pin_reserve(). */
static void page_that_becomes_compound_is_refused(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, LARGE_ORDER);
	int weight;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_pin_reserve(page, 1, &weight), page);
	prep_compound_page(page, LARGE_ORDER);
	KUNIT_EXPECT_FALSE(test, page_pin_settle(page, page, 1, weight));
	page_pin_put_refs(page, weight);
	test_page_free(test, page, LARGE_ORDER);
}

static void page_that_leaves_its_head_is_refused(struct kunit *test)
{
	struct page *page = test_page(test, LARGE_ORDER);
	struct page *tail = page + 3;
	int weight;

	KUNIT_EXPECT_PTR_EQ(test, page_pin_reserve(tail, 1, &weight), page);
	clear_compound_head(tail);
	KUNIT_EXPECT_FALSE(test, page_pin_settle(tail, page, 1, weight));
	set_compound_head(tail, page);
	page_pin_put_refs(page, weight);
	test_page_free(test, page, LARGE_ORDER);
}

static void overflow_is_refused_on_the_sum(struct kunit *test)
{
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);

	set_page_count(small, INT_MAX - 1023);
	KUNIT_EXPECT_TRUE(test, refused(small, 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(small), INT_MAX - 1023);
	/* 2^22 times 1024 is 2^32, which is 0 in an int. */
	KUNIT_EXPECT_TRUE(test, refused(small, 1 << 22));
	KUNIT_EXPECT_EQ(test, page_ref_count(small), INT_MAX - 1023);
	set_page_count(small, INT_MAX - 1024);
	KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(small, 1), small);
	KUNIT_EXPECT_EQ(test, page_ref_count(small), INT_MAX);

	set_page_count(large, INT_MAX - 4);
	KUNIT_EXPECT_TRUE(test, refused(large, 5));
	KUNIT_EXPECT_EQ(test, page_ref_count(large), INT_MAX - 4);
	KUNIT_EXPECT_EQ(test, page_pin_count(large), 0U);
	KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(large, 4), large);
	KUNIT_EXPECT_EQ(test, page_pin_count(large), 4U);
	page_pin_drop(large, 4);

	set_page_count(small, 1);
	set_page_count(large, 1);
	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

static void two_million_pins_fit(struct kunit *test)
{
	/* 2^21 - 1: the first of the 2^21 steps belongs to our own reference. */
	const unsigned int most = (1U << 21) - 1;
	struct page *page = test_page(test, 0);
	unsigned int pins = 0;

	while (pins <= most && page_pin_grab(page, 1))
		pins++;
	KUNIT_EXPECT_EQ(test, pins, most);
	KUNIT_EXPECT_EQ(test, page_pin_count(page), most);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), (int)(most * 1024 + 1));

	for (; pins; pins--)
		page_pin_drop(page, 1);
	test_page_free(test, page, 0);
}

static void zero_page_is_left_alone(struct kunit *test)
{
	struct page *zero = ZERO_PAGE(0);
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	long released = vmstat_sum(NR_FOLL_PIN_RELEASED);
	struct page_range range = { .page = zero, .nr_pages = 1 };
	int refs = page_ref_count(zero);

	page_pin_acquired(page_pin_pages(&zero, 1), 1, 1, PAGE_PIN_SLOW);
	page_pin_release(page_pin_pages(&zero, 1));
	page_pin_release(page_pin_ranges(&range, 1));

	KUNIT_EXPECT_EQ(test, page_ref_count(zero), refs);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED), acquired);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_RELEASED), released);
}

static void another_pin_counts_like_the_first(struct kunit *test)
{
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	long released = vmstat_sum(NR_FOLL_PIN_RELEASED);
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);
	struct page *zero = ZERO_PAGE(0);
	struct page *pages[] = { small, zero, large, small, zero, large + 3 };
	int refs = page_ref_count(zero);

	page_pin_grab(small, 1);
	page_pin_grab(large, 1);
	page_pin_acquired(page_pin_pages(&small, 1), 1, 0, PAGE_PIN_FAST);
	page_pin_acquired(page_pin_pages(&large, 1), 1, 0, PAGE_PIN_FAST);

	KUNIT_EXPECT_TRUE(test, page_pin_again(small));
	KUNIT_EXPECT_TRUE(test, page_pin_again(large + 3));
	KUNIT_EXPECT_TRUE(test, page_pin_again(zero));
	KUNIT_EXPECT_EQ(test, page_pin_count(small), 2U);
	KUNIT_EXPECT_EQ(test, page_pin_count(large), 2U);
	KUNIT_EXPECT_EQ(test, page_ref_count(zero), refs);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED), acquired + 4);

	page_pin_release(page_pin_pages(pages, ARRAY_SIZE(pages)));
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_RELEASED), released + 4);
	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

static void another_pin_is_refused_when_full(struct kunit *test)
{
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	struct page *page = test_page(test, 0);

	set_page_count(page, INT_MAX - 1023);
	KUNIT_EXPECT_FALSE(test, page_pin_again(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), INT_MAX - 1023);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED), acquired);

	set_page_count(page, 1);
	test_page_free(test, page, 0);
}

static void abandoned_pin_is_not_counted(struct kunit *test)
{
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	long released = vmstat_sum(NR_FOLL_PIN_RELEASED);
	struct page *page = test_page(test, 0);

	KUNIT_EXPECT_PTR_EQ(test, page_pin_grab(page, 1), page);
	page_pin_drop(page, 1);

	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED), acquired);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_RELEASED), released);
	test_page_free(test, page, 0);
}

/* small, zero page, all of large, small again, two parts of large */
#define MIXED_NR	(1 + 1 + LARGE_NR + 1 + 2)

/* Entries that share a compound page have one count, if in order or not. */
static void parts_of_a_page_go_together(struct kunit *test)
{
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);
	struct page *pages[] = { large + 2, large + 3, large, large, small,
				 large + LARGE_NR - 1, small };
	const unsigned long runs[] = { 4, 1, 1, 1 };
	struct page_pin_set set = page_pin_pages(pages, ARRAY_SIZE(pages));
	unsigned long run;
	int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		KUNIT_ASSERT_NE(test, set.nr, 0UL);
		KUNIT_EXPECT_PTR_EQ(test, page_pin_next(&set, &run),
				    i & 1 ? small : large);
		KUNIT_EXPECT_EQ(test, run, runs[i]);
	}
	KUNIT_EXPECT_EQ(test, set.nr, 0UL);
	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

/* A range may begin and end anywhere, and go over more than one page. */
static void range_is_many_pins(struct kunit *test)
{
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	long released = vmstat_sum(NR_FOLL_PIN_RELEASED);
	struct page *small = test_page(test, 0);
	struct page *block = alloc_pages(GFP_KERNEL, LARGE_ORDER + 1);
	struct page_range ranges[] = {
		{ .page = block + LARGE_NR - 1, .nr_pages = 3 },
		{ .page = small, .nr_pages = 1 },
	};
	struct page_pin_set set = page_pin_ranges(ranges, ARRAY_SIZE(ranges));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, block);
	/* Two neighbours. */
	split_page(block, LARGE_ORDER + 1);
	prep_compound_page(block, LARGE_ORDER);
	prep_compound_page(block + LARGE_NR, LARGE_ORDER);

	page_pin_grab(block, 1);
	page_pin_grab(block + LARGE_NR, 2);
	page_pin_grab(small, 1);
	page_pin_acquired(set, 4, 0, PAGE_PIN_SLOW);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED), acquired + 4);

	page_pin_dirty(set);
	KUNIT_EXPECT_TRUE(test, PageDirty(block));
	KUNIT_EXPECT_TRUE(test, PageDirty(block + LARGE_NR));
	KUNIT_EXPECT_TRUE(test, PageDirty(small));
	ClearPageDirty(block);
	ClearPageDirty(block + LARGE_NR);
	ClearPageDirty(small);

	page_pin_release(set);
	KUNIT_EXPECT_EQ(test, page_pin_count(block), 0U);
	KUNIT_EXPECT_EQ(test, page_pin_count(block + LARGE_NR), 0U);
	KUNIT_EXPECT_EQ(test, page_pin_count(small), 0U);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_RELEASED), released + 4);
	test_page_free(test, small, 0);
	test_page_free(test, block, LARGE_ORDER);
	test_page_free(test, block + LARGE_NR, LARGE_ORDER);
}

/* Many threads share that word, so it is not written without need. */
static void mm_is_marked_only_once(struct kunit *test)
{
	struct mm_struct *mm = kunit_kzalloc(test, sizeof(*mm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	page_pin_mark_mm(mm);
	KUNIT_EXPECT_EQ(test, mm->has_pinned, 1U);
	mm->has_pinned = 2;
	page_pin_mark_mm(mm);
	KUNIT_EXPECT_EQ(test, mm->has_pinned, 2U);
}

static void release_counts_every_base_page_once(struct kunit *test)
{
	long acquired = vmstat_sum(NR_FOLL_PIN_ACQUIRED);
	long released = vmstat_sum(NR_FOLL_PIN_RELEASED);
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);
	struct page *pages[MIXED_NR];
	int i, nr = 0;

	pages[nr++] = small;
	pages[nr++] = ZERO_PAGE(0);
	for (i = 0; i < LARGE_NR; i++)
		pages[nr++] = large + i;
	pages[nr++] = small;
	pages[nr++] = large + 5;
	pages[nr++] = large;
	KUNIT_ASSERT_EQ(test, nr, MIXED_NR);

	for (i = 0; i < nr; i++)
		if (!page_pin_exempt(pages[i]))
			page_pin_grab(pages[i], 1);
	page_pin_acquired(page_pin_pages(pages, nr), nr, 1, PAGE_PIN_SLOW);
	KUNIT_EXPECT_EQ(test, page_pin_count(small), 2U);
	KUNIT_EXPECT_EQ(test, page_pin_count(large), LARGE_NR + 2U);
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_ACQUIRED) - acquired,
			(long)nr - 1);

	page_pin_release(page_pin_pages(pages, nr));
	KUNIT_EXPECT_EQ(test, vmstat_sum(NR_FOLL_PIN_RELEASED) - released,
			(long)nr - 1);
	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

static void dirty_release_marks_the_head(struct kunit *test)
{
	struct page *small = test_page(test, 0);
	struct page *large = test_page(test, LARGE_ORDER);
	struct page *pages[] = { small, large + 1, large + 2, ZERO_PAGE(0) };

	page_pin_dirty(page_pin_pages(pages, ARRAY_SIZE(pages)));
	KUNIT_EXPECT_TRUE(test, PageDirty(small));
	KUNIT_EXPECT_TRUE(test, PageDirty(large));
	KUNIT_EXPECT_FALSE(test, PageDirty(ZERO_PAGE(0)));

	ClearPageDirty(small);
	ClearPageDirty(large);
	test_page_free(test, small, 0);
	test_page_free(test, large, LARGE_ORDER);
}

#ifdef CONFIG_MEMORY_ISOLATION
static void set_block(struct page *page, int migratetype, int isolated)
{
	struct zone *zone = page_zone(page);

	spin_lock_irq(&zone->lock);
	set_pageblock_migratetype(page, migratetype);
	zone->nr_isolate_pageblock += isolated;
	spin_unlock_irq(&zone->lock);
}

/* The largest page that can be had: of two blocks on most machines. */
static void longterm_pin_looks_at_all_blocks(struct kunit *test)
{
	const unsigned int order = MAX_ORDER - 1;
	struct page *page = test_page(test, order);
	struct page *last = nth_page(page, (1UL << order) - pageblock_nr_pages);
	int __maybe_unused first_type = get_pageblock_migratetype(page);
	int last_type = get_pageblock_migratetype(last);

	KUNIT_EXPECT_TRUE(test, page_pin_longterm_allowed(page));

	/* Somebody is about to unplug its end. */
	set_block(last, MIGRATE_ISOLATE, 1);
	KUNIT_EXPECT_FALSE(test, page_pin_longterm_allowed(page));
	set_block(last, last_type, -1);
	KUNIT_EXPECT_TRUE(test, page_pin_longterm_allowed(page));

#ifdef CONFIG_CMA
	set_block(page, MIGRATE_CMA, 0);
	KUNIT_EXPECT_FALSE(test, page_pin_longterm_allowed(page));
	set_block(page, first_type, 0);
	KUNIT_EXPECT_TRUE(test, page_pin_longterm_allowed(page));
#endif
	test_page_free(test, page, order);
}
#endif

static struct kunit_case page_pin_test_cases[] = {
	KUNIT_CASE(small_page_counts_by_bias),
	KUNIT_CASE(large_page_counts_exactly),
	KUNIT_CASE(new_large_page_has_no_pins),
	KUNIT_CASE(tail_and_head_share_the_count),
	KUNIT_CASE(plain_references_are_no_pins),
	KUNIT_CASE(mappings_are_no_pins),
	KUNIT_CASE(pins_and_references_mix),
	KUNIT_CASE(free_page_is_refused),
	KUNIT_CASE(page_that_becomes_compound_is_refused),
	KUNIT_CASE(page_that_leaves_its_head_is_refused),
	KUNIT_CASE(overflow_is_refused_on_the_sum),
	KUNIT_CASE(two_million_pins_fit),
	KUNIT_CASE(zero_page_is_left_alone),
	KUNIT_CASE(another_pin_counts_like_the_first),
	KUNIT_CASE(another_pin_is_refused_when_full),
	KUNIT_CASE(abandoned_pin_is_not_counted),
	KUNIT_CASE(parts_of_a_page_go_together),
	KUNIT_CASE(range_is_many_pins),
	KUNIT_CASE(mm_is_marked_only_once),
	KUNIT_CASE(release_counts_every_base_page_once),
	KUNIT_CASE(dirty_release_marks_the_head),
#ifdef CONFIG_MEMORY_ISOLATION
	KUNIT_CASE(longterm_pin_looks_at_all_blocks),
#endif
	{}
};

static struct kunit_suite page_pin_test_suite = {
	.name = "page_pin",
	.test_cases = page_pin_test_cases,
};

kunit_test_suite(page_pin_test_suite);

MODULE_LICENSE("GPL");
