/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a page that is pinned for long must not lie, and how it is moved to
 * where it may.  Private to mm/; FOLL_LONGTERM is described in
 * Documentation/core-api/pin_user_pages.rst.
 *
 * CMA and ZONE_MOVABLE are promises: all of it can be emptied, because whatever
 * is in it can be moved.  A pin that ends when a driver sees fit breaks them.
 */
#ifndef _MM_PAGE_PIN_LONGTERM_H
#define _MM_PAGE_PIN_LONGTERM_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>

#include "page_pin.h"

/*
 * The same for all pages of a block. The blocks of a CMA area are marked as
 * isolated while somebody allocates from it, and so are blocks that are about
 * to be unplugged: what is pinned there now would be in the way at once.
 */
static inline bool page_pin_block_allowed(struct page *page)
{
	int mt;

	if (page_zonenum(page) == ZONE_MOVABLE)
		return false;
	if (!IS_ENABLED(CONFIG_MEMORY_ISOLATION))
		return true;

	mt = get_pageblock_migratetype(page);
	return !is_migrate_cma(mt) && !is_migrate_isolate(mt);
}

bool __page_pin_longterm_allowed(struct page *head);

/**
 * page_pin_longterm_allowed() - may a page stay where it is, pinned for long?
 * @head: head page; the caller keeps it from being split or freed
 *
 * A pin on any part of a compound page holds all of it, so all of it is looked
 * at. The usual one lies in a single block, and costs one look.
 *
 * Context: Any, also with interrupts off.
 * Return: false if it has to be moved first.
 */
static inline bool page_pin_longterm_allowed(struct page *head)
{
	if (likely(compound_nr(head) <= pageblock_nr_pages &&
		   page_pin_block_allowed(head)))
		return true;
	return __page_pin_longterm_allowed(head);
}

void page_pin_longterm_abandon(struct page_pin_set set, unsigned int gup_flags);
int page_pin_longterm_check(struct page_pin_set set, unsigned int gup_flags,
			    unsigned int *tries);

#endif /* _MM_PAGE_PIN_LONGTERM_H */
