/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine below pin_user_pages*(): how one pin is taken and given back, and
 * how pins are counted in /proc/vmstat.  Private to mm/; drivers use what
 * Documentation/core-api/pin_user_pages.rst describes.
 *
 * Taking and counting are two things.  page_pin_grab() and page_pin_drop() move
 * pins on a page and count nothing, so a pin that is abandoned on an error path
 * leaves no trace.  What is handed to a caller counts as acquired, and what a
 * caller hands back counts as released: that is done for many pages at once,
 * by page_pin_batch_add() and page_pin_release().
 */
#ifndef _MM_PAGE_PIN_H
#define _MM_PAGE_PIN_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page_pin.h>
#include <linux/pgtable.h>
#include <linux/vmstat.h>

/*
 * The zero page belongs to nobody, never goes away, and never is written to.
 * Whoever may read memory may also ask for it without limit: it is handed out,
 * but never taken, never counted and never given back.
 */
static inline bool page_pin_exempt(struct page *page)
{
	/* Without an MMU there is none that could be mapped. */
	return IS_ENABLED(CONFIG_MMU) &&
	       unlikely(is_zero_pfn(page_to_pfn(page)));
}

/* What @refs pins add to _refcount. */
static inline int page_pin_weight(bool exact, int refs)
{
	return exact ? refs : refs * GUP_PIN_COUNTING_BIAS;
}

/* Drop @refs plain references at once, by way of the device for its pages. */
static inline void page_pin_put_refs(struct page *head, int refs)
{
	if (page_is_devmap_managed(head)) {
		if (refs > 1)
			page_ref_sub(head, refs - 1);
		put_devmap_managed_page(head);
	} else if (page_ref_sub_and_test(head, refs)) {
		__put_page(head);
	}
}

/**
 * page_pin_reserve() - take pins on a page that may change under us, part one
 * @page: the page to pin, head or tail
 * @refs: number of pins to take; more than one only on a compound page whose
 *	order is > 1
 * @weight: receives what was added to the _refcount of the head
 *
 * For a walk without a lock. Whatever is read before a reference is held is a
 * guess: the page may be split, or be freed and come back with another size.
 * Even with the reference held the guess may be wrong, as the allocator sets
 * the count of a new page before it makes a compound page of it:
 *
 *   CPU0: pins without a lock           CPU1: frees the page, allocates it anew
 *
 *   reads the pte
 *                                       clears the pte, frees the page
 *                                       set_page_refcounted(page)
 *   page_pin_reserve(): small, adds 1024
 *                                       prep_compound_page(page)
 *   pte has changed: puts 1024
 *
 * So the amount is remembered, and nothing but _refcount is touched until the
 * caller has seen that the page is still mapped where it was found. If it is,
 * page_pin_settle() has the last word; if not, page_pin_put_refs() takes
 * @weight off again.
 *
 * Context: Any, also with interrupts off.
 * Return: the head page, or NULL with nothing taken: the page was free, or its
 * count would have overflowed, or it is exempt.
 */
static __always_inline struct page *page_pin_reserve(struct page *page,
						     int refs, int *weight)
{
	struct page *head = compound_head(page);
	bool exact = page_pin_is_exact(head);

	/* More than a small page can hold: that is not what was mapped. */
	if (!exact && refs > INT_MAX / GUP_PIN_COUNTING_BIAS)
		return NULL;

	*weight = page_pin_weight(exact, refs);
	if (page_pin_exempt(head) || !page_ref_add_checked(head, *weight))
		return NULL;
	return head;
}

/**
 * page_pin_settle() - take pins on a page that may change under us, part two
 * @page: the page that was passed to page_pin_reserve()
 * @head: what that returned
 * @refs: number of pins, as before
 * @weight: what was added, as before
 *
 * The caller has seen that @page is in use, with the reference held: it can
 * neither be freed nor be split any more, and its shape is what it will be
 * until the pin is dropped. If that is what page_pin_reserve() took it for,
 * this is the place to choose the counter.
 *
 * page_ref_add_checked() in page_pin_reserve() is a full barrier, and orders
 * what was read before it and what is read here; it pairs with the one in
 * page_ref_freeze().
 *
 * Context: Any, also with interrupts off.
 * Return: true if the page is pinned. A lockless walk then looks at the entry a
 * last time if @weight is @refs, which is so if the pins are counted exactly:
 * that count has risen only now. False if the page has changed its shape; the
 * caller still holds @weight references on @head and has to put them.
 */
