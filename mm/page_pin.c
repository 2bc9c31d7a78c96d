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

/* How many of the first entries, at least one, lie on the same node. */
static unsigned long page_pin_same_node(struct page **pages, unsigned long nr)
{
	unsigned long i;

	if (!IS_ENABLED(CONFIG_NUMA))
		return nr;

	for (i = 1; i < nr; i++)
		if (page_to_nid(pages[i]) != page_to_nid(pages[0]))
			break;
	return i;
}

/*
 * How many of the first entries, at least one, are parts of the compound page
 * @head, to which the first one belongs.  A small page is always on its own.
 */
static unsigned long page_pin_run(struct page **pages, unsigned long nr,
				  struct page *head)
{
	unsigned long i;

	if (!PageHead(head))
		return 1;

	for (i = 1; i < nr; i++)
		if (compound_head(pages[i]) != head)
			break;
	/* References are counted in an int. */
	return min_t(unsigned long, i, INT_MAX / GUP_PIN_COUNTING_BIAS);
}

/**
 * page_pin_acquired() - count pins that are handed to a caller
 * @pages: the pages, none of them exempt
 * @nr: number of entries in @pages, which is the number of pins
 * @walk: PAGE_PIN_FAST or PAGE_PIN_SLOW, the event they are counted as
 *
 * Context: Any, also with interrupts off.
 */
void page_pin_acquired(struct page **pages, unsigned long nr,
		       enum vm_event_item walk)
{
	count_vm_events(walk, nr);
	while (nr) {
		unsigned long same = page_pin_same_node(pages, nr);

		mod_node_page_state(page_pgdat(pages[0]), NR_FOLL_PIN_ACQUIRED,
				    same);
		pages += same;
		nr -= same;
	}
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
 * Context: Any, also with interrupts off.
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
	page_pin_acquired(&page, 1, PAGE_PIN_FAST);
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

/**
 * page_pin_drop_all() - give many pins back, uncounted
 * @pages: the pages, exempt ones are passed over
 * @nr: number of entries in @pages
 *
 * Context: Any where put_page() may be called.
 * Return: how many of the entries had no pin to give back.
 */
unsigned long page_pin_drop_all(struct page **pages, unsigned long nr)
{
	unsigned long run, kept = 0;

	for (; nr; pages += run, nr -= run) {
		struct page *head = compound_head(pages[0]);

		run = page_pin_run(pages, nr, head);
		if (page_pin_exempt(head) || !page_pin_is_held(head, run))
			kept += run;
		else
			page_pin_drop(head, run);
	}
	return kept;
}

/**
 * page_pin_release() - give pins back and count them as released
 * @pages: the pages, exempt ones are passed over
 * @nr: number of entries in @pages, which is the number of pins
 *
 * The last pin may free its page, and the memory may be gone right after: its
 * node is looked up, and the counter is moved, while all the pins are still
 * there. Entries that turn out to have no pin are taken off the counter again;
 * their pages go nowhere.
 *
 * Context: Any where put_page() may be called.
 */
void page_pin_release(struct page **pages, unsigned long nr)
{
	while (nr) {
		unsigned long kept, same = page_pin_same_node(pages, nr);
		struct pglist_data *pgdat = page_pgdat(pages[0]);

		mod_node_page_state(pgdat, NR_FOLL_PIN_RELEASED, same);
		kept = page_pin_drop_all(pages, same);
		if (unlikely(kept))
			mod_node_page_state(pgdat, NR_FOLL_PIN_RELEASED,
					    -(long)kept);
		pages += same;
		nr -= same;
	}
}

/**
 * page_pin_dirty() - mark pinned pages dirty, each compound page once
 * @pages: the pages, pinned by the caller
 * @nr: number of entries in @pages
 *
 * A page that is dirty already is left alone, without its lock. Writeback may
 * clean it at that very moment, and then has this page's data still to write:
 * it clears the bit first and reads the page later.
 *
 * Context: Process context, takes the lock of clean pages and may sleep.
 */
void page_pin_dirty(struct page **pages, unsigned long nr)
{
	unsigned long run;

	for (; nr; pages += run, nr -= run) {
		struct page *head = compound_head(pages[0]);

		run = page_pin_run(pages, nr, head);
		if (!page_pin_exempt(head) && !PageDirty(head))
			set_page_dirty_lock(head);
	}
}
