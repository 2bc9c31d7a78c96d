// SPDX-License-Identifier: GPL-2.0-only
/*
 * What gup_out.h needs out of line.  What ranges are for stands in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/mm.h>
#include <linux/page_pin.h>

#include "gup_out.h"
#include "page_pin_longterm.h"

/* A page is about to be put here, and is to stay for long: may it? */
void gup_out_look(struct gup_out *out, struct page *page)
{
	if (!page_pin_longterm_allowed(compound_head(page)))
		out->misplaced = true;
}

/* Count what this walk has put here. See page_pin_acquired(). */
void gup_out_acquired(struct gup_out *out, unsigned long exempt,
		      enum vm_event_item walk)
{
	page_pin_acquired(gup_out_set(out), out->nr - out->first, exempt, walk);
}

/*
 * The range that @page prolongs, or NULL.  Only one of the same walk: it is
 * counted, or given back, with what that walk has put there.
 */
static struct page_range *gup_ranges_last(struct gup_ranges *ranges,
					  struct page *page)
{
	struct page_range *last = &ranges->array[ranges->nr - 1];

	if (ranges->nr == ranges->first ||
	    page_to_pfn(last->page) + last->nr_pages != page_to_pfn(page))
		return NULL;
	return last;
}

/* See gup_out_room(). */
bool gup_ranges_room(struct gup_ranges *ranges, struct page *page)
{
	if (ranges->nr < ranges->max || gup_ranges_last(ranges, page))
		return true;
	ranges->full = true;
	return false;
}

/* See gup_out_add(). */
void gup_ranges_add(struct gup_ranges *ranges, struct page *page,
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
