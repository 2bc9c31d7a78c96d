/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory that work is done on, by their names in the table: 4K,
 * 4K-mixed, THP and 2M.  Its pages are looked at before anything is measured.
 */
#ifndef PAGE_PIN_WORK_KINDS_H
#define PAGE_PIN_WORK_KINDS_H

#include "work.h"

#define HUGE_PAGES	512UL		/* small pages of a huge one */
#define HUGE_PAGE	(HUGE_PAGES * PAGE)

/* Bits of /proc/kpageflags */
#define IS_HUGETLB	0x020000ULL
#define IS_THP		0x400000ULL

/*
 * The n-th page that is touched of those of 4K-mixed.  It has no factor with a
 * power of two, and what is touched next is far away.
 */
#define STRIDE		7919UL

/* Write to each page. */
static inline void touch(char *p, size_t size)
{
	size_t off;

	for (off = 0; off < size; off += PAGE)
		__atomic_store_n((long *)(p + off), off, __ATOMIC_RELAXED);
}

/* The kernel hands out pages that follow each other, here to no neighbours. */
static inline void touch_mixed(char *p, size_t size)
{
	size_t i, nr = size / PAGE;

	for (i = 0; i < nr; i++)
		__atomic_store_n((long *)(p + i * STRIDE % nr * PAGE), i,
				 __ATOMIC_RELAXED);
}

static inline __u64 flags_of(__u64 pfn)
{
	static int fd = -1;
	__u64 flags;

	if (fd < 0)
		fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	need(pread(fd, &flags, 8, pfn * 8) == 8, "/proc/kpageflags");
	return flags;
}

/* The frames of a huge page's worth of memory. */
static inline void frames(const char *p, __u64 *pfns)
{
	const size_t len = HUGE_PAGES * sizeof(*pfns);
	static int fd = -1;
	unsigned int i;

	if (fd < 0)
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	need(pread(fd, pfns, len, (uintptr_t)p / PAGE * 8) == len,
	     "/proc/self/pagemap");
	for (i = 0; i < HUGE_PAGES; i++) {
		need(pfns[i] & PAGEMAP_PRESENT, "a page is not there");
		pfns[i] &= PAGEMAP_PFN;
	}
}

/*
 * All pages of the memory must be there, and of that kind. Returns how many are
 * next to the one before in physical memory as well.
 */
static inline size_t need_kind(const char *p, size_t size, const char *kind)
{
	__u64 pfns[HUGE_PAGES], flags, want = 0;
	size_t off, follow = 0;
	unsigned int i;

	if (!strcmp(kind, "THP"))
		want = IS_THP;
	else if (!strcmp(kind, "2M"))
		want = IS_HUGETLB;
	errno = 0;
	for (off = 0; off < size; off += HUGE_PAGE) {
		frames(p + off, pfns);
		for (i = 1; i < HUGE_PAGES; i++)
			follow += pfns[i] == pfns[i - 1] + 1;
		flags = flags_of(pfns[0]) & (IS_THP | IS_HUGETLB);
		need(flags == want, "a page is not of this kind");
	}
	return follow;
}

/* Memory of one kind, aligned as mapping.c does, with all its pages there. */
static inline char *memory_of(const char *kind, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	bool small = !strncmp(kind, "4K", 2);
	bool mixed = !strcmp(kind, "4K-mixed");
	size_t follow;
	char *p;

	if (!strcmp(kind, "2M"))
		flags |= MAP_HUGETLB | MAP_HUGE_2MB;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	need(p != MAP_FAILED, "memory of this kind");
	if (!(flags & MAP_HUGETLB))
		need(!madvise(p, size, small ? MADV_NOHUGEPAGE : MADV_HUGEPAGE),
		     "pages of this kind");
	if (mixed)
		touch_mixed(p, size);
	else
		touch(p, size);
	follow = need_kind(p, size, kind);
	if (mixed)
		need(follow < size / PAGE / 100, "pages follow each other");
	else
		need(follow > size / PAGE / 2, "pages are mixed");
	return p;
}

/* None of the pages is in memory, be it mapped or not. */
static inline void need_gone(char *p, size_t size)
{
	size_t i, nr = size / PAGE;
	unsigned char *resident = malloc(nr);

	need(resident && !mincore(p, size, resident), "mincore");
	for (i = 0; i < nr; i++)
		need(!(resident[i] & 1), "a page was not reclaimed");
	free(resident);
}

#endif /* PAGE_PIN_WORK_KINDS_H */
