/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fork() and pinned pages: which pages the child gets a copy of, and how.
 * Private to mm/.  How fork() and the taking of pins are kept apart is drawn in
 * linux/page_pin_fork.h.
 */
#ifndef _MM_PAGE_PIN_FORK_H
#define _MM_PAGE_PIN_FORK_H

#include <linux/mm.h>
#include <linux/page_pin.h>

#include "internal.h"

/*
 * Leave word for fork() that it has to look for pins in @mm, before the first
 * one is taken. Many threads come by: written once, and only read thereafter.
 */
static inline void page_pin_mark_mm(struct mm_struct *mm)
{
	/* Pairs with the READ_ONCE() in page_pin_mm_marked(). */
	if (!READ_ONCE(mm->has_pinned))
		WRITE_ONCE(mm->has_pinned, 1);
}

/*
 * Has anything ever been pinned in @mm, or been noted about a page of it as in
 * page_pin_protect.h?  For fork() the answer lasts until page_pin_fork_end().
 */
static inline bool page_pin_mm_marked(struct mm_struct *mm)
{
	/* Pairs with the WRITE_ONCE() in page_pin_mark_mm(). */
	return READ_ONCE(mm->has_pinned);
}

/**
 * page_pin_must_copy() - may fork() not share this page?
 * @vma: the mapping of the parent
 * @page: a page that is mapped there
 *
 * Only for anonymous pages of private mappings. A page of a shared mapping
 * stays where it is; and while a private mapping has a page of the file, the
 * next write will move it away from there with or without a child.
 *
 * Context: The page table lock is held, between page_pin_fork_begin() and
 * page_pin_fork_end().
 * Return: true if the child needs a copy of its own.
 */
static inline bool page_pin_must_copy(struct vm_area_struct *vma,
				      struct page *page)
{
	return unlikely(page_pin_mm_marked(vma->vm_mm)) && PageAnon(page) &&
	       is_cow_mapping(vma->vm_flags) && page_maybe_dma_pinned(page);
}

struct page *page_pin_fork_alloc(struct vm_area_struct *dst_vma,
				 struct vm_area_struct *src_vma,
				 unsigned long addr);
void page_pin_fork_copy(struct vm_area_struct *dst_vma,
			struct vm_area_struct *src_vma, pte_t *dst_pte,
			pte_t src_pte, unsigned long addr, struct page *page,
			struct page *copy);
int page_pin_fork_copy_huge(struct vm_area_struct *dst_vma,
			    struct vm_area_struct *src_vma, pmd_t *dst_pmd,
			    pmd_t *src_pmd, unsigned long addr,
			    struct page *page, pgtable_t pgtable);

#endif /* _MM_PAGE_PIN_FORK_H */
