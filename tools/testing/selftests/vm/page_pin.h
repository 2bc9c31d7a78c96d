/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests page_pin_*.c share: a device that holds pages, what a process
 * and a device see of the same memory, and the counters of pins.  What a pin
 * promises is told in Documentation/core-api/pin_user_pages.rst.
 *
 * Pinning has gone wrong in many ways before. The tests that find each of them,
 * by the number of the trap:
 *
 *  1 counter moved after the last put	page_pin_unplug
 *  2 pin dropped as a reference	page_pin_inject, and that all pins are
 *					gone after each case; KUnit page_pin:
 *					abandoned_pin_is_not_counted
 *  3 garbage for pages without struct	page_pin_api: stops_before_*
 *  4 THP split, wrong counter		page_pin_race: pin_against_thp_split;
 *					KUnit page_pin: page_that_*
 *  5 lockless pin against fork		page_pin_race: pin_against_fork*
 *  6 fork shares a huge page		page_pin_fork: fork.thp*, fork.hugetlb*
 *  7 swap cache			page_pin_reclaim: pageout_*
 *  8 soft-dirty			page_pin_reclaim: soft_dirty_*
 *  9 others replace the page		page_pin_daemons, page_pin_replace
 * 10 read-only long-term pin		page_pin_cow
 * 11 zero page overflows		page_pin_overflow: zero_page_*
 * 12 overflow tested on the old value	page_pin_overflow: refused_*;
 *					KUnit page_pin: overflow_*
 * 13 CMA, movable, endless retries	page_pin_longterm
 * 14 pins leak on -ENOMEM		page_pin_inject; page_pin_longterm:
 *					failure_to_move_a_page_returns_all
 * 15 per-CPU batches hold references	page_pin_longterm: page_in_a_batch_*
 * 16 tail pinned, head unpinned	page_pin_api: given_back_by_*
 * 17 reference given back as a pin	page_pin_misuse: unpin_of_get_*
 * 19 absurd sizes			page_pin_input
 * 20 a shared flag is always written	KUnit page_pin: mm_is_marked_only_once
 * 22 two counter updates a page	KUnit page_pin: parts_of_a_page_*,
 *					release_counts_*
 * 23 buffers taken from a pinned page	page_pin_reclaim: buffers_stay_*,
 *					what_the_device_writes_*
 *
 * 21, mmap_lock on another cache line, is a matter of the layout of structures:
 * compare offsetof(struct mm_struct, mmap_lock) with that of the kernel before.
 */
#ifndef PAGE_PIN_TESTS_H
#define PAGE_PIN_TESTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../../mm/gup_hold.h"
#include "../kselftest_harness.h"

#define PAGE		4096UL
#define MB		0x100000UL

/* Leave a case out. The machine lacks something, and the reason says what. */
#define SKIP_CASE(fmt, ...) \
	SKIP(_exit(255), "%s.%s: " fmt, _metadata->fixture->name, \
	     _metadata->name, ##__VA_ARGS__)

#define SKIP_IF(reason) do { \
	const char *__reason = (reason); \
	if (__reason) \
		SKIP_CASE("%s", __reason); \
} while (0)

/*
 * Small files of the kernel
 */

static inline int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* The number that follows @name at the start of a line, -1 without one. */
static inline long file_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);
	char line[256];
	long value = -1;

	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len))
			value = strtol(line + len + strspn(line + len, ": \t"),
				       NULL, 10);
	fclose(file);
	return value;
}

static inline long vmstat_of(const char *name)
{
	char with_blank[64];

	snprintf(with_blank, sizeof(with_blank), "%s ", name);
	return file_number("/proc/vmstat", with_blank);
}

/*
 * What a CPU has in its batches stays away from reclaim and migration, unless
 * it is that CPU who asks for them.
 */
static inline int stay_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Pins that are held now. Without counters there is nothing to compare: 0. */
static inline long pins_held(void)
{
	file_write("/proc/sys/vm/stat_refresh", "1");
	return vmstat_of("nr_foll_pin_acquired") - vmstat_of("nr_foll_pin_released");
}

/* Wait, for a second, until @cond is true. Returns whether it is. */
#define WAIT_FOR(cond) ({ \
	int __tries = 100; \
	while (!(cond) && --__tries) \
		usleep(10000); \
	!!__tries; \
})

/* Pins that nobody gives back; what is freed in the background gets a second. */
static inline long pins_left(void)
{
	WAIT_FOR(!pins_held());
	return pins_held();
}

/* What the process sees at an address. */
#define PAGEMAP_PFN		(0x7fffffffffffffULL)
#define PAGEMAP_SOFT_DIRTY	0x80000000000000ULL
#define PAGEMAP_SWAP		0x4000000000000000ULL
#define PAGEMAP_PRESENT		0x8000000000000000ULL

static inline __u64 pagemap_entry(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)addr / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return entry;
}

static inline bool soft_dirty(const void *addr)
{
	return pagemap_entry(addr) & PAGEMAP_SOFT_DIRTY;
}

/* 0 when no page is mapped there. */
static inline long pfn_of(const void *addr)
{
	__u64 entry = pagemap_entry(addr);

	return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_PFN : 0;
}

/*
 * Memory, in which some words, the probes, are looked at.  Small pages have one
 * each, a huge one has three.
 */

struct memory {
	char *p;
	size_t size;		/* bytes that are mapped and looked at */
	size_t page;		/* of one page */
	size_t step;		/* from one probe to the next */
	bool shared;
	int fd;			/* of the file, -1 without one */
	char *area;		/* what was mapped, p is aligned */
	size_t area_size;
};

#define FIRST_PROBE	8	/* the others follow by step bytes */

