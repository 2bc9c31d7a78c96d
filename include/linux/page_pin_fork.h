/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What fork() does so that the parent of a pinned page keeps it.  For
 * kernel/fork.c; what mm/ does about it is in mm/page_pin_fork.h, and what a
 * driver may rely on is told in Documentation/core-api/pin_user_pages.rst.
 *
 * fork() write-protects what parent and child share from then on, and the
 * first of them to write gets a copy. The parent of a pinned page must not be
 * that one, or its device goes on with a page that is the parent's no more.
 * So fork() asks every page whether it is pinned, and gives the child a copy at
 * once. A pin that takes mmap_lock cannot come in between: fork() holds it for
 * writing. The lockless one is kept out by the sequence count:
 *
 *   CPU0: pins without a lock           CPU1: fork()
 *
 *   reads fork_seq
 *   sets has_pinned                     makes fork_seq odd
 *   adds the pin to the page
 *   (full barrier)                      (full barrier)
 *   reads fork_seq again                reads has_pinned, looks for pins
 *
 * Whatever the order, one sees the other: either CPU1 finds the pin, or CPU0
 * finds that fork() has begun, gives all of its pins back, and goes for
 * mmap_lock.
 */
#ifndef _LINUX_PAGE_PIN_FORK_H
#define _LINUX_PAGE_PIN_FORK_H

#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/seqlock.h>

/**
 * page_pin_mm_init() - a new mm has no pins, a copied one neither
 * @mm: the mm that nobody else has seen yet
 *
 * Context: Any.
 */
static inline void page_pin_mm_init(struct mm_struct *mm)
{
	mm->has_pinned = 0;
	seqcount_init(&mm->fork_seq);
}

/**
 * page_pin_fork_begin() - from now on no lockless pin on pages of this mm
 * @mm: the mm that is going to be copied
 *
 * Pins that went before are visible to page_maybe_dma_pinned() afterwards.
 *
 * Context: Process context. The caller holds mmap_lock for writing, until
 * after page_pin_fork_end(). May sleep in between.
 */
static inline void page_pin_fork_begin(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);
	raw_write_seqcount_begin(&mm->fork_seq);
	/* Pairs with page_ref_add_checked() in page_pin_reserve(). */
	smp_mb();
}

/**
 * page_pin_fork_end() - the page tables are copied
 * @mm: the mm that was passed to page_pin_fork_begin()
 *
 * Context: see page_pin_fork_begin().
 */
static inline void page_pin_fork_end(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);
	raw_write_seqcount_end(&mm->fork_seq);
}

#endif /* _LINUX_PAGE_PIN_FORK_H */
