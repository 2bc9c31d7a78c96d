// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins that are taken and given back on one CPU, while another one forks,
 * splits, unmaps or reclaims the memory.  All pages of it by one call, or one
 * page, for which the fast walk has a way of its own.  Each a number of rounds,
 * so a race that is lost seldom may be missed in one run.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <pthread.h>

#include "page_pin_memory.h"
#include "page_pin_numa.h"

#define FORKS		100
#define SPLITS		30
#define UNMAPS		200
#define RECLAIMS	60

FIXTURE(race)
{
	struct memory m;
	struct device dev;
	pthread_t thread;
	int stop;		/* tells the thread to end */
	long pins;		/* how often it got some */
	long wrong;		/* how often data was not what it should be */
	long errors;		/* how often something else went wrong */
	bool share;		/* others unmap the memory */
};

FIXTURE_VARIANT(race)
{
	bool single;		/* one page a call */
};

FIXTURE_VARIANT_ADD(race, all) { .single = false };
FIXTURE_VARIANT_ADD(race, single) { .single = true };

static void *pin_and_check(void *arg)
{
	struct _test_data_race *self = arg;
	__u64 seed = 1000;
	int ret;

	stay_on_cpu(1);
	while (!__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE)) {
		ret = dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
			       GUP_HOLD_WRITE);
		if (ret <= 0) {
			self->errors += ret != -EFAULT || !self->share;
			continue;
		}
		__atomic_add_fetch(&self->pins, 1, __ATOMIC_RELAXED);
		seed += 10;
		if (!self->share) {
			self->wrong += !!incoherent(&self->dev, &self->m,
						    seed);
		} else {
			/* The page is the device's, mapped or not. */
			self->wrong += !!dev_write(&self->dev, seed);
			sched_yield();
			self->wrong += !!dev_check(&self->dev, seed);
		}
		self->errors += !!dev_give(&self->dev, GUP_HOLD_DIRTY);
	}
	return NULL;
}

