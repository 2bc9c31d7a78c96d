/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pinned pages: what a pin is, and how to ask a page for one.  Who must take
 * one, and how it is given back, is told in
 * Documentation/core-api/pin_user_pages.rst.
 *
 * A pin is a reference that pin_user_pages*() took for somebody who touches
 * the data in the page behind the back of the kernel, a device above all.  It
 * counts in one of two places, and which one depends on nothing but the size
 * of the page:
 *
 *	order 0 or 1	page->_refcount rises by GUP_PIN_COUNTING_BIAS
 *	order > 1	hpage_pinned_refcount of the head rises by one, and so
 *			does its _refcount
 *
 * The head page counts for all of its tails, so a tail may be pinned through
 * one pointer and unpinned through another.
 */
#ifndef _LINUX_PAGE_PIN_H
#define _LINUX_PAGE_PIN_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>

/*
 * A small page has no word to spare, so its pins live in the upper bits of
 * _refcount and its plain references in the lower ones.
 *
 * _refcount is a signed int whose sign says "overflowed".  Of its 31 other
 * bits 10 go to the bias, and 2^21 - 1 pins fit into the rest.  A smaller bias
 * makes a page with many plain references look pinned sooner; a larger one
 * leaves less room for pins.
 */
#define GUP_PIN_COUNTING_BIAS	1024U

/* A head page that counts its pins exactly has a third struct page to do so. */
static inline bool page_pin_is_exact(struct page *head)
{
	return compound_order(head) > 1;
}

/* Only for a head page of which page_pin_is_exact() is true. */
static inline atomic_t *page_pin_exact_count(struct page *head)
{
	return &head[2].hpage_pinned_refcount;
}

/**
 * page_pin_count() - how many pins a page has
 * @page: any page, a tail stands for its head
 *
 * Exact for a compound page of order > 1. Elsewhere it is an upper bound: every
 * 1024 other references count as one more pin, and never a pin too few.
 *
 * The page tables that map a page have a reference each, too, and a page of the
 * C library has thousands of them. They are known from _mapcount and left out.
 * The two counts are not read in one go, so half a pin is left for what changes
 * in between: 512 processes would have to map the page there.
 *
 * Should _refcount have turned negative, it is read as unsigned: such a page
 * still has pins, and many.
 *
 * Context: Any. The caller holds a reference, or a lock that keeps the page
 * from being split or freed; the answer may be old when it arrives otherwise,
 * and the count may move at any time.
 * Return: number of pins, in base pages.
 */
static inline unsigned int page_pin_count(struct page *page)
{
	struct page *head = compound_head(page);
	unsigned int refs, pins;
	int maps;

	if (page_pin_is_exact(head))
		return atomic_read(page_pin_exact_count(head));

	refs = page_ref_count(head);
	pins = refs / GUP_PIN_COUNTING_BIAS;
	/* What is not for user space has other things in _mapcount. */
	if (likely(!pins) || PageSlab(head) || PageHead(head))
		return pins;
	maps = atomic_read(&head->_mapcount) + 1;
	if (maps <= 0)
		return pins;
	return min(pins, (refs - maps + GUP_PIN_COUNTING_BIAS / 2) /
			 GUP_PIN_COUNTING_BIAS);
}

/**
 * page_maybe_dma_pinned() - may a device be at work on this page?
 * @page: any page, a tail stands for its head
 *
 * "No" is certain, provided the caller has made sure that no new pin can be
 * taken (the page is unmapped, or the page table lock is held and lockless
 * pinning is kept out). "Yes" is certain for a compound page of order > 1, and
 * for a smaller one it may also come from 1024 references that are no mappings
 * (512 beside mappings). A caller has to be content with treating a page that
 * is not pinned as if it were.
 *
 * Context: see page_pin_count().
 * Return: true if the page has a pin or may have one.
 */
