// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting pins for /proc/vmstat, and giving many of them back at once.  How
 * one pin is taken and dropped stands in page_pin.h, and what pins are for in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/mmzone.h>
#include <linux/page_pin.h>
#include <linux/vmstat.h>

#include "page_pin.h"

/* Count all of @set as @item, once for each run of pages on the same node. */
void page_pin_count_set(struct page_pin_set set, enum node_stat_item item)
{
	struct pglist_data *pgdat = NULL;
	unsigned long run, same = 0;
	struct page *page;

	for (; set.nr; same += run) {
		page = page_pin_next(&set, &run);
		if (page_pgdat(page) == pgdat)
			continue;
		if (same)
			mod_node_page_state(pgdat, item, same);
		pgdat = page_pgdat(page);
		same = 0;
	}
	if (same)
		mod_node_page_state(pgdat, item, same);
}

/**
 * page_pin_again() - take one more pin on a page that has one
 * @page: the page, head or tail, of which the caller holds a pin
 *
 * For whoever splits what was pinned at once, and gives the parts back on their
 * own: two halves of a page that go to different places on a disk, say. The
 * process is not asked, nor can the page be another one by now. It counts like
 * the first pin, and is given back like it; the zero page is left alone, also
 * if it came from elsewhere.
 *
 * Context: Any but NMI, also with interrupts off.
 * Return: true if there is one more pin to give back, false if the count of the
 * page is full.
 */
bool page_pin_again(struct page *page)
{
	if (page_pin_exempt(page))
		return true;

	/* Without an MMU the zero page is one like any other. */
	VM_WARN_ON_ONCE_PAGE(IS_ENABLED(CONFIG_MMU) &&
			     !page_maybe_dma_pinned(page), page);

	if (unlikely(!page_pin_grab(page, 1))) {
		count_vm_event(PAGE_PIN_OVERFLOW);
		return false;
	}
	page_pin_acquired(page_pin_pages(&page, 1), 1, 0, PAGE_PIN_FAST);
	return true;
}
EXPORT_SYMBOL_GPL(page_pin_again);

/*
 * A plain reference that is given back as a pin would take 1024 from a page
 * that does not have them, and free it under its users.  Kernels that are
 * built to find bugs keep the page and say so.
 */
#ifdef CONFIG_DEBUG_VM
static bool page_pin_is_held(struct page *head, unsigned long refs)
{
	return !VM_WARN_ON_ONCE_PAGE(page_pin_count(head) < refs, head);
}
#else
static inline bool page_pin_is_held(struct page *head, unsigned long refs)
{
	return true;
}
#endif

/*
 * Give back @run pins of @page, or take them off the counter again if there are
 * none to give back.
 */
static __always_inline void page_pin_drop_run(struct page *page,
					      unsigned long run,
					      struct page *zero, bool counted)
{
	if (likely(!page_pin_is_zero(page, zero) && page_pin_is_held(page, run)))
		page_pin_drop(page, run);
	else if (counted)
		mod_node_page_state(page_pgdat(page), NR_FOLL_PIN_RELEASED,
				    -(long)run);
}

/* The same for a small page, which most of what is given back is. */
static __always_inline void page_pin_drop_small(struct page *page,
						struct page *zero)
{
	if (likely(!page_pin_is_zero(page, zero) && page_pin_is_held(page, 1)))
		page_pin_put_refs(page, GUP_PIN_COUNTING_BIAS);
	else
		page_pin_drop_run(page, 1, zero, true);
}

static void page_pin_drop_pages(struct page **pages, unsigned long nr)
{
	struct page *head, *zero = page_pin_zero_page();
	struct page **end = pages + nr;
	unsigned long run;

	while (pages != end) {
		struct page *page = *pages;

		if (unlikely(PageCompound(page))) {
			head = compound_head(page);
			run = page_pin_run(pages, end - pages, head);
			page_pin_drop_run(head, run, zero, true);
			pages += run;
			continue;
		}

		pages++;
		page_pin_drop_small(page, zero);
	}
}

static void page_pin_drop_ranges(const struct page_range *ranges,
				 unsigned long nr)
{
	struct page *page, *head, *next, *zero = page_pin_zero_page();
	unsigned long run, left;

	for (; nr; nr--, ranges++) {
		page = ranges->page;
		for (left = ranges->nr_pages; left; left -= run, page = next) {
			head = NULL;
			run = 1;
			if (unlikely(PageCompound(page))) {
				head = compound_head(page);
				run = min(left, page_pin_to_end(page, head));
			}
			/* Once this one is gone it tells nothing any more. */
			next = left > run ? nth_page(page, run) : NULL;
			if (unlikely(head))
				page_pin_drop_run(head, run, zero, true);
			else
				page_pin_drop_small(page, zero);
		}
	}
}

/**
 * page_pin_drop_all() - give many pins back, uncounted
 * @set: the pages, exempt ones are passed over
 *
 * Context: Any where put_page() may be called.
 */
void page_pin_drop_all(struct page_pin_set set)
{
	struct page *page, *zero = page_pin_zero_page();
	unsigned long run;

	while (set.nr) {
		page = page_pin_next(&set, &run);
		page_pin_drop_run(page, run, zero, false);
	}
}

/**
 * page_pin_release() - give pins back and count them as released
 * @set: the pages, exempt ones are passed over
 *
 * The last pin may free its page, and the memory may be gone right after: its
 * node is looked up, and the counter is moved, while all the pins are still
 * there. Entries that turn out to have no pin are taken off the counter again;
 * their pages go nowhere.
 *
 * Context: Any where put_page() may be called.
 */
void page_pin_release(struct page_pin_set set)
{
	unsigned long i, nr = 0;

	if (likely(set.pages)) {
		page_pin_count_nr(set, set.nr, NR_FOLL_PIN_RELEASED);
		page_pin_drop_pages(set.pages, set.nr);
		return;
	}

	for (i = 0; i < set.nr; i++)
		nr += set.ranges[i].nr_pages;
	page_pin_count_nr(set, nr, NR_FOLL_PIN_RELEASED);
	page_pin_drop_ranges(set.ranges, set.nr);
}

/* Pass over small pages that are dirty: no tail has that, nor a head only that. */
static __always_inline void page_pin_skip_dirty(struct page_pin_set *set)
{
	const unsigned long bits = 1UL << PG_head | 1UL << PG_dirty;
	struct page **pages = set->pages, **end = pages + set->nr;

	while (pages != end &&
	       (READ_ONCE((*pages)->flags) & bits) == 1UL << PG_dirty)
		pages++;
	set->pages = pages;
	set->nr = end - pages;
}

/**
 * page_pin_dirty() - mark pinned pages dirty, each compound page once
 * @set: the pages, pinned by the caller
 *
 * A page that is dirty already is left alone, without its lock. Writeback may
 * clean it at that very moment, and then has this page's data still to write:
 * it clears the bit first and reads the page later.
 *
 * Context: Process context, takes the lock of clean pages and may sleep.
 */
void page_pin_dirty(struct page_pin_set set)
{
	unsigned long run;
	struct page *head;

	for (;;) {
		if (set.pages)
			page_pin_skip_dirty(&set);
		if (!set.nr)
			break;
		head = page_pin_next(&set, &run);
		if (!PageDirty(head) && !page_pin_exempt(head))
			set_page_dirty_lock(head);
	}
}
