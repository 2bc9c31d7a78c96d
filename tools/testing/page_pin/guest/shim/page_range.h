/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our module on a kernel that does not know of ranges.
 */
#ifndef PAGE_RANGE_SHIM_H
#define PAGE_RANGE_SHIM_H

struct page_range {
	struct page *page;
	unsigned long nr_pages;
};

#define pin_user_page_ranges(...)		(-EOPNOTSUPP)
#define pin_user_page_ranges_fast(...)		(-EOPNOTSUPP)
#define pin_user_page_ranges_remote(...)	(-EOPNOTSUPP)

/* Nothing was pinned. */
static inline void unpin_user_page_ranges_dirty_lock(struct page_range *ranges,
						     unsigned long nr_ranges,
						     bool make_dirty)
{
}

#define unpin_user_page_ranges(ranges, nr) \
	unpin_user_page_ranges_dirty_lock(ranges, nr, false)

#endif