static inline bool page_maybe_dma_pinned(struct page *page)
{
	/* Most pages are small and have few references; a tail has none. */
	if (likely(page_ref_count(page) - 1U < GUP_PIN_COUNTING_BIAS - 1 &&
		   !(page->flags & 1UL << PG_head)))
		return false;
	return page_pin_count(page) != 0;
}

/* The same where many pages come by, and none of them is a tail. */
static inline bool head_maybe_dma_pinned(struct page *head)
{
	VM_WARN_ON_ONCE_PAGE(PageTail(head), head);
	if (likely((unsigned int)page_ref_count(head) < GUP_PIN_COUNTING_BIAS &&
		   !(head->flags & 1UL << PG_head)))
		return false;
	return page_pin_count(head) != 0;
}

/*
 * Full barrier between an entry of a page table that was just cleared and a look
 * at the counts of its page.
 */
static inline void page_pin_entry_cleared(void)
{
	if (IS_ENABLED(CONFIG_X86))
		/* It clears by an atomic exchange. Others may not. */
		smp_mb__after_atomic();
	else
		/* Pairs with the one in page_pin_reserve(). */
		smp_mb();
}

/**
 * page_pin_came_first() - was a page pinned before its entry was cleared?
 * @head: the head of the page that the entry mapped
 *
 * For whoever takes a page away from a process or write-protects it, and has
 * asked for pins before, with nothing to keep new ones out since::
 *
 *   CPU0: takes the page away           CPU1: pins without a lock
 *
 *   page_maybe_dma_pinned(): no
 *                                       reads the entry
 *                                       raises _refcount
 *                                       reads the entry again: pinned
 *   clears the entry
 *   page_pin_came_first(): yes
 *   puts the entry back
 *
 * With the entry cleared the answer is final for this mapping: either the pin
 * shows here, or CPU1 finds the entry changed and backs off. For a large page,
 * which has a count of its own, CPU1 looks at the entry once more when it has
 * raised that. The barrier pairs with the one that page_ref_add_checked()
 * implies in page_pin_reserve(), and with the one in page_pin_settle().
 *
 * If an anonymous page were taken away all the same, the next write of the
 * process would go to a copy that the device does not know.
 *
 * Context: With the lock of the page table, which keeps out all who pin with a
 * lock. The entry is clear, or refused: ptep_modify_prot_start() is not enough.
 * Return: true if the page has a pin or may have one.
 */
static inline bool page_pin_came_first(struct page *head)
{
	page_pin_entry_cleared();
	return unlikely(head_maybe_dma_pinned(head));
}

bool __must_check page_pin_again(struct page *page);

/**
 * struct page_range - pinned pages that follow each other in memory
 * @page: the first one, head or tail
 * @nr_pages: number of base pages, one pin each
 *
 * They may belong to one compound page, to many or to none, so one entry holds a
 * page of a gigabyte as well as one of 4 KiB. To get at the others, use
 * nth_page().
 */
struct page_range {
	struct page *page;
	unsigned long nr_pages;
};

long pin_user_page_ranges(unsigned long start, unsigned long nr_pages,
			  unsigned int gup_flags, struct page_range *ranges,
			  unsigned long *nr_ranges);
long pin_user_page_ranges_remote(struct mm_struct *mm, unsigned long start,
				 unsigned long nr_pages, unsigned int gup_flags,
				 struct page_range *ranges,
				 unsigned long *nr_ranges, int *locked);
long pin_user_page_ranges_fast(unsigned long start, unsigned long nr_pages,
			       unsigned int gup_flags,
			       struct page_range *ranges,
			       unsigned long *nr_ranges);
void unpin_user_page_ranges(const struct page_range *ranges,
			    unsigned long nr_ranges);
void unpin_user_page_ranges_dirty_lock(const struct page_range *ranges,
				       unsigned long nr_ranges,
				       bool make_dirty);

#endif /* _LINUX_PAGE_PIN_H */
