/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the clients of the call sites share: a process that is killed while it
 * holds pins, allocations that fail, and data that must get to the disk.  The
 * rest is that of the self-tests: memory and its kinds, and the counters.
 *
 * A client makes a driver take pages as its users do, and looks at the data.
 * Each call site has the cases
 *
 *	data_arrives	pins are there while they should be, by the exact number,
 *			data goes both ways, and none is left
 *	killed		the client is killed while it holds them
 *	fail_nth	each allocation fails once while they are taken
 *	dirty		what is written to a file's pages gets to the disk
 *
 * The test harness has the names of a fixture followed by _data and _setup for
 * itself.  Libraries that a client needs stand in a comment of one line,
 * LIBS: -lname.
 */
#ifndef PAGE_PIN_CALLSITE_H
#define PAGE_PIN_CALLSITE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "page_pin_memory.h"

/* A text for EXPECT_STREQ() that says nothing is wrong. */
#define FINE	"fine"

/* Does @text, the result of a function below, say that all is well? */
#define EXPECT_FINE(text)	EXPECT_STREQ(FINE, text)
#define ASSERT_FINE(text)	ASSERT_STREQ(FINE, text)

/* WAIT_FOR() what other tasks of the kernel do, on a machine that is busy. */
#define WAIT_LONG(cond) ({ \
	int __more = 20; \
	while (!WAIT_FOR(cond) && --__more) \
		; \
	!!__more; \
})

/* Pins since boot. */
static inline long pins_taken(void)
{
	file_write("/proc/sys/vm/stat_refresh", "1");
	return vmstat_of("nr_foll_pin_acquired");
}

/*
 * Drivers
 */

/* Run a command line of the shell. Returns whether it succeeded. */
static inline bool shell(const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return !system(line);
}

/* A driver of this kernel, with its parameters; NULL, or why it is not there. */
static inline const char *load_driver(const char *name)
{
	return shell("modprobe %s", name) ? NULL : "a driver cannot be loaded";
}

/* A test driver, see modules/. */
static inline const char *load_module(const char *name)
{
	return shell("test -d /sys/module/%s || insmod \"$TOOLS\"/modules/%s.ko",
		     name, name) ? NULL : "a test module cannot be loaded";
}

/*
 * Memory of single pages of which hardly any two neighbours follow each other in
 * physical memory, with seed 0; @pages is no multiple of 7. Returns NULL, or why
 * there is none.
 */
static inline const char *memory_scattered(struct memory *m, int pages)
{
	char *from, *to;
	int i, follow = 0;

	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->page = PAGE;
	m->step = PAGE;
	m->size = pages * PAGE;
	m->area_size = m->size;
	from = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	to = mmap(NULL, m->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (from == MAP_FAILED || to == MAP_FAILED)
		return "no memory";
	madvise(from, m->size, MADV_NOHUGEPAGE);
	memset(from, 0, m->size);
	for (i = 0; i < pages; i++)
		if (mremap(from + i * PAGE, PAGE, PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED,
			   to + i * 7 % pages * PAGE) == MAP_FAILED)
			return "pages cannot be moved";
	m->area = to;
	m->p = to;
	for (i = 1; i < pages; i++)
		follow += pfn_of(m->p + i * PAGE) ==
			  pfn_of(m->p + (i - 1) * PAGE) + 1;
	if (follow > pages / 4)
		return "pages are not scattered";
	cpu_write(m, 0);
	return NULL;
}

/*
 * A client that is killed
 */

/*
 * Fork a child that calls @hold, which takes pins and keeps them, and returns 0;
 * kill it when it has exactly @pins of them, and see that all come back.
 */
static inline const char *kill_holder(int (*hold)(void *arg), void *arg,
				      long pins)
{
	static char why[128];
	long before = pins_held();
	int ready[2], status, ret = -1;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return "no pipe";
	pid = fork();
	if (pid < 0)
		return "no child";
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ret = hold(arg);
		if (write(ready[1], &ret, sizeof(ret)) != sizeof(ret))
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	strcpy(why, FINE);
	if (read(ready[0], &ret, sizeof(ret)) != sizeof(ret))
		snprintf(why, sizeof(why), "the child died by itself");
	else if (ret)
		snprintf(why, sizeof(why), "the child got %d", ret);
	else if (pins_held() - before != pins)
		snprintf(why, sizeof(why), "the child holds %ld pins, not %ld",
			 pins_held() - before, pins);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	WAIT_FOR(pins_held() == before);
	if (pins_held() != before)
		snprintf(why, sizeof(why), "%ld pins are left",
			 pins_held() - before);
	return why;
}

/*
 * Allocations that fail
 */

/* More than one system call that pins memory makes. */
#define MOST_ALLOCATIONS	4000

struct fail_nth {
	int fd;			/* of this thread's fail-nth */
	int nth;		/* the allocation that fails next */
	int hits;		/* how many did */
	int failed;		/* calls that returned an error */
	int error;		/* the last one */
};

static inline const char *fail_open(struct fail_nth *fail)
{
	memset(fail, 0, sizeof(*fail));
	fail->fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fail->fd < 0 ? "the kernel cannot make allocations fail" : NULL;
}

/*
 * From now on the next allocation but some fails.  What is touched until
 * fail_disarm() must have its page: a page fault may not fail.
 */
static inline void fail_arm(struct fail_nth *fail)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", ++fail->nth);

	if (pwrite(fail->fd, text, len, 0) != len)
		abort();
}

