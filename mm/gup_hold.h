/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What mm/gup_hold.c and the tests that use it say to each other over
 * /sys/kernel/debug/gup_hold.  No ABI: the two come from the same tree.
 *
 * A *hold* is what one GUP_HOLD_TAKE got: an array of pages, each with as many
 * pins or references as it was taken times.  It belongs to the open file, has
 * a number there, and goes with GUP_HOLD_GIVE or when the file is closed.
 */
#ifndef _MM_GUP_HOLD_H
#define _MM_GUP_HOLD_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Beyond these: -EINVAL, and for the holds -ENOMEM. */
#define GUP_HOLD_MAX_PAGES	0x40000U	/* in a hold: 1 GB of 4 KB */
#define GUP_HOLD_MAX_TIMES	0x800000U	/* a hold is taken */
#define GUP_HOLD_MAX_HOLDS	1024		/* of an open file */

/* Which function takes the pages. */
enum gup_hold_kind {
	GUP_HOLD_PIN_FAST,		/* pin_user_pages_fast() */
	GUP_HOLD_PIN_SLOW,		/* pin_user_pages() */
	GUP_HOLD_PIN_FAST_ONLY,		/* pin_user_pages_fast_only() */
	GUP_HOLD_PIN_UNLOCKED,		/* pin_user_pages_unlocked() */
	GUP_HOLD_PIN_LOCKED,		/* pin_user_pages_locked() */
	GUP_HOLD_PIN_REMOTE,		/* pin_user_pages_remote() */
	GUP_HOLD_RANGES_FAST,		/* pin_user_page_ranges_fast() */
	GUP_HOLD_RANGES_SLOW,		/* pin_user_page_ranges() */
	GUP_HOLD_RANGES_REMOTE,		/* pin_user_page_ranges_remote() */
	GUP_HOLD_GET_FAST,		/* get_user_pages_fast() */
	GUP_HOLD_GET_SLOW,		/* get_user_pages() */
	GUP_HOLD_NR_KINDS
};

/* Its flags. */
#define GUP_HOLD_WRITE		0x0001U	/* FOLL_WRITE */
#define GUP_HOLD_LONGTERM	0x0002U	/* FOLL_LONGTERM, for pins */
#define GUP_HOLD_FORCE		0x0004U	/* FOLL_FORCE */
#define GUP_HOLD_FEW_RANGES	0x0008U	/* with room for two ranges */

/**
 * struct gup_hold_take - take pages and keep them
 * @addr: address in the caller's memory, a multiple of the page size
 * @nr_pages: base pages wanted, 1 to GUP_HOLD_MAX_PAGES
 * @kind: enum gup_hold_kind
 * @flags: GUP_HOLD_WRITE and so on
 * @times: how often to take the same pages, 1 to GUP_HOLD_MAX_TIMES
 * @id: out: number of the hold, never 0; 0 if there is none
 * @taken: out: how many times the pages were taken
 * @last: out: 0 if that is @times, else what the first call that did not do
 *	the same as the very first one returned: a negative errno, or fewer
 *	pages, or -EAGAIN for other pages. What it took is given back.
 * @ranges: 0; out: how many ranges the first call returned, for those that do
 * @stale: 0; out: how many entries beyond its result the first call left set
 * @reserved: 0
 *
 * The ioctl returns what the first call returned: the number of pages, or 0, or
 * an error with nothing held. -EIO says that the call left an entry below its
 * count unset, or ranges that do not add up to its count.
 */
struct gup_hold_take {
	__u64 addr;
	__u32 nr_pages;
	__u32 kind;
	__u32 flags;
	__u32 times;
	__u32 id;
	__u32 taken;
	__s32 last;
	__u32 ranges;
	__u32 stale;
	__u32 reserved;
};

/* What a page is, in struct gup_hold_page. */
#define GUP_HOLD_IS_PINNED	0x0001U	/* page_maybe_dma_pinned() */
#define GUP_HOLD_IS_DIRTY	0x0002U
#define GUP_HOLD_IS_WRITEBACK	0x0004U
#define GUP_HOLD_IS_SWAPCACHE	0x0008U
#define GUP_HOLD_IS_ANON	0x0010U
#define GUP_HOLD_IS_KSM		0x0020U
#define GUP_HOLD_IS_ZERO	0x0040U	/* the zero page */
#define GUP_HOLD_IS_HUGETLB	0x0080U
#define GUP_HOLD_IS_THP		0x0100U
#define GUP_HOLD_IS_MOVABLE	0x0200U	/* in ZONE_MOVABLE */
#define GUP_HOLD_HAS_PRIVATE	0x0400U	/* buffers, as a rule */
#define GUP_HOLD_IS_MLOCKED	0x0800U
#define GUP_HOLD_IS_LRU		0x1000U
#define GUP_HOLD_IS_GIVEN	0x80000000U	/* back already, no more known */

/**
 * struct gup_hold_page - what the kernel knows of one page
 * @pfn: its page frame number
 * @head_pfn: that of its head, the same for a page that is not compound
 * @flags: GUP_HOLD_IS_PINNED and so on
 * @order: of the compound page, 0 for others
 * @count: page_count()
 * @mapcount: page_mapcount()
 * @nid: NUMA node
 * @zone: index of the zone in its node
 */
