// SPDX-License-Identifier: GPL-2.0-only
/*
 * What gup_out.h needs out of line.  What ranges are for stands in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/mm.h>
#include <linux/page_pin.h>
#include <linux/string.h>

#include "gup_out.h"
#include "page_pin_longterm.h"

/*
 * Forget what this walk has put here; somebody else has given it back.  There are
 * drivers that look into their array when they got an error.
 */
void gup_out_rewind(struct gup_out *out)
{
	if (out->pages)
		memset(out->pages + out->first, 0,
		       (out->nr - out->first) * sizeof(*out->pages));
	out->nr = out->first;
	if (out->ranges) {
		out->ranges->nr = out->ranges->first;
		out->ranges->full = false;
	}
}

/*
 * A page is about to be put here, and is to stay for long: may it? A block has one
 * answer for all its pages, and many of them come one after the other.
 */
void gup_out_look(struct gup_out *out, struct page *page)
{
	unsigned long block = page_to_pfn(page) >> pageblock_order;
	struct gup_longterm *longterm = out->longterm;

	if (block + 1 == longterm->vetted || longterm->misplaced)
		return;

	if (page_pin_longterm_allowed(compound_head(page)))
		longterm->vetted = block + 1;
	else
		longterm->misplaced = true;
}

/* Count what this walk has put here. See page_pin_acquired(). */
void gup_out_acquired(struct gup_out *out, unsigned long exempt,
		      enum vm_event_item walk)
{
	page_pin_acquired(gup_out_set(out), out->nr - out->first, exempt, walk);
}

/* See gup_out_room(). */
bool gup_ranges_room(struct gup_ranges *ranges, struct page *page)
{
	return __gup_ranges_room(ranges, page);
}

/* See gup_out_add(). */
void gup_ranges_add(struct gup_ranges *ranges, struct page *page,
		    unsigned long nr)
{
	__gup_ranges_add(ranges, page, nr);
}
