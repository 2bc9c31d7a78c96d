/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our module on a kernel without pins: what a driver could do there is to take
 * plain references.  Nothing is ever known to be pinned.
 */
#ifndef PAGE_PIN_SHIM_H
#define PAGE_PIN_SHIM_H

#include <linux/err.h>
#include <linux/mm.h>

#define pin_user_pages			get_user_pages
#define pin_user_pages_fast		get_user_pages_fast
#define pin_user_pages_fast_only	get_user_pages_fast_only
#define pin_user_pages_remote		get_user_pages_remote
#define pin_user_pages_unlocked		get_user_pages_unlocked
#define pin_user_pages_locked		get_user_pages_locked

/* Only to be refused. */
#define FOLL_PIN			0x40000000

static inline bool page_maybe_dma_pinned(struct page *page)
{
	return false;
}

static inline void unpin_user_page(struct page *page)
{
	put_page(page);
}

static inline void unpin_user_pages_dirty_lock(struct page **pages,
					       unsigned long npages,
					       bool make_dirty)
{
	if (!IS_ERR_VALUE(npages))
		put_user_pages_dirty_lock(pages, npages, make_dirty);
}

static inline void unpin_user_pages(struct page **pages, unsigned long npages)
{
	unpin_user_pages_dirty_lock(pages, npages, false);
}

static inline void unpin_user_page_range_dirty_lock(struct page *page,
						    unsigned long npages,
						    bool make_dirty)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		struct page *one = nth_page(page, i);

		unpin_user_pages_dirty_lock(&one, 1, make_dirty);
	}
}

#include "../../page_range.h"

#endif
