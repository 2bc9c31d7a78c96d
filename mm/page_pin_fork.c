// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of pinned pages for the child of fork(), so that the parent keeps the
 * page its device works on. How fork() and the taking of pins are kept apart
 * is drawn in linux/page_pin_fork.h, and what a driver may rely on is told in
 * Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>
#include <linux/userfaultfd_k.h>

#include <asm/pgalloc.h>

#include "page_pin_fork.h"

/**
 * page_pin_fork_alloc() - memory for the copy of a pinned page
 * @dst_vma: the mapping of the child
 * @src_vma: the mapping of the parent
 * @addr: user address of the page
 *
 * The parent is charged for it: the child has yet to join its cgroup.
 *
 * Context: Process context, may sleep.
 * Return: a page, or NULL without memory or over the limit.
 */
struct page *page_pin_fork_alloc(struct vm_area_struct *dst_vma,
				 struct vm_area_struct *src_vma,
				 unsigned long addr)
{
	struct page *page;

	page = alloc_page_vma(GFP_HIGHUSER_MOVABLE, dst_vma, addr);
	if (!page)
		return NULL;
	if (mem_cgroup_charge(page, src_vma->vm_mm, GFP_KERNEL)) {
		put_page(page);
		return NULL;
	}
	cgroup_throttle_swaprate(page, GFP_KERNEL);
	return page;
}

/**
 * page_pin_fork_copy() - map the copy of a pinned page in the child
 * @dst_vma: the mapping of the child
 * @src_vma: the mapping of the parent
 * @dst_pte: where to map the copy, empty
 * @src_pte: the entry of the parent, which is left as it is
 * @addr: user address of the page
 * @page: the pinned page
 * @copy: what page_pin_fork_alloc() returned
 *
 * The parent may be writing to the page, and so may its device: the child gets
 * what it finds, as anybody does who reads during that.
 *
 * Context: The page table locks of both are held.
 */
void page_pin_fork_copy(struct vm_area_struct *dst_vma,
			struct vm_area_struct *src_vma, pte_t *dst_pte,
			pte_t src_pte, unsigned long addr, struct page *page,
			struct page *copy)
{
	pte_t pte;

	copy_user_highpage(copy, page, addr, src_vma);
	__SetPageUptodate(copy);
	page_add_new_anon_rmap(copy, dst_vma, addr, false);
	lru_cache_add_inactive_or_unevictable(copy, dst_vma);

	pte = mk_pte(copy, dst_vma->vm_page_prot);
	pte = maybe_mkwrite(pte_mkdirty(pte), dst_vma);
	if (userfaultfd_pte_wp(dst_vma, src_pte))
		pte = pte_wrprotect(pte_mkuffd_wp(pte));
	set_pte_at(dst_vma->vm_mm, addr, dst_pte, pte);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* A huge page with the contents of @page, charged like a small one. */
static struct page *page_pin_fork_alloc_huge(struct vm_area_struct *dst_vma,
					     struct vm_area_struct *src_vma,
					     unsigned long addr)
{
	/* No compaction for it: small pages will do as well. */
	gfp_t gfp = GFP_TRANSHUGE_LIGHT;
	struct page *page;

	page = alloc_hugepage_vma(gfp, dst_vma, addr, HPAGE_PMD_ORDER);
	if (!page)
		return NULL;
	prep_transhuge_page(page);
	if (mem_cgroup_charge(page, src_vma->vm_mm, gfp)) {
		put_page(page);
		return NULL;
	}
	cgroup_throttle_swaprate(page, gfp);
	return page;
}

static void page_pin_fork_map_huge(struct vm_area_struct *vma, pmd_t *pmd,
				   unsigned long addr, struct page *copy,
				   pgtable_t pgtable)
{
	struct mm_struct *mm = vma->vm_mm;
	spinlock_t *ptl = pmd_lock(mm, pmd);
	pmd_t entry;

	page_add_new_anon_rmap(copy, vma, addr, true);
	lru_cache_add_inactive_or_unevictable(copy, vma);
	pgtable_trans_huge_deposit(mm, pmd, pgtable);
	entry = mk_huge_pmd(copy, vma->vm_page_prot);
	entry = maybe_pmd_mkwrite(pmd_mkdirty(entry), vma);
	set_pmd_at(mm, addr, pmd, entry);
	add_mm_counter(mm, MM_ANONPAGES, HPAGE_PMD_NR);
	mm_inc_nr_ptes(mm);
	spin_unlock(ptl);
}

/**
 * page_pin_fork_copy_huge() - map the copy of a pinned huge page in the child
 * @dst_vma: the mapping of the child
 * @src_vma: the mapping of the parent
 * @dst_pmd: where to map the copy, empty
 * @src_pmd: the entry of the parent
 * @addr: user address of the huge page
 * @page: the pinned page, with a reference that is dropped here
 * @pgtable: memory for a page table of the child, used or freed here
 *
 * Without a huge page for the child the entry of the parent is split, and small
 * pages are copied.
 *
 * Context: Process context, may sleep. mmap_lock of the parent is held for
 * writing, and no page table lock.
 * Return: 0, or -EAGAIN when @src_pmd refers to a page table now, and that has
 * to be copied.
 */
int page_pin_fork_copy_huge(struct vm_area_struct *dst_vma,
			    struct vm_area_struct *src_vma, pmd_t *dst_pmd,
			    pmd_t *src_pmd, unsigned long addr,
			    struct page *page, pgtable_t pgtable)
{
	struct page *copy = NULL;

	/* What userfaultfd has protected, it has protected in small pages. */
	if (!userfaultfd_wp(dst_vma))
		copy = page_pin_fork_alloc_huge(dst_vma, src_vma, addr);
	if (!copy) {
		put_page(page);
		pte_free(dst_vma->vm_mm, pgtable);
		__split_huge_pmd(src_vma, src_pmd, addr, false, NULL);
		return -EAGAIN;
	}

	copy_user_huge_page(copy, page, addr, src_vma, HPAGE_PMD_NR);
	put_page(page);
	__SetPageUptodate(copy);
	page_pin_fork_map_huge(dst_vma, dst_pmd, addr, copy, pgtable);
	return 0;
}
#endif /* CONFIG_TRANSPARENT_HUGEPAGE */