static __always_inline bool page_pin_settle(struct page *page,
					    struct page *head, int refs,
					    int weight)
{
	bool exact = page_pin_is_exact(head);

	if (unlikely(compound_head(page) != head ||
		     page_pin_weight(exact, refs) != weight))
		return false;

	if (exact) {
		atomic_add(refs, page_pin_exact_count(head));
		/* The entry is looked at again: see page_pin_came_first(). */
		smp_mb__after_atomic();
	}
	return true;
}

/**
 * page_pin_grab() - take pins on a page that is in use
 * @page: the page to pin, head or tail; it is mapped and the page table lock is
 *	held, or the caller has a reference
 * @refs: see page_pin_reserve()
 *
 * Nothing is counted in /proc/vmstat, see page_pin_batch_add().
 *
 * Context: Any.
 * Return: the head page that now has the pins, or NULL, see
 * page_pin_reserve().
 */
static inline struct page *page_pin_grab(struct page *page, int refs)
{
	int weight;
	struct page *head = page_pin_reserve(page, refs, &weight);

	if (head && unlikely(!page_pin_settle(page, head, refs, weight))) {
		page_pin_put_refs(head, weight);
		return NULL;
	}
	return head;
}

/**
 * page_pin_drop() - give pins back, uncounted
 * @head: head page that has the pins
 * @refs: number of pins to give back
 *
 * Undoes page_pin_grab(), or page_pin_reserve() and page_pin_settle(). The exact
 * count falls before the references do: when the last one goes, nobody may find
 * a pin on the page any more.
 *
 * Context: Any where put_page() may be called.
 */
static __always_inline void page_pin_drop(struct page *head, int refs)
{
	bool exact = page_pin_is_exact(head);

	if (exact)
		atomic_sub(refs, page_pin_exact_count(head));
	page_pin_put_refs(head, page_pin_weight(exact, refs));
}

/**
 * page_pin_try_grab() - take what a gup call is for
 * @page: a page that cannot go away: the page table lock is held
 * @flags: FOLL_PIN takes a pin, FOLL_GET a reference, neither of them nothing
 *
 * Context: Any.
 * Return: false if the count is full.
 */
static inline bool __must_check page_pin_try_grab(struct page *page,
						  unsigned int flags)
{
	if (flags & FOLL_GET)
		return try_get_page(page);
	if (flags & FOLL_PIN) {
		if (likely(page_pin_grab(page, 1)) || page_pin_exempt(page))
			return true;
		count_vm_event(PAGE_PIN_OVERFLOW);
		return false;
	}
	return true;
}

/*
 * Pins that await their entry in /proc/vmstat, all on the same node.  Lives on
 * the stack of whoever hands pages out, starts as { 0 } and must be flushed.
 */
struct page_pin_batch {
	struct pglist_data *pgdat;
	long nr;			/* base pages */
};

/* Enter what has been gathered as pins acquired, by the walk with the lock. */
static inline void page_pin_batch_flush(struct page_pin_batch *batch)
{
	if (batch->nr) {
		mod_node_page_state(batch->pgdat, NR_FOLL_PIN_ACQUIRED,
				    batch->nr);
		count_vm_events(PAGE_PIN_SLOW, batch->nr);
	}
	batch->nr = 0;
}

/**
 * page_pin_batch_add() - count pins as acquired, some time soon
 * @batch: where to gather them
 * @page: a page on which pins were taken, or an exempt one
 * @nr: number of base pages handed out, all of @page's node
 *
 * Context: Any; whoever owns @batch calls page_pin_batch_flush() before the
 * pages leave its hands.
 */
static inline void page_pin_batch_add(struct page_pin_batch *batch,
				      struct page *page, long nr)
{
	struct pglist_data *pgdat = page_pgdat(page);

	if (page_pin_exempt(page))
		return;
	if (batch->pgdat != pgdat) {
		page_pin_batch_flush(batch);
		batch->pgdat = pgdat;
	}
	batch->nr += nr;
}

unsigned long page_pin_drop_all(struct page **pages, unsigned long nr);
void page_pin_acquired(struct page **pages, unsigned long nr,
		       enum vm_event_item walk);
void page_pin_release(struct page **pages, unsigned long nr);
void page_pin_dirty(struct page **pages, unsigned long nr);

#endif /* _MM_PAGE_PIN_H */