FIXTURE_SETUP(race)
{
	if (stay_on_cpu(1) || stay_on_cpu(0))
		SKIP_CASE("there is only one CPU");
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(race)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* Map memory, of which the device wants all or just the first page. */
static const char *race_map(struct _test_data_race *self,
			    const struct _fixture_variant_race *variant,
			    enum memory_kind kind)
{
	const char *why = memory_map(&self->m, kind, false);

	if (!why && variant->single)
		self->m.size = PAGE;
	return why;
}

static long pins_so_far(struct _test_data_race *self)
{
	return __atomic_load_n(&self->pins, __ATOMIC_RELAXED);
}

/* Start the thread and wait until it is at work. */
static int race_start(struct _test_data_race *self)
{
	long before = self->pins;
	int ret;

	self->stop = 0;
	ret = pthread_create(&self->thread, NULL, pin_and_check, self);
	if (!ret && !WAIT_FOR(pins_so_far(self) > before))
		ret = ETIMEDOUT;
	return ret;
}

/* Go on for @rounds, and longer if the thread had little time so far. */
static bool race_goes_on(struct _test_data_race *self, int i, int rounds)
{
	return i < rounds ||
	       (i < 100 * rounds && pins_so_far(self) < rounds);
}

static void race_end(struct _test_data_race *self)
{
	__atomic_store_n(&self->stop, 1, __ATOMIC_RELEASE);
	pthread_join(self->thread, NULL);
}

static void expect_good_race(struct __test_metadata *_metadata,
			     struct _test_data_race *self)
{
	EXPECT_LT(0, self->pins);
	EXPECT_EQ(0, self->wrong);
	EXPECT_EQ(0, self->errors);
}

static void forks(struct __test_metadata *_metadata,
		  struct _test_data_race *self)
{
	int i, status;
	pid_t pid;

	for (i = 0; race_goes_on(self, i, FORKS); i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
	}
}

/* Coherent, whether the pin is there before, during or after fork(). */
TEST_F(race, pin_against_fork)
{
	SKIP_IF(race_map(self, variant, ANON));
	ASSERT_EQ(0, race_start(self));
	forks(_metadata, self);
	race_end(self);
	expect_good_race(_metadata, self);
}

TEST_F(race, pin_against_fork_of_thp)
{
	SKIP_IF(race_map(self, variant, THP));
	ASSERT_EQ(0, race_start(self));
	forks(_metadata, self);
	race_end(self);
	expect_good_race(_metadata, self);
}

TEST_F(race, pin_against_fork_of_hugetlb)
{
	SKIP_IF(race_map(self, variant, HUGETLB_2M));
	ASSERT_EQ(0, race_start(self));
	forks(_metadata, self);
	race_end(self);
	expect_good_race(_metadata, self);
}

/* Pages from @p on that look pinned; nobody should hold a pin. */
static int pinned_pages(const char *p, int nr)
{
	struct device dev;
	int i, pinned = 0;

	if (dev_open(&dev) ||
	    dev_take_at(&dev, p, nr, GUP_HOLD_GET_FAST, 0, 1) != nr)
		return -1;
	for (i = 0; i < nr; i++)
		pinned += dev_is(&dev, i, GUP_HOLD_IS_PINNED);
	dev_close(&dev);
	return pinned;
}

/*
 * Coherent, and each pin comes off where it went on: the huge page and the small
 * ones that it is split into count in different places.
 */
TEST_F(race, pin_against_thp_split)
{
	int i, tries, splits = 0;

	for (i = 0; i < SPLITS; i++) {
		SKIP_IF(race_map(self, variant, THP));
		self->dev.m = &self->m;
		ASSERT_EQ(0, race_start(self));
		/* Giving up a part of it splits it, unless it is pinned. */
		for (tries = 0; tries < 100 && is_thp(self->m.p); tries++)
			madvise(self->m.p + MB, PAGE, MADV_FREE);
		splits += !is_thp(self->m.p);
		race_end(self);
		EXPECT_EQ(0, pinned_pages(self->m.p, 512));
		memory_unmap(&self->m);
	}
	expect_good_race(_metadata, self);
	EXPECT_LT(0, splits);
}

/* What is pinned stays the device's when the process unmaps it. */
TEST_F(race, pin_against_munmap)
{
	struct memory *m = &self->m;
	int i;

	SKIP_IF(race_map(self, variant, ANON));
	self->share = true;
	ASSERT_EQ(0, race_start(self));
	for (i = 0; race_goes_on(self, i, UNMAPS); i++) {
		ASSERT_EQ(0, munmap(m->p, m->size));
		ASSERT_EQ(m->p, (char *)mmap(m->p, m->size,
					     PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS |
					     MAP_FIXED, -1, 0));
		/* Not where the device writes. */
		memset(m->p + 16, i, 64);
	}
	race_end(self);
	expect_good_race(_metadata, self);
}

TEST_F(race, pin_against_munmap_of_thp)
{
	struct memory *m = &self->m;
	int i;

	SKIP_IF(race_map(self, variant, THP));
	self->share = true;
	ASSERT_EQ(0, race_start(self));
	for (i = 0; race_goes_on(self, i, UNMAPS / 4); i++) {
		ASSERT_EQ(0, madvise(m->p, m->page, MADV_DONTNEED));
		m->p[16] = i;
	}
	race_end(self);
	expect_good_race(_metadata, self);
}

/* Coherent: those who find no pin must not find one later, half-way. */
TEST_F(race, pin_against_reclaim_and_soft_dirty)
{
	struct memory *m = &self->m;
	int i;

	SKIP_IF(race_map(self, variant, ANON));
	ASSERT_EQ(0, race_start(self));
	for (i = 0; race_goes_on(self, i, RECLAIMS); i++) {
		madvise(m->p, m->size, MADV_PAGEOUT);
		file_write("/proc/self/clear_refs", "4");
		mprotect(m->p, m->size, PROT_READ | PROT_WRITE);
	}
	race_end(self);
	expect_good_race(_metadata, self);
}

TEST_F(race, pin_against_move_pages)
{
	struct memory *m = &self->m;
	int i, node = other_node(0);

	if (node < 0)
		SKIP_CASE("there is only one node");
	SKIP_IF(race_map(self, variant, ANON));
	ASSERT_EQ(0, race_start(self));
	for (i = 0; race_goes_on(self, i, RECLAIMS); i++)
		move_page(m->p, i & 1 ? node : 0);
	race_end(self);
	expect_good_race(_metadata, self);
}

TEST_HARNESS_MAIN
