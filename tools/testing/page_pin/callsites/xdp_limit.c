// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of AF_XDP sockets and the limit of locked memory.  The rest of what they
 * do is in af_xdp.c.
 */
#include <linux/capability.h>
#include <linux/if_xdp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "callsite.h"

#ifndef SOL_XDP
#define SOL_XDP		283
#endif

/* Register a umem. Returns 0 or -errno. */
static int take(int fd, struct memory *m)
{
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)m->p,
		.len = m->size,
		.chunk_size = PAGE,
	};

	return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem,
			  sizeof(umem)) ? -errno : 0;
}

/*
 * A hole in the memory of a user whose locked memory is limited: what was charged
 * is taken back, or the same could not be had after some tries.
 */
TEST(short_umem)
{
	struct rlimit limit = { NR_SMALL * PAGE, NR_SMALL * PAGE };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { };
	struct memory m;
	int fd, i;

	SKIP_IF(memory_map(&m, ANON, false));
	fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, fd);
	munmap(m.p + 2 * PAGE, PAGE);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	/* One that is root but has no capabilities is limited, too. */
	ASSERT_EQ(0, syscall(SYS_capset, &header, none));
	for (i = 0; i < NR_SMALL; i++)
		EXPECT_EQ(-ENOMEM, take(fd, &m));
	ASSERT_NE(MAP_FAILED, mmap(m.p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				   -1, 0));
	EXPECT_EQ(0, take(fd, &m));
	close(fd);
	memory_unmap(&m);
}

TEST_HARNESS_MAIN
