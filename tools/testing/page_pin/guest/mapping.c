// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into gup_benchmark with --wrap=mmap: what the tools of all kernels are
 * to measure, and cannot ask for.
 *
 * Large mappings start at a 2 MB boundary.  Elsewhere a run over THP would have
 * small pages at both ends, and would measure these too.
 *
 * HUGE_SHIFT=30 makes hugetlb pages those of 1 GB.
 *
 * FOLD_MB=64 makes a mapping of 64 MB of shared memory that comes again and
 * again, so that a buffer may be larger than memory is.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_SIZE (2UL << 20)

void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);

static void *fold(char *addr, size_t len, int prot, size_t piece)
{
	int fd = memfd_create("fold", 0);
	size_t at;

	if (fd < 0 || ftruncate(fd, piece))
		return MAP_FAILED;
	for (at = 0; at < len; at += piece) {
		if (piece > len - at)
			piece = len - at;
		if (__real_mmap(addr + at, piece, prot, MAP_SHARED | MAP_FIXED,
				fd, 0) == MAP_FAILED)
			return MAP_FAILED;
	}
	close(fd);
	return addr;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	const char *shift = getenv("HUGE_SHIFT"), *mb = getenv("FOLD_MB");
	uintptr_t room;
	void *p;

	if (shift && flags & MAP_HUGETLB)
		flags |= atoi(shift) << MAP_HUGE_SHIFT;
	if (addr || len < HUGE_SIZE || flags & MAP_HUGETLB)
		return __real_mmap(addr, len, prot, flags, fd, offset);

	p = __real_mmap(NULL, len + HUGE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return p;
	room = ((uintptr_t)p + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
	if (mb)
		return fold((char *)room, len, prot, (size_t)atoi(mb) << 20);
	return __real_mmap((void *)room, len, prot, flags | MAP_FIXED, fd,
			   offset);
}
