/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write protection, and pinned pages that stay where they are.  Private to
 * mm/; what a driver may rely on is told in
 * Documentation/core-api/pin_user_pages.rst.
 *
 * While an anonymous page is mapped writable, nobody else maps it: that is
 * what fork() write-protects for. Once it is mapped read-only, nothing tells
 * whether it is shared, and the next write copies it unless it has no other
 * reference at all. A pinned page has, and would be left behind by its process
 * each time that mprotect() or userfaultfd takes the right to write away for a
 * while, or when FOLL_FORCE writes to a mapping that is read-only.
 *
 * So these note in the page what they know: PG_anon_sole says that the
 * read-only entry is the only one that maps it. It is set and cleared under the
 * lock of that page table. fork() clears it when it shares the page, for which
 * the mm is marked like one that has pinned memory, and try_to_unmap() when the
 * page leaves the page table. do_wp_page() leaves a pinned page where it is if it
 * has the flag.
 *
 * The pins themselves could not tell. 1024 references to a page that was shared
 * look like a pin, and to write to such a page would show the writer's data to
 * whoever holds these references.
 *
 * Whether a huge page stays that a pmd maps is up to its mapcount. The flag of its
 * head is for the day when the pmd is split and the small pages get it. They do not
 * get it from the mapcount: who has unmapped the page may have kept a pin.
 */
#ifndef _MM_PAGE_PIN_PROTECT_H
#define _MM_PAGE_PIN_PROTECT_H

#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/page_pin.h>
#include <linux/pagemap.h>

#include "internal.h"
#include "page_pin_fork.h"

/* Is @page, mapped read-only, mapped nowhere else? */
static inline bool page_pin_is_sole(struct page *page)
{
	return PageAnon(page) && PageAnonSole(page) && !PageKsm(page);
}

/*
 * Is @head, a huge page that one entry maps read-only, mapped nowhere else?  The
 * page lock keeps out those who put migration entries in the place of others,
 * which the mapcount does not know.  If it is taken the answer is no, and the
 * fault that follows waits for it.
 */
static inline bool page_pin_is_sole_huge(struct page *head)
{
	bool sole;

	if (!PageAnon(head) || !trylock_page(head))
		return false;
	sole = total_mapcount(head) == 1 && !PageSwapCache(head);
	unlock_page(head);
	return sole;
}

/* Must a write to @page, mapped read-only, not be answered with a copy? */
static inline bool page_pin_must_stay(struct page *page)
{
	return page_pin_is_sole(page) && page_maybe_dma_pinned(page);
}

/* @page is going to be shared, or to be unmapped. */
static inline void page_pin_clear_sole(struct page *page)
{
	if (unlikely(PageAnonSole(page)) && PageAnon(page))
		ClearPageAnonSole(page);
}

/* @page is mapped read-only by @vma, and nowhere else. */
static inline void page_pin_set_sole(struct vm_area_struct *vma,
				     struct page *page)
{
	page_pin_mark_mm(vma->vm_mm);
	SetPageAnonSole(page);
}

/*
 * @page is @vma's alone, and is mapped, or about to be, by a small entry. That
 * is for the note if the mapping does not permit to write: when somebody has
 * forced his way, to read for long or to write.
 */
static inline void page_pin_note_sole(struct vm_area_struct *vma,
				      struct page *page)
{
	if (unlikely(!(vma->vm_flags & VM_WRITE)))
		page_pin_set_sole(vma, page);
}

/* Do @flags ask for pins that stay for long and only read? */
static inline bool page_pin_lasting_read(unsigned int flags)
{
	const unsigned int mask = FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE;

	return unlikely((flags & mask) == (FOLL_PIN | FOLL_LONGTERM));
}

/**
 * page_pin_breaks_cow() - is a page for reading to be one that will stay?
 * @vma: the mapping
 * @flags: FOLL_* flags
 *
 * Whoever pins a page for long to read from it wants to see what the process
 * writes later. Where a private mapping shows the zero page, a page of a file,
 * or one that it has in common with a child, the next write would give the
 * process another page. It is given that page now.
 *
 * Context: mmap_lock is held.
 * Return: true if a page must not be pinned that is shared, and the fault for
 * it is to be one that writes.
 */
static inline bool page_pin_breaks_cow(struct vm_area_struct *vma,
				       unsigned int flags)
{
	return page_pin_lasting_read(flags) && is_cow_mapping(vma->vm_flags);
}

bool page_pin_found_sole(struct vm_area_struct *vma, struct page *page);
bool page_pin_found_sole_huge(struct vm_area_struct *vma, struct page *head);
void page_pin_write_protected(struct vm_area_struct *vma, unsigned long addr,
			      pte_t pte);
void page_pin_write_protected_huge(struct vm_area_struct *vma,
				   struct page *head);

#endif /* _MM_PAGE_PIN_PROTECT_H */
