// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned pages whose process may not write to them for a while, and that are
 * to be where they were when it may again.  The idea is told in
 * page_pin_protect.h, and what a driver may rely on in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

#include "page_pin_protect.h"

/**
 * page_pin_found_sole() - is a page mapped read-only, and nowhere else?
 * @vma: the private mapping
 * @page: the page, which a small entry maps
 *
 * Asks what do_wp_page() does before it leaves a page where it is, and notes the
 * answer. So a page that is to be pinned for long takes no fault, which would be
 * in vain where userfaultfd is to be asked: nobody can wait for that here.
 *
 * Context: The page table lock is held.
 * Return: true if so. False may mean that somebody else is at work on it.
 */
bool page_pin_found_sole(struct vm_area_struct *vma, struct page *page)
{
	bool sole;

	if (page_pin_is_sole(page))
		return true;
	if (!PageAnon(page) || PageKsm(page) || PageCompound(page))
		return false;

	/* It may be waiting to get there, in a batch that refers to it. */
	if (!PageLRU(page))
		lru_add_drain();
	if (!trylock_page(page))
		return false;
	sole = !PageKsm(page) && page_mapcount(page) == 1 &&
	       page_count(page) == 1;
	if (sole)
		page_pin_set_sole(vma, page);
	unlock_page(page);
	return sole;
}

/**
 * page_pin_found_sole_huge() - the same for a page that a pmd maps
 * @vma: the private mapping
 * @head: the page
 *
 * Context: The lock of the pmd is held.
 * Return: see page_pin_found_sole().
 */
bool page_pin_found_sole_huge(struct vm_area_struct *vma, struct page *head)
{
	if (page_pin_is_sole(head))
		return true;
	if (page_count(head) != 1 || !page_pin_is_sole_huge(head))
		return false;
	page_pin_set_sole(vma, head);
	return true;
}

static bool page_pin_keeps(struct vm_area_struct *vma)
{
	page_pin_entry_cleared();
	return page_pin_mm_marked(vma->vm_mm);
}

static void page_pin_keep(struct vm_area_struct *vma, struct page *page)
{
	if (PageAnon(page) && page_maybe_dma_pinned(page))
		page_pin_set_sole(vma, page);
}

/**
 * page_pin_write_protected() - a writable entry of a private mapping is no more
 * @vma: the private mapping
 * @addr: user address of the page
 * @pte: the entry as it was, writable
 *
 * A lockless pin is taken before its entry is looked at again, and here the
 * entry has gone before the page is looked at. The barrier pairs with the one
 * in page_pin_reserve().
 *
 * Context: The page table lock is held, and the entry is cleared. What
 * ptep_modify_prot_start() does will not do: see page_pin_came_first().
 */
void page_pin_write_protected(struct vm_area_struct *vma, unsigned long addr,
			      pte_t pte)
{
	struct page *page;

	if (!page_pin_keeps(vma))
		return;
	page = vm_normal_page(vma, addr, pte);
	if (page)
		page_pin_keep(vma, page);
}

/**
 * page_pin_write_protected_huge() - the same for the pmd of a huge page
 * @vma: the private mapping
 * @head: the page, which a writable pmd has mapped
 *
 * Context: The lock of the pmd is held, and pmdp_invalidate() has been called.
 */
void page_pin_write_protected_huge(struct vm_area_struct *vma,
				   struct page *head)
{
	if (page_pin_keeps(vma))
		page_pin_keep(vma, head);
}
