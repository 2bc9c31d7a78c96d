// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned pages whose process may not write to them for a while, and that are
 * to be where they were when it may again.  The idea is told in
 * page_pin_protect.h, and what a driver may rely on in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "page_pin_protect.h"

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

	page_pin_entry_cleared();
	if (!page_pin_mm_marked(vma->vm_mm))
		return;
	page = vm_normal_page(vma, addr, pte);
	if (page && PageAnon(page) && page_maybe_dma_pinned(page))
		page_pin_set_sole(vma, page);
}
