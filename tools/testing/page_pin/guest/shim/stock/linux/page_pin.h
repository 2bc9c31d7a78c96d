/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What our module includes, where the kernel declares the pins elsewhere.
 */
#ifndef PAGE_PIN_SHIM_H
#define PAGE_PIN_SHIM_H

#include <linux/mm.h>

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