struct gup_hold_page {
	__u64 pfn;
	__u64 head_pfn;
	__u32 flags;
	__u32 order;
	__s32 count;
	__s32 mapcount;
	__s32 nid;
	__u32 zone;
};

/**
 * struct gup_hold_ask - ask what pages of a hold are
 * @id: the hold
 * @first: index of the first page
 * @nr_pages: how many
 * @reserved: 0
 * @pages: address of that many struct gup_hold_page
 */
struct gup_hold_ask {
	__u32 id;
	__u32 first;
	__u32 nr_pages;
	__u32 reserved;
	__u64 pages;
};

/**
 * struct gup_hold_io - touch the data as a device would
 * @id: the hold
 * @len: bytes
 * @offset: of the first byte in the hold
 * @buf: address to copy to (GUP_HOLD_READ) or from (GUP_HOLD_WRITE_DATA)
 *
 * Goes through the kernel's own mapping of the pages. Page tables of processes
 * are neither used nor changed, and no page is marked as accessed or dirty. A
 * hold that was not taken for writing cannot be written to: -EACCES.
 */
struct gup_hold_io {
	__u32 id;
	__u32 len;
	__u64 offset;
	__u64 buf;
};

/* How pages are given back. */
#define GUP_HOLD_DIRTY		0x0001U	/* mark them dirty first */
#define GUP_HOLD_SINGLE		0x0002U	/* pins: one call a page */
#define GUP_HOLD_BY_HEAD	0x0004U	/* pins: name the head instead */
#define GUP_HOLD_BY_TAIL	0x0008U	/* pins: name the last tail */
#define GUP_HOLD_BY_RANGE	0x0010U	/* pins: a call for each run of pfns */

/**
 * struct gup_hold_give - give pages back
 * @id: the hold, 0 for all holds of the file, whole
 * @first: index of the first page
 * @nr_pages: how many, 0 for all from @first on; those that have been given
 *	back already are passed over
 * @flags: GUP_HOLD_DIRTY and so on
 *
 * A hold that was taken more than once can only be given back whole. One that
 * has no pages left is gone.
 */
struct gup_hold_give {
	__u32 id;
	__u32 first;
	__u32 nr_pages;
	__u32 flags;
};

/* Mistakes that a driver can make, for tests of what the kernel says then. */
enum gup_hold_mistake {
	GUP_HOLD_GET_FOLL_PIN,		/* get_user_pages(FOLL_PIN) */
	GUP_HOLD_GET_FAST_FOLL_PIN,	/* get_user_pages_fast(FOLL_PIN) */
	GUP_HOLD_GET_LONGTERM,		/* get_user_pages(FOLL_LONGTERM) */
	GUP_HOLD_GET_FAST_LONGTERM,	/* get_user_pages_fast(FOLL_LONGTERM) */
	GUP_HOLD_PIN_FOLL_PIN,		/* pin_user_pages(FOLL_PIN) */
	GUP_HOLD_PIN_FOLL_GET,		/* pin_user_pages(FOLL_GET) */
	GUP_HOLD_PIN_FAST_FOLL_GET,	/* pin_user_pages_fast(FOLL_GET) */
	GUP_HOLD_PIN_NO_PAGES,		/* pin_user_pages(pages = NULL) */
	GUP_HOLD_PIN_FAST_NO_PAGES,	/* pin_user_pages_fast(pages = NULL) */
	GUP_HOLD_RANGES_NO_ROOM,	/* pin_user_page_ranges*(), room for 0 */
	GUP_HOLD_RANGES_NULL,		/* pin_user_page_ranges*(NULL) */
	GUP_HOLD_UNPIN_ERROR,		/* unpin_user_pages(nr = -ENOMEM) */
	GUP_HOLD_UNPIN_OF_GET,		/* unpin what a GET kind took */
	GUP_HOLD_NR_MISTAKES
};

/**
 * struct gup_hold_misuse - make one of these mistakes
 * @what: enum gup_hold_mistake
 * @id: GUP_HOLD_UNPIN_OF_GET: a hold of a GET kind, whose first page is used.
 *	A kernel without CONFIG_DEBUG_VM would not survive it: -EOPNOTSUPP.
 * @addr: the others: address to take one page from
 *
 * The ioctl returns what the call returned, or 0 where that is void. Pages that
 * it got are given back at once.
 */
struct gup_hold_misuse {
	__u32 what;
	__u32 id;
	__u64 addr;
};

#define GUP_HOLD_TAKE		_IOWR('h', 1, struct gup_hold_take)
#define GUP_HOLD_ASK		_IOW('h', 2, struct gup_hold_ask)
#define GUP_HOLD_READ		_IOW('h', 3, struct gup_hold_io)
#define GUP_HOLD_WRITE_DATA	_IOW('h', 4, struct gup_hold_io)
#define GUP_HOLD_GIVE		_IOW('h', 5, struct gup_hold_give)
#define GUP_HOLD_MISUSE		_IOW('h', 6, struct gup_hold_misuse)
/* dump_page() of page @first, nothing else of the struct is looked at. */
#define GUP_HOLD_DUMP		_IOW('h', 7, struct gup_hold_ask)

#endif /* _MM_GUP_HOLD_H */
