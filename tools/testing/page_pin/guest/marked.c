// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into gup_benchmark with --wrap=ioctl: each ioctl is marked, for the
 * plugin that counts instructions.  GUP_KB=4 has it look at no more than 4 KB of
 * its memory; the tools count in megabytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "marks.h"

/* How the argument begins on all kernels. */
struct gup {
	uint64_t get_usec;
	uint64_t put_usec;
	uint64_t addr;
	uint64_t size;
};

int __wrap_ioctl(int fd, unsigned long request, struct gup *gup)
{
	const char *kb = getenv("GUP_KB");
	uint64_t size = gup->size, part = kb ? atoi(kb) << 10 : size;
	int ret;

	gup->size = part;
	mark_begin();
	ret = syscall(SYS_ioctl, fd, request, gup);
	mark_end();
	if (gup->size == part)
		gup->size = size;
	return ret;
}
