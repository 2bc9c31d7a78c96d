/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of memory that the tests page_pin_*.c pin, and a child process that
 * looks at them.
 */
#ifndef PAGE_PIN_MEMORY_H
#define PAGE_PIN_MEMORY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <linux/userfaultfd.h>
#include <mntent.h>
#include <sys/syscall.h>

#include "page_pin.h"

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#define MAP_HUGE_1GB	(30 << 26)
#endif

enum memory_kind {
	ANON,			/* pages of 4 KB; shared, they are shmem */
	THP,			/* a transparent huge page, mapped as one */
	THP_BY_PTE,		/* one that is mapped by small entries */
	HUGETLB_2M,
	HUGETLB_1G,
	MEMFD,			/* shmem, by a file */
	EXT4,			/* files on disk */
	XFS,
	SLOW,			/* ext4 on a slow disk that wants stable pages */
	DAX,			/* ext4 on memory, mapped without page cache */
};

#define NR_SMALL	4	/* small pages that memory has */

static inline int memory_pages(struct memory *m)
{
	return m->size / PAGE;
}

/* See Documentation/admin-guide/mm/pagemap.rst. */
#define KPAGE_REFERENCED	0x4ULL

/* How many of @nr small pages are known to be in use; -1 if it cannot be told. */
static inline int pages_referenced(const char *p, int nr)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int i, seen = 0;
	__u64 flags;

	for (i = 0; i < nr; i++) {
		if (pread(fd, &flags, 8, pfn_of(p + i * PAGE) * 8) != 8)
			break;
		seen += !!(flags & KPAGE_REFERENCED);
	}
	close(fd);
	return i < nr ? -1 : seen;
}

/* A folder for files: PAGE_PIN_DIR/name, else the first mount of that type. */
static inline const char *folder_of(const char *name, char *path, size_t size)
{
	const char *dir = getenv("PAGE_PIN_DIR");
	struct mntent *mount;
	FILE *mounts;

	if (dir) {
		snprintf(path, size, "%s/%s", dir, name);
		if (!access(path, W_OK))
			return path;
	}
	mounts = setmntent("/proc/mounts", "r");
	while (mounts && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, name) ||
		    access(mount->mnt_dir, W_OK))
			continue;
		snprintf(path, size, "%s", mount->mnt_dir);
		endmntent(mounts);
		return path;
	}
	if (mounts)
		endmntent(mounts);
	return NULL;
}

/* A file that nobody else knows, with blocks on disk for all of it. */
static inline int file_on(const char *name, size_t size)
{
	char path[512], folder[480];
	char page[PAGE];
	size_t off;
	int fd;

	if (!folder_of(name, folder, sizeof(folder)))
		return -1;
	snprintf(path, sizeof(path), "%s/page_pin.XXXXXX", folder);
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	unlink(path);
	memset(page, 0, sizeof(page));
	for (off = 0; off < size; off += PAGE)
		if (pwrite(fd, page, PAGE, off) != PAGE)
			return -1;
	fsync(fd);
	return fd;
}

static inline const char *map_area(struct memory *m, int flags)
{
	flags |= m->shared ? MAP_SHARED : MAP_PRIVATE;
	if (m->fd < 0)
		flags |= MAP_ANONYMOUS;
	m->area = mmap(NULL, m->area_size, PROT_READ | PROT_WRITE, flags,
		       m->fd, 0);
	m->p = m->area;
	return m->area == MAP_FAILED ? "memory of this kind cannot be mapped"
				     : NULL;
}

static inline const char *map_small(struct memory *m)
{
	const char *why;

	m->area_size = m->size;
	why = map_area(m, 0);
	if (!why)
		madvise(m->area, m->area_size, MADV_NOHUGEPAGE);
	return why;
}

static inline const char *map_file(struct memory *m, int fd)
{
	m->fd = fd;
	if (fd < 0)
		return "no file of this kind";
	return map_small(m);
}

static inline const char *map_memfd(struct memory *m)
{
	int fd = memfd_create("page_pin", MFD_CLOEXEC);

	return map_file(m, fd < 0 || ftruncate(fd, m->size) ? -1 : fd);
}

static inline const char *map_hugetlb(struct memory *m, int flags)
{
	m->area_size = m->size;
	return map_area(m, MAP_HUGETLB | flags) ? "no free huge page" : NULL;
}

/* Is what is mapped there a part of a huge page of the kernel's choice? */
static inline bool is_thp(const void *addr)
{
	struct device dev;
	bool thp;

	if (dev_open(&dev))
		return false;
	thp = dev_take_at(&dev, addr, 1, GUP_HOLD_GET_FAST, 0, 1) == 1 &&
	      dev_is(&dev, 0, GUP_HOLD_IS_THP);
	dev_close(&dev);
	return thp;
}

