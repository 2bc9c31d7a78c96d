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
 * by page_pin_acquired() and page_pin_release().
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

/*
 * The same for a loop over many pages: @zero is page_pin_zero_page(), found once.
 * Where the zero page has several colours, they are looked up one by one.
 */
static inline bool page_pin_is_zero(struct page *page, struct page *zero)
{
#ifdef __HAVE_COLOR_ZERO_PAGE
	return page_pin_exempt(page);
#else
	return unlikely(page == zero);
#endif
}

/* Nobody's page is NULL, where there is none that could be mapped. */
static inline struct page *page_pin_zero_page(void)
{
	return IS_ENABLED(CONFIG_MMU) ? pfn_to_page(my_zero_pfn(0)) : NULL;
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
 * @page: the page to pin, head or tail; not an exempt one
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
 * count would have overflowed.
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
	return page_ref_add_checked(head, *weight) ? head : NULL;
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
 * page_pin_grab() - take pins on a page that stays what it is
 * @page: the page to pin, head or tail, not an exempt one; it is mapped and the
 *	page table lock is held, or the caller has a reference
 * @refs: see page_pin_reserve()
 *
 * Nothing is counted in /proc/vmstat, see page_pin_acquired().
 *
 * Context: Any.
 * Return: the head page that now has the pins, or NULL if its count would have
 * overflowed.
 */
static __always_inline struct page *page_pin_grab(struct page *page, int refs)
{
	struct page *head = compound_head(page);
	bool exact = page_pin_is_exact(head);

	/* As above: nobody asks for that, and it would not be what is added. */
	if (!exact && unlikely(refs > INT_MAX / GUP_PIN_COUNTING_BIAS))
		return NULL;
	if (unlikely(!page_ref_add_checked(head, page_pin_weight(exact, refs))))
		return NULL;
	if (exact)
		atomic_add(refs, page_pin_exact_count(head));
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
 * @refs: how many; see page_pin_reserve()
 * @flags: FOLL_PIN takes pins, FOLL_GET references, neither of them nothing
 *
 * An exempt page is to be left out with FOLL_PIN, which is up to the caller.
 *
 * Context: Any.
 * Return: false if the count is full.
 */
static __always_inline bool __must_check
page_pin_try_grab(struct page *page, int refs, unsigned int flags)
{
	if (flags & FOLL_GET) {
		page = compound_head(page);
		if (WARN_ON_ONCE(page_ref_count(page) <= 0))
			return false;
		page_ref_add(page, refs);
	} else if (flags & FOLL_PIN) {
		if (unlikely(!page_pin_grab(page, refs))) {
			count_vm_event(PAGE_PIN_OVERFLOW);
			return false;
		}
	}
	return true;
}

/*
 * Pages that somebody holds, in an array of pointers or one of ranges.  One of
 * the two is NULL.  It is passed by value: to go through it uses it up.
 */
struct page_pin_set {
	struct page **pages;
	const struct page_range *ranges;
	unsigned long nr;		/* entries */
	unsigned long offset;		/* base pages that are used up of ranges[0] */
};

static inline struct page_pin_set page_pin_pages(struct page **pages,
						 unsigned long nr)
{
	return (struct page_pin_set){ .pages = pages, .nr = nr };
}

static inline struct page_pin_set page_pin_ranges(const struct page_range *ranges,
						  unsigned long nr)
{
	return (struct page_pin_set){ .ranges = ranges, .nr = nr };
}

/* How many of the pages from @page to the end of its compound page @head. */
static inline unsigned long page_pin_to_end(struct page *page,
					    struct page *head)
{
	return compound_nr(head) - (page_to_pfn(page) - page_to_pfn(head));
}

/*
 * How many of the first entries, at least one, are parts of the compound page
 * @head, to which the first one belongs.  They come in order as a rule, which
 * can be told without a look at them.
 */
static inline unsigned long page_pin_run(struct page **pages, unsigned long nr,
					 struct page *head)
{
	/* Pages of two sections may have addresses that are next to each other. */
	const bool in_a_row = IS_ENABLED(CONFIG_FLATMEM) ||
			      IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP);
	struct page **end, **entry = pages, *page = pages[0];

	/* References are counted in an int. */
	nr = min_t(unsigned long, nr, INT_MAX / GUP_PIN_COUNTING_BIAS);
	end = pages + (in_a_row ? min(nr, page_pin_to_end(page, head)) : 1);
	entry++;
	page++;
	while (entry + 1 < end && entry[0] == page && entry[1] == page + 1) {
		entry += 2;
		page += 2;
	}
	for (; entry != pages + nr; entry++)
		if (compound_head(*entry) != head)
			break;
	return entry - pages;
}

/**
 * page_pin_next() - the next pages of a set that have one count
 * @set: what is left, which is not nothing
 * @run: receives how many base pages they are
 *
 * Context: Any.
 * Return: the page that counts for them. It is a small one and @run is 1, or it
 * is the head of all of them.
 */
static __always_inline struct page *page_pin_next(struct page_pin_set *set,
						  unsigned long *run)
{
	struct page *page, *head;
	unsigned long left;

	if (set->pages) {
		page = set->pages[0];
		head = page;
		*run = 1;
		if (unlikely(PageCompound(page))) {
			head = compound_head(page);
			*run = page_pin_run(set->pages, set->nr, head);
		}
		set->pages += *run;
		set->nr -= *run;
		return head;
	}

	page = nth_page(set->ranges->page, set->offset);
	head = page;
	left = set->ranges->nr_pages - set->offset;
	*run = 1;
	if (PageCompound(page)) {
		head = compound_head(page);
		*run = min(left, page_pin_to_end(page, head));
	}
	set->offset += *run;
	if (*run == left) {
		set->offset = 0;
		set->ranges++;
		set->nr--;
	}
	return head;
}

void page_pin_count_set(struct page_pin_set set, enum node_stat_item item);

/* The same if that is @nr pages. Most machines have one node: nothing to look up. */
static inline void page_pin_count_nr(struct page_pin_set set, unsigned long nr,
				     enum node_stat_item item)
{
	struct page *first;

	if (IS_ENABLED(CONFIG_NUMA) && nr_online_nodes > 1) {
		page_pin_count_set(set, item);
	} else if (nr) {
		first = set.pages ? set.pages[0] : set.ranges->page;
		mod_node_page_state(page_pgdat(first), item, nr);
	}
}

/**
 * page_pin_acquired() - count pins that are handed to a caller
 * @set: the pages
 * @nr: how many base pages that is
 * @exempt: how many of them are exempt and have no pin
 * @walk: PAGE_PIN_FAST or PAGE_PIN_SLOW, the event they are counted as
 *
 * Context: Any, also with interrupts off.
 */
static inline void page_pin_acquired(struct page_pin_set set,
				     unsigned long nr, unsigned long exempt,
				     enum vm_event_item walk)
{
	page_pin_count_nr(set, nr, NR_FOLL_PIN_ACQUIRED);
	if (unlikely(exempt))
		mod_node_page_state(page_pgdat(page_pin_zero_page()),
				    NR_FOLL_PIN_ACQUIRED, -(long)exempt);
	count_vm_events(walk, nr - exempt);
}

void page_pin_drop_all(struct page_pin_set set);
void page_pin_release(struct page_pin_set set);
void page_pin_dirty(struct page_pin_set set);

#endif /* _MM_PAGE_PIN_H */
