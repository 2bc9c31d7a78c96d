// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into gup_benchmark with --wrap=mmap: large mappings start at a 2 MB
 * boundary.  Elsewhere a run over THP would have small pages at both ends,
 * and would measure these too.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define HUGE_SIZE (2UL << 20)

void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	uintptr_t room;
	void *p;

	if (addr || len < HUGE_SIZE)
		return __real_mmap(addr, len, prot, flags, fd, offset);

	p = __real_mmap(NULL, len + HUGE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return p;
	room = ((uintptr_t)p + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
	return __real_mmap((void *)room, len, prot, flags | MAP_FIXED, fd,
			   offset);
}