/* Nothing fails any more. Returns whether something did. */
static inline bool fail_disarm(struct fail_nth *fail)
{
	char text[16] = "";
	bool hit;

	if (pread(fail->fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	hit = !atoi(text);
	if (pwrite(fail->fd, "0", 1, 0) != 1)
		abort();
	fail->hits += hit;
	return hit;
}

/*
 * Fail the first allocation that @acquire makes, then the second one, and so on
 * until it makes no more.  It returns 0 or more, or -errno, and then nothing may
 * be left of it; @release (may be NULL) gives back what it took.  An error must
 * be one of @errors, which end with 0; NULL stands for ENOMEM.
 */
static inline const char *fail_each(int (*acquire)(void *arg),
				    void (*release)(void *arg), void *arg,
				    const int *errors)
{
	static const int no_memory[] = { ENOMEM, 0 };
	static char why[128];
	long before = pins_held();
	struct fail_nth fail;
	const int *error;
	bool hit;
	int ret;

	strcpy(why, FINE);
	if (fail_open(&fail))
		return "the kernel cannot make allocations fail";
	do {
		fail_arm(&fail);
		ret = acquire(arg);
		hit = fail_disarm(&fail);
		if (ret >= 0 && release)
			release(arg);
		if (ret < 0) {
			for (error = errors ?: no_memory;
			     *error && *error != -ret; error++)
				;
			fail.failed++;
			if (!*error) {
				snprintf(why, sizeof(why),
					 "error %d for allocation %d", -ret,
					 fail.nth);
				break;
			}
		}
		WAIT_FOR(pins_held() == before);
		if (pins_held() != before) {
			snprintf(why, sizeof(why),
				 "%ld pins are left after allocation %d, result %d",
				 pins_held() - before, fail.nth, ret);
			break;
		}
	} while (hit && fail.nth < MOST_ALLOCATIONS);
	close(fail.fd);
	if (strcmp(why, FINE))
		return why;
	fprintf(stderr, "# %d allocations failed, and %d calls with them\n",
		fail.hits, fail.failed);
	if (!fail.hits)
		return "no allocation failed";
	if (hit || ret < 0)
		return "it did not succeed in the end";
	return FINE;
}

/*
 * Data that must get to the disk.  Map a shared file with memory_map(), have the
 * driver take its pages, and write_back().  Have the driver write to them and
 * give them back: then dirty_pages() of them are dirty, and data_lost() finds
 * none.
 */

/* Write back what is dirty, as the kernel does at any moment. */
static inline const char *write_back(struct memory *m)
{
	return fsync(m->fd) ? "fsync failed" : FINE;
}

#define KPAGEFLAGS_DIRTY	0x10

/* How many of the pages that the process maps there are dirty, -1 on an error. */
static inline int dirty_pages(struct memory *m)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int dirty = 0;
	__u64 flags;
	size_t off;
	long pfn;

	if (fd < 0)
		return -1;
	for (off = 0; off < m->size; off += PAGE) {
		/* Map it, if writeback or reclaim did not leave it mapped. */
		__atomic_load_n(m->p + off, __ATOMIC_RELAXED);
		pfn = pfn_of(m->p + off);
		if (!pfn || pread(fd, &flags, 8, pfn * 8) != 8) {
			dirty = -1;
			break;
		}
		dirty += !!(flags & KPAGEFLAGS_DIRTY);
	}
	close(fd);
	return dirty;
}

/*
 * Compare what is on the disk after a writeback with what the process sees, past
 * the page cache.
 */
static inline const char *data_lost(struct memory *m)
{
	const char *why = FINE;
	char path[64], *disk;
	int fd;

	if (fsync(m->fd))
		return "fsync failed";
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return "the file cannot be read directly";
	disk = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (disk == MAP_FAILED || pread(fd, disk, m->size, 0) != m->size)
		why = "the file could not be read directly";
	else if (memcmp(disk, m->p, m->size))
		why = "data is lost";
	munmap(disk, m->size);
	close(fd);
	return why;
}

#endif /* PAGE_PIN_CALLSITE_H */
