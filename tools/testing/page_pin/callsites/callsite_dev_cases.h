/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases of all call sites that a test module drives by callsite_dev.h.  The
 * client says before it includes this what the module can do:
 *
 *	SITE		its name, of the module and of the device file
 *	SITE_WRITES	1 if its device writes to memory
 *	SITE_READS	1 if its device reads memory
 *	SITE_BLOCKS	1 if it takes pages and gives them back in one call
 *	SITE_SHORT	1 if it is content with fewer pages than asked for
 *	SITE_HOW	passed to the module, 0 if undefined
 *	SITE_DRIVERS	what modprobe has to load before, "" if undefined
 *	SITE_BYTES	how much it takes at once, if that is less than a huge
 *			page
 *	SITE_SMALL	how many small pages it takes, NR_SMALL if undefined
 */
#ifndef PAGE_PIN_CALLSITE_DEV_CASES_H
#define PAGE_PIN_CALLSITE_DEV_CASES_H

#include "callsite.h"
#include <pthread.h>

#include "modules/callsite_dev.h"

#ifndef SITE_HOW
#define SITE_HOW	0
#endif
#ifndef SITE_DRIVERS
#define SITE_DRIVERS	""
#endif
#ifndef SITE_BYTES
#define SITE_BYTES	(2 * MB)
#endif
#ifndef SITE_SMALL
#define SITE_SMALL	NR_SMALL
#endif

/* An open device file, and what it holds. */
struct site {
	int fd;
	struct memory *m;
	size_t first, size;	/* bytes of m */
	__u32 flags;
	pthread_t holder;	/* if SITE_BLOCKS: is in the ioctl */
	int result;		/* of that */
	bool done;		/* result is there */
	bool held;
};

static const char *site_load(void)
{
	const char *why = NULL;

	if (SITE_DRIVERS[0] && !shell("for d in %s; do modprobe $d || exit; done",
				      SITE_DRIVERS))
		why = "a driver cannot be loaded";
	return why ?: load_module(SITE);
}

/* As memory_map(), with as many small pages as the device wants. */
static const char *site_map(struct memory *m, enum memory_kind kind,
			    bool shared)
{
	const char *why;

	if (kind != ANON && kind != MEMFD)
		return memory_map(m, kind, shared);
	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->shared = shared;
	m->page = PAGE;
	m->step = PAGE;
	m->size = SITE_SMALL * PAGE;
	why = kind == ANON ? map_small(m) : map_memfd(m);
	if (!why)
		cpu_write(m, 0);
	return why;
}

static const char *site_open(struct site *s, struct memory *m)
{
	memset(s, 0, sizeof(*s));
	s->m = m;
	s->size = m->size < SITE_BYTES ? m->size : SITE_BYTES;
	s->flags = SITE_WRITES ? CALLSITE_TO_MEMORY : 0;
	s->fd = open("/dev/callsite_" SITE, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? "no /dev/callsite_" SITE : NULL;
}

static int site_pages(struct site *s)
{
	return (s->first % PAGE + s->size + PAGE - 1) / PAGE;
}

/* The ioctl itself. Returns 0 or -errno. */
static int site_take(struct site *s, __u32 flags)
{
	struct callsite_hold hold = {
		.addr = (uintptr_t)s->m->p + s->first,
		.len = s->size,
		.flags = s->flags | flags,
		.how = SITE_HOW,
	};

	return ioctl(s->fd, CALLSITE_HOLD, &hold) ? -errno : 0;
}

static int site_io(struct site *s, unsigned long cmd, void *buf, size_t off,
		   size_t len)
{
	struct callsite_io io = {
		.offset = off,
		.buf = (uintptr_t)buf,
		.len = len,
	};

	return ioctl(s->fd, cmd, &io) ? -errno : 0;
}

static void *site_holder(void *arg)
{
	struct site *s = arg;

	s->result = site_take(s, 0);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Take the pages; when it returns 0 they are held. */
static int site_hold(struct site *s)
{
	char byte;
	int ret;

	if (!SITE_BLOCKS) {
		ret = site_take(s, 0);
		s->held = !ret;
		return ret;
	}
	s->done = false;
	if (pthread_create(&s->holder, NULL, site_holder, s))
		return -EAGAIN;
	while (site_io(s, CALLSITE_READ, &byte, 0, 1)) {
		if (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE)) {
			pthread_join(s->holder, NULL);
			return s->result ?: -ENODATA;
		}
		usleep(1000);
	}
	s->held = true;
	return 0;
}

/* Give them back. Returns 0, or what went wrong with the call that held them. */
static int site_release(struct site *s)
{
	int ret = ioctl(s->fd, CALLSITE_RELEASE) ? -errno : 0;

	s->held = false;
	if (!SITE_BLOCKS)
		return ret;
	pthread_join(s->holder, NULL);
	return ret ?: s->result;
}

static void site_close(struct site *s)
{
	if (s->held)
		site_release(s);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* The device writes what cpu_write() would. Returns what went wrong. */
static int site_write(struct site *s, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < s->m->size; off += s->m->step) {
		__u64 value = probe_value(seed, off);

		if (off >= s->first && off < s->first + s->size)
			wrong += !!site_io(s, CALLSITE_WRITE, &value,
					   off - s->first, sizeof(value));
	}
	return wrong;
}

/* How many probes the device does not see as cpu_write() wrote them. */
static int site_check(struct site *s, __u64 seed)
{
	int seen = 0, wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < s->m->size; off += s->m->step) {
		__u64 value = 0;

		if (off < s->first || off >= s->first + s->size)
			continue;
		seen++;
		wrong += site_io(s, CALLSITE_READ, &value, off - s->first,
				 sizeof(value)) ||
			 value != probe_value(seed, off);
	}
	return seen ? wrong : -1;
}