static inline const char *map_thp(struct memory *m, bool by_pte)
{
	const char *why;

	m->area_size = 2 * m->size;
	why = map_area(m, MAP_NORESERVE);
	if (why)
		return why;
	m->p = (char *)(((uintptr_t)m->area + m->size - 1) & ~(m->size - 1));
	madvise(m->p, m->size, MADV_HUGEPAGE);
	memset(m->p, 0, PAGE);
	if (!is_thp(m->p) || !is_thp(m->p + m->size - PAGE))
		return "no transparent huge page to be had";
	/* Without its last page it needs an entry for each of the others. */
	if (by_pte) {
		madvise(m->p + m->size - PAGE, PAGE, MADV_DONTNEED);
		m->size -= PAGE;
	}
	return NULL;
}

static inline void memory_size(struct memory *m, enum memory_kind kind)
{
	m->page = kind == HUGETLB_1G ? 1024 * MB :
		  kind == HUGETLB_2M || kind == THP || kind == THP_BY_PTE ?
		  2 * MB : PAGE;
	m->size = m->page == PAGE ? NR_SMALL * PAGE : m->page;
	m->step = m->page == PAGE ? PAGE : m->page / 2 - PAGE;
}

/*
 * Map some memory of one kind and write to it, with seed 0. Returns NULL, or why
 * there is none.
 */
static inline const char *memory_map(struct memory *m, enum memory_kind kind,
				     bool shared)
{
	const char *why;

	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->shared = shared;
	memory_size(m, kind);

	switch (kind) {
	case ANON:
		why = map_small(m);
		break;
	case THP:
	case THP_BY_PTE:
		why = map_thp(m, kind == THP_BY_PTE);
		break;
	case HUGETLB_2M:
		why = map_hugetlb(m, MAP_HUGE_2MB);
		break;
	case HUGETLB_1G:
		why = map_hugetlb(m, MAP_HUGE_1GB);
		break;
	case MEMFD:
		why = map_memfd(m);
		break;
	case EXT4:
		why = map_file(m, file_on("ext4", m->size));
		break;
	case XFS:
		why = map_file(m, file_on("xfs", m->size));
		break;
	case SLOW:
		why = map_file(m, file_on("slow", m->size));
		break;
	default:
		why = map_file(m, file_on("dax", m->size));
	}
	if (!why)
		cpu_write(m, 0);
	return why;
}

static inline void memory_unmap(struct memory *m)
{
	if (m->area && m->area != MAP_FAILED)
		munmap(m->area, m->area_size);
	/* One that was never mapped is all zeroes. */
	if (m->size && m->fd >= 0)
		close(m->fd);
	m->area = NULL;
	m->fd = -1;
}

/* A userfaultfd that can write-protect @m, or why there is none. */
static inline const char *uffd_open(struct memory *m, int *fd)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)m->p, .len = m->size },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*fd < 0 || ioctl(*fd, UFFDIO_API, &api))
		return "no userfaultfd that protects";
	if (ioctl(*fd, UFFDIO_REGISTER, &reg))
		return "memory of this kind cannot be protected";
	return NULL;
}

static inline int uffd_protect(int fd, struct memory *m, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)m->p, .len = m->size },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

/*
 * A child that does with the memory what it is told
 */

struct child {
	pid_t pid;
	int to, from;
};

struct child_order {
	char what;		/* w: write, c: check, u: unmap */
	__u64 seed;
};

static inline void child_serve(struct memory *m, int in, int out)
{
	struct child_order order;
	int result;

	while (read(in, &order, sizeof(order)) == sizeof(order)) {
		result = 0;
		if (order.what == 'w')
			cpu_write(m, order.seed);
		else if (order.what == 'c')
			result = cpu_check(m, order.seed);
		else
			result = munmap(m->area, m->area_size);
		if (write(out, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

/* Returns 0, or the errno of fork(). */
static inline int child_fork(struct child *child, struct memory *m)
{
	int to[2], from[2], err;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return errno;
	child->pid = fork();
	err = errno;
	if (!child->pid) {
		close(to[1]);
		close(from[0]);
		child_serve(m, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	child->to = to[1];
	child->from = from[0];
	return child->pid < 0 ? err : 0;
}

static inline int child_do(struct child *child, char what, __u64 seed)
{
	struct child_order order = { .what = what, .seed = seed };
	int result = -1;

	if (write(child->to, &order, sizeof(order)) != sizeof(order) ||
	    read(child->from, &result, sizeof(result)) != sizeof(result))
		return -1;
	return result;
}

static inline void child_end(struct child *child)
{
	close(child->to);
	close(child->from);
	if (child->pid > 0)
		waitpid(child->pid, NULL, 0);
}

#endif /* PAGE_PIN_MEMORY_H */