static inline __u64 probe_value(__u64 seed, size_t off)
{
	return seed * 0x9e3779b97f4a7c15ULL ^ off;
}

static inline void cpu_write(struct memory *m, __u64 seed)
{
	size_t off;

	for (off = FIRST_PROBE; off < m->size; off += m->step)
		__atomic_store_n((__u64 *)(m->p + off), probe_value(seed, off),
				 __ATOMIC_RELAXED);
}

/* How many probes are not what cpu_write() or dev_write() with @seed wrote. */
static inline int cpu_check(struct memory *m, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < m->size; off += m->step)
		wrong += __atomic_load_n((__u64 *)(m->p + off),
					 __ATOMIC_RELAXED) !=
			 probe_value(seed, off);
	return wrong;
}

/*
 * A device: an open gup_hold with one hold, of @m from @first on
 */

struct device {
	int fd;
	__u32 id;
	struct memory *m;
	size_t first;		/* byte in @m */
	size_t size;		/* bytes held */
	__u32 taken;
	int last;		/* see struct gup_hold_take */
	int ranges, stale;
};

static inline const char *dev_open(struct device *dev)
{
	memset(dev, 0, sizeof(*dev));
	dev->fd = open("/sys/kernel/debug/gup_hold", O_RDWR | O_CLOEXEC);
	return dev->fd < 0 ? "no /sys/kernel/debug/gup_hold" : NULL;
}

/* Take pages at any address. Returns how many, or -errno. */
static inline int dev_take_at(struct device *dev, const void *addr,
			      unsigned int nr, int kind, int flags,
			      unsigned int times)
{
	struct gup_hold_take take = {
		.addr = (uintptr_t)addr,
		.nr_pages = nr,
		.kind = kind,
		.flags = flags,
		.times = times,
	};
	int ret = ioctl(dev->fd, GUP_HOLD_TAKE, &take);

	dev->id = ret > 0 ? take.id : 0;
	dev->size = ret > 0 ? ret * PAGE : 0;
	dev->taken = take.taken;
	dev->last = take.last;
	dev->ranges = take.ranges;
	dev->stale = take.stale;
	return ret < 0 ? -errno : ret;
}

/* Take @m, or as much of it as can be had. */
static inline int dev_take(struct device *dev, struct memory *m, int kind,
			   int flags)
{
	dev->m = m;
	dev->first = 0;
	return dev_take_at(dev, m->p, m->size / PAGE, kind, flags, 1);
}

static inline int dev_io(struct device *dev, unsigned long cmd, void *buf,
			 size_t offset, size_t len)
{
	struct gup_hold_io io = {
		.id = dev->id,
		.len = len,
		.offset = offset,
		.buf = (uintptr_t)buf,
	};

	return ioctl(dev->fd, cmd, &io) ? -errno : 0;
}

/* The device writes what cpu_write() would. Returns what went wrong. */
static inline int dev_write(struct device *dev, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < dev->m->size; off += dev->m->step) {
		__u64 value = probe_value(seed, off);

		if (off < dev->first || off >= dev->first + dev->size)
			continue;
		wrong += !!dev_io(dev, GUP_HOLD_WRITE_DATA, &value,
				  off - dev->first, sizeof(value));
	}
	return wrong;
}

static inline int dev_check(struct device *dev, __u64 seed)
{
	int seen = 0, wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < dev->m->size; off += dev->m->step) {
		__u64 value = 0;

		if (off < dev->first || off >= dev->first + dev->size)
			continue;
		seen++;
		wrong += dev_io(dev, GUP_HOLD_READ, &value, off - dev->first,
				sizeof(value)) ||
			 value != probe_value(seed, off);
	}
	return seen ? wrong : -1;
}

static inline int dev_ask(struct device *dev, unsigned int first,
			  unsigned int nr, struct gup_hold_page *pages)
{
	struct gup_hold_ask ask = {
		.id = dev->id,
		.first = first,
		.nr_pages = nr,
		.pages = (uintptr_t)pages,
	};

	return ioctl(dev->fd, GUP_HOLD_ASK, &ask) ? -errno : 0;
}

/* Does one page of the hold have a flag, GUP_HOLD_IS_PINNED and so on? */
static inline bool dev_is(struct device *dev, unsigned int index, __u32 flag)
{
	struct gup_hold_page page = { 0 };

	return !dev_ask(dev, index, 1, &page) && page.flags & flag;
}

static inline int dev_give_some(struct device *dev, unsigned int first,
				unsigned int nr, int flags)
{
	struct gup_hold_give give = {
		.id = dev->id,
		.first = first,
		.nr_pages = nr,
		.flags = flags,
	};

	return ioctl(dev->fd, GUP_HOLD_GIVE, &give) ? -errno : 0;
}

static inline int dev_give(struct device *dev, int flags)
{
	return dev_give_some(dev, 0, 0, flags);
}

static inline void dev_close(struct device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

/*
 * Coherent: what one side writes the other one sees. Returns what went wrong
 * as a number whose digits say where: 1 the process does not see what the
 * device wrote, 10 the device does not see what the process wrote.
 */
static inline int incoherent(struct device *dev, struct memory *m,
			     __u64 seed)
{
	int wrong = 0;

	if (dev_write(dev, seed) || cpu_check(m, seed))
		wrong += 1;
	cpu_write(m, seed + 1);
	if (dev_check(dev, seed + 1))
		wrong += 10;
	/* Only now has a page that was moved by the write been found out. */
	if (dev_write(dev, seed + 2) || cpu_check(m, seed + 2))
		wrong += 100;
	return wrong;
}

#endif /* PAGE_PIN_TESTS_H */
