/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory that work is done on, by their names in the table.  Its
 * pages are looked at before anything is measured.
 *
 *	4K		small pages as the kernel hands them out
 *	4K-mixed	small pages without a neighbour next to them
 *	4K-runs		small pages that once were huge, so that 512 follow each other
 *	THP, 2M		huge pages, transparent or hugetlb
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
 * What is touched next is that many pages away.  No power of two divides it, so
 * each is touched once.
 */
#define STRIDE		7919UL

/* Write to each page. */
static inline void touch(char *p, size_t size)
{
	size_t off;

	for (off = 0; off < size; off += PAGE)
		__atomic_store_n((long *)(p + off), off, __ATOMIC_RELAXED);
}

/*
 * The kernel hands out pages that follow each other; here neighbours do not, be
 * they small or huge, so that runs are as long as a page whatever is free.
 */
static inline void touch_mixed(char *p, size_t size, size_t page)
{
	size_t i, nr = size / page;

	for (i = 0; i < nr; i++)
		touch(p + i * STRIDE % nr * page, page);
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

/* All pages of the memory must be there, and of that kind. */
static inline void need_kind(const char *p, size_t size, const char *kind)
{
	__u64 pfns[HUGE_PAGES], flags, want = 0;
	size_t off;

	if (!strcmp(kind, "THP"))
		want = IS_THP;
	else if (!strcmp(kind, "2M"))
		want = IS_HUGETLB;
	errno = 0;
	for (off = 0; off < size; off += HUGE_PAGE) {
		frames(p + off, pfns);
		flags = flags_of(pfns[0]) & (IS_THP | IS_HUGETLB);
		need(flags == want, "a page is not of this kind");
	}
}

/*
 * Its pages follow each other in runs of 2 MB, or not at all.  Where the free list
 * is in disorder one run follows another by chance, about once in a mapping
 * whatever its size.  In the smallest that is pinned JOINED are 6 % of the runs,
 * and change what a page costs by next to nothing.
 */
#define JOINED		8

static inline void need_runs(const char *p, size_t size, bool mixed)
{
	__u64 pfns[HUGE_PAGES], last = 0;
	size_t off, follow = 0, joined = 0;
	const size_t nr = size / HUGE_PAGE;
	unsigned int i;

	for (off = 0; off < size; off += HUGE_PAGE) {
		frames(p + off, pfns);
		joined += pfns[0] == last + 1;
		last = pfns[HUGE_PAGES - 1];
		for (i = 1; i < HUGE_PAGES; i++)
			follow += pfns[i] == pfns[i - 1] + 1;
	}
	need(joined <= JOINED, "runs are joined");
	need(mixed ? follow < nr * 5 : follow == nr * (HUGE_PAGES - 1),
	     "runs are not of that length");
}

/* Memory of one kind, aligned as mapping.c does, with all its pages there. */
static inline char *memory_of(const char *kind, size_t size)
{
	bool small = !strcmp(kind, "4K") || !strcmp(kind, "4K-mixed");
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *p;

	if (!strcmp(kind, "2M"))
		flags |= MAP_HUGETLB | MAP_HUGE_2MB;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	need(p != MAP_FAILED, "memory of this kind");
	if (!(flags & MAP_HUGETLB))
		need(!madvise(p, size, small ? MADV_NOHUGEPAGE : MADV_HUGEPAGE),
		     "pages of this kind");
	if (!strcmp(kind, "4K")) {
		touch(p, size);
	} else {
		touch_mixed(p, size, small ? PAGE : HUGE_PAGE);
		need_runs(p, size, small);
	}
	if (!strcmp(kind, "4K-runs"))
		need(!file_write("/sys/kernel/debug/split_huge_pages", "1"),
		     "huge pages cannot be split");
	need_kind(p, size, kind);
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
