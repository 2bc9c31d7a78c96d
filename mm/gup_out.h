/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where gup puts what it has found: an array of pages, or one of ranges.
 * Private to mm/.  The walks take pages and do not know which it is.
 */
#ifndef _MM_GUP_OUT_H
#define _MM_GUP_OUT_H

#include <linux/mm.h>
#include <linux/page_pin.h>

#include "page_pin.h"

struct vm_area_struct;

/*
 * Ranges, and how many of them there are.  @first of them were there before this
 * walk began; @tables is how many page tables a walk without the lock looks at
 * until it pauses; @full says that no range is left for the next page.
 */
struct gup_ranges {
	struct page_range *array;
	unsigned long nr, max, first;
	unsigned int tables;
	bool full;
};

/*
 * What FOLL_LONGTERM wants to know: whether a page is @misplaced, where it may not
 * stay.  @vetted is 1 + the number of the pageblock that was found fine last.
 */
struct gup_longterm {
	unsigned long vetted;
	bool misplaced;
};

/*
 * Lives on the stack of whoever the caller asked.  All is 0 or NULL but what the
 * caller has given: of @pages and @ranges at most one, and without either
 * pages are looked up and not taken.  @nr base pages are here by now, and @first
 * of them were before this walk began.  Pages are looked at for @longterm if there
 * is one.
 *
 * The caller may be served by several walks, one after the other: without the
 * lock and with it, and again when that was dropped. Each of them begins with
 * gup_out_begin(), and can give back what it has put here since.
 */
struct gup_out {
	struct page **pages;
	struct vm_area_struct **vmas;
	struct gup_ranges *ranges;
	unsigned long nr, first;
	struct gup_longterm *longterm;
};

/* Is anything taken? */
static inline bool gup_out_keeps(struct gup_out *out)
{
	return out->pages || out->ranges;
}

/* Another walk begins, and what went before is not its own. */
static inline void gup_out_begin(struct gup_out *out)
{
	out->first = out->nr;
	if (out->ranges)
		out->ranges->first = out->ranges->nr;
}

/* What this walk has put here. */
static inline struct page_pin_set gup_out_set(struct gup_out *out)
{
	struct gup_ranges *ranges = out->ranges;

	if (ranges)
		return page_pin_ranges(ranges->array + ranges->first,
				       ranges->nr - ranges->first);
	return page_pin_pages(out->pages + out->first, out->nr - out->first);
}

void gup_out_rewind(struct gup_out *out);
void gup_out_look(struct gup_out *out, struct page *page);
void gup_out_acquired(struct gup_out *out, unsigned long exempt,
		      enum vm_event_item walk);
bool gup_ranges_room(struct gup_ranges *ranges, struct page *page);
void gup_ranges_add(struct gup_ranges *ranges, struct page *page,
		    unsigned long nr);

/*
 * The range that @page prolongs, or NULL.  Only one of the same walk: it is
 * counted, or given back, with what that walk has put there.
 */
static __always_inline struct page_range *
gup_ranges_last(struct gup_ranges *ranges, struct page *page)
{
	struct page_range *last = &ranges->array[ranges->nr - 1];

	if (ranges->nr == ranges->first ||
	    page_to_pfn(last->page) + last->nr_pages != page_to_pfn(page))
		return NULL;
	return last;
}

/* gup_ranges_room() for a loop that knows it has ranges. */
static __always_inline bool __gup_ranges_room(struct gup_ranges *ranges,
					      struct page *page)
{
	if (likely(ranges->nr < ranges->max) || gup_ranges_last(ranges, page))
		return true;
	ranges->full = true;
	return false;
}

/* The same for gup_ranges_add(). */
static __always_inline void __gup_ranges_add(struct gup_ranges *ranges,
					     struct page *page,
					     unsigned long nr)
{
	struct page_range *last = gup_ranges_last(ranges, page);

	if (last)
		last->nr_pages += nr;
	else
		ranges->array[ranges->nr++] = (struct page_range){
			.page = page, .nr_pages = nr,
		};
}

/**
 * gup_out_room() - is there room for this page, and those that follow it?
 * @out: where it is to go
 * @page: the page, in memory maybe the next one of the last range
 *
 * An array has room for all that was asked for.
 *
 * Context: Any.
 * Return: false if it takes one more range than there are. The caller stops:
 * what it has is all that it gets.
 */
static inline bool gup_out_room(struct gup_out *out, struct page *page)
{
	return likely(!out->ranges) || gup_ranges_room(out->ranges, page);
}

/**
 * gup_out_put() - put pages where the caller wants them, without the lock
 * @out: where they go; gup_out_room() has said that they can
 * @page: the first page
 * @nr: number of base pages, which are consecutive in memory
 *
 * Context: Any.
 */
static __always_inline void gup_out_put(struct gup_out *out, struct page *page,
					unsigned long nr)
{
	unsigned long i;

	if (likely(out->pages)) {
		struct page **pages = out->pages + out->nr;

		for (i = 0; i < nr; i++)
			pages[i] = nth_page(page, i);
	} else if (out->ranges) {
		gup_ranges_add(out->ranges, page, nr);
	}
	out->nr += nr;
}

/**
 * gup_out_add() - put pages where the caller wants them, with the lock
 * @out: see gup_out_put()
 * @page: see gup_out_put()
 * @nr: see gup_out_put()
 * @vma: the mapping, for whoever asked for that
 *
 * Context: Any.
 */
static __always_inline void gup_out_add(struct gup_out *out, struct page *page,
					unsigned long nr,
					struct vm_area_struct *vma)
{
	unsigned long i;

	if (unlikely(out->longterm))
		gup_out_look(out, page);
	if (out->vmas)
		for (i = 0; i < nr; i++)
			out->vmas[out->nr + i] = vma;
	gup_out_put(out, page, nr);
}

#endif /* _MM_GUP_OUT_H */