/* As cpu_check(), of what the device has. */
static int process_check(struct site *s, __u64 seed)
{
	struct memory part = *s->m;

	part.size = s->first + s->size;
	return cpu_check(&part, seed);
}

FIXTURE(site)
{
	struct memory m;
	struct site s;
};

FIXTURE_VARIANT(site)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(site, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(site, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(site, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(site, hugetlb) { .kind = HUGETLB_2M };

FIXTURE_SETUP(site)
{
	self->s.fd = -1;
	SKIP_IF(site_load());
	SKIP_IF(site_map(&self->m, variant->kind, variant->shared));
	SKIP_IF(site_open(&self->s, &self->m));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(site)
{
	site_close(&self->s);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* As many pins as pages while they are held, data both ways, none after. */
TEST_F(site, data_arrives)
{
	struct site *s = &self->s;
	long taken = pins_taken();

	cpu_write(&self->m, 1);
	ASSERT_EQ(0, site_hold(s));
	EXPECT_EQ(site_pages(s), pins_held());
	EXPECT_EQ(site_pages(s), pins_taken() - taken);
	if (SITE_READS)
		EXPECT_EQ(0, site_check(s, 1));
	if (SITE_WRITES) {
		EXPECT_EQ(0, site_write(s, 2));
		EXPECT_EQ(0, process_check(s, 2));
	}
	EXPECT_EQ(0, site_release(s));
	EXPECT_EQ(0, pins_left());
	if (SITE_WRITES)
		EXPECT_EQ(0, process_check(s, 2));
}

#if SITE_WRITES
/* A device that only reads may be left with an old page. */
TEST_F(site, stays_with_the_parent_of_a_fork)
{
	struct child child = { };

	ASSERT_EQ(0, site_hold(&self->s));
	ASSERT_EQ(0, child_fork(&child, &self->m));
	cpu_write(&self->m, 3);
	EXPECT_EQ(0, site_check(&self->s, 3));
	EXPECT_EQ(0, site_write(&self->s, 4));
	EXPECT_EQ(0, process_check(&self->s, 4));
	child_end(&child);
	EXPECT_EQ(0, site_release(&self->s));
}
#endif

static int hold_alone(void *arg)
{
	struct site *s = arg;
	const char *why = site_open(s, s->m);

	return why ? -ENODEV : site_hold(s);
}

TEST_F(site, killed)
{
	EXPECT_FINE(kill_holder(hold_alone, &self->s, site_pages(&self->s)));
}

/* Private memory in small pages. */
FIXTURE(small)
{
	struct memory m;
	struct site s;
};

FIXTURE_SETUP(small)
{
	self->s.fd = -1;
	SKIP_IF(site_load());
	SKIP_IF(site_map(&self->m, ANON, false));
	SKIP_IF(site_open(&self->s, &self->m));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(small)
{
	site_close(&self->s);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* A page that cannot be faulted in is EFAULT, or fewer pages: EINVAL. */
static const int site_errors[] = { ENOMEM, EFAULT, EINVAL, 0 };

static int take_untouched(void *arg)
{
	struct site *s = arg;

	madvise(s->m->p, s->m->size, MADV_DONTNEED);
	return site_take(s, CALLSITE_NO_WAIT);
}

static void give_taken(void *arg)
{
	struct site *s = arg;

	if (!SITE_BLOCKS)
		ioctl(s->fd, CALLSITE_RELEASE);
}

/* With memory that has to be faulted in, which takes allocations as well. */
TEST_F(small, fail_nth)
{
	EXPECT_FINE(fail_each(take_untouched, give_taken, &self->s,
			      site_errors));
}

/* Two pages, and nothing behind them. */
TEST_F(small, short_pin_is_given_back)
{
	struct site *s = &self->s;
	long taken;

	munmap(self->m.p + 2 * PAGE, self->m.size - 2 * PAGE);
	self->m.area_size = 2 * PAGE;
	taken = pins_taken();
	EXPECT_EQ(SITE_SHORT, !site_take(s, CALLSITE_NO_WAIT));
	s->held = SITE_SHORT && !SITE_BLOCKS;
	EXPECT_LE(1, pins_taken() - taken);
	if (s->held)
		EXPECT_EQ(0, site_release(s));
	EXPECT_EQ(0, pins_left());
}

/* And nothing at all. */
TEST_F(small, no_memory_no_pins)
{
	struct site *s = &self->s;

	munmap(self->m.p, self->m.size);
	EXPECT_GT(0, site_take(s, CALLSITE_NO_WAIT));
	EXPECT_EQ(0, pins_left());
}

#if SITE_WRITES
FIXTURE(shared_file)
{
	struct memory m;
	struct site s;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	self->s.fd = -1;
	SKIP_IF(site_load());
	SKIP_IF(memory_map(&self->m, variant->kind, true));
	SKIP_IF(site_open(&self->s, &self->m));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	site_close(&self->s);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* Pages that are written back while they are held are written back again. */
TEST_F(shared_file, dirty)
{
	struct memory *m = &self->m;
	int pages = memory_pages(m);

	ASSERT_EQ(0, site_hold(&self->s));
	EXPECT_EQ(pages, pins_held());
	EXPECT_FINE(write_back(m));
	EXPECT_EQ(0, dirty_pages(m));
	EXPECT_EQ(0, site_write(&self->s, 5));
	EXPECT_EQ(0, site_release(&self->s));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(pages, dirty_pages(m));
	EXPECT_EQ(0, cpu_check(m, 5));
	EXPECT_FINE(data_lost(m));
}
#endif

#endif /* PAGE_PIN_CALLSITE_DEV_CASES_H */
