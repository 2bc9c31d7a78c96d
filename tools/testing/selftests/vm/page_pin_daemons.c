// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned memory and those who replace pages on their own: KSM, khugepaged, NUMA
 * balancing; and memory that is taken offline.  For each there is memory beside
 * the pinned one to which it happens, or the case is left out.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <time.h>

#include "page_pin_memory.h"
#include "page_pin_numa.h"

/* A daemon is given this long, in its own rounds or at most in seconds. */
#define ROUNDS	4
#define SECONDS	20

FIXTURE(daemon)
{
	struct memory m;	/* pinned */
	struct memory other;	/* not pinned */
	struct device dev;
	long pfn;
	int flags;
};

FIXTURE_VARIANT(daemon)
{
	bool read_only;
};

FIXTURE_SETUP(daemon)
{
	stay_on_cpu(0);
	self->flags = variant->read_only ? 0 : GUP_HOLD_WRITE;
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(daemon)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->other);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(daemon, writable) { .read_only = false };
FIXTURE_VARIANT_ADD(daemon, read_only) { .read_only = true };

static int take(struct _test_data_daemon *self)
{
	int ret = dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
			   self->flags);

	self->pfn = pfn_of(self->m.p);
	return ret;
}

static int differs(struct _test_data_daemon *self, __u64 seed)
{
	if (self->flags & GUP_HOLD_WRITE)
		return incoherent(&self->dev, &self->m, seed);
	cpu_write(&self->m, seed);
	return dev_check(&self->dev, seed);
}

static long number_in(const char *path)
{
	return file_number(path, "");
}

/* Wait for some rounds of a daemon, or until @cond. */
#define WAIT_ROUNDS(path, cond) ({ \
	const char *__path = (path); \
	long __end = number_in(__path) + ROUNDS; \
	int __tries = SECONDS * 100; \
	while (!(cond) && number_in(__path) < __end && --__tries) \
		usleep(10000); \
})

#define KSM "/sys/kernel/mm/ksm/"

static void ksm_start(void)
{
	file_write(KSM "sleep_millisecs", "0");
	file_write(KSM "pages_to_scan", "10000");
	file_write(KSM "run", "1");
}

/*
 * Refusal: a page with the same content as others stays where the device has
 * it, and coherent.
 */
TEST_F(daemon, ksm_leaves_a_pinned_page)
{
	SKIP_IF(memory_map(&self->m, ANON, false));
	SKIP_IF(memory_map(&self->other, ANON, false));
	memset(self->m.p, 0x5a, self->m.size);
	memset(self->other.p, 0x5a, self->other.size);
	ASSERT_EQ(NR_SMALL, take(self));
	if (madvise(self->m.p, self->m.size, MADV_MERGEABLE) ||
	    madvise(self->other.p, self->other.size, MADV_MERGEABLE))
		SKIP_CASE("the kernel has no KSM");

	ksm_start();
	WAIT_ROUNDS(KSM "full_scans", false);
	EXPECT_EQ(pfn_of(self->other.p), pfn_of(self->other.p + PAGE));
	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_FALSE(dev_is(&self->dev, 0, GUP_HOLD_IS_KSM));
	EXPECT_EQ(0, differs(self, 100));
	file_write(KSM "run", "2");
	file_write(KSM "run", "0");
}

/* Coherent: to pin a merged page for writing takes it out of the merge. */
TEST_F(daemon, ksm_page_is_left_by_who_pins_it_for_writing)
{
	if (!self->flags)
		self->flags = GUP_HOLD_LONGTERM;
	SKIP_IF(memory_map(&self->m, ANON, false));
	SKIP_IF(memory_map(&self->other, ANON, false));
	memset(self->m.p, 0x5a, self->m.size);
	memset(self->other.p, 0x5a, self->other.size);
	if (madvise(self->m.p, self->m.size, MADV_MERGEABLE) ||
	    madvise(self->other.p, self->other.size, MADV_MERGEABLE))
		SKIP_CASE("the kernel has no KSM");

	ksm_start();
	WAIT_ROUNDS(KSM "full_scans",
		    pfn_of(self->m.p) == pfn_of(self->other.p));
	file_write(KSM "run", "0");
	ASSERT_EQ(pfn_of(self->m.p), pfn_of(self->other.p));
	ASSERT_EQ(NR_SMALL, take(self));
	cpu_write(&self->m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	EXPECT_EQ(0, differs(self, 200));
	EXPECT_EQ(0x5a, self->other.p[0]);
	file_write(KSM "run", "2");
	file_write(KSM "run", "0");
}

#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

/* 2 MB of small pages, at an address where a huge page could be. */
static const char *map_small_2m(struct memory *m)
{
	const char *why;

	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->page = PAGE;
	m->size = 2 * MB;
	m->step = MB / 2;
	m->area_size = 2 * m->size;
	why = map_area(m, MAP_NORESERVE);
	if (why)
		return why;
	m->p = (char *)(((uintptr_t)m->area + m->size - 1) & ~(m->size - 1));
	madvise(m->p, m->size, MADV_NOHUGEPAGE);
	memset(m->p, 1, m->size);
	cpu_write(m, 0);
	return is_thp(m->p) ? "memory is in huge pages already" : NULL;
}

/* Refusal: small pages are not made a huge one as long as one is pinned. */
TEST_F(daemon, khugepaged_leaves_a_pinned_page)
{
	SKIP_IF(map_small_2m(&self->m));
	SKIP_IF(map_small_2m(&self->other));
	ASSERT_EQ(512, take(self));
	/* The one with a probe has to be enough. */
	ASSERT_EQ(0, dev_give_some(&self->dev, 1, 511, 0));
	self->dev.size = PAGE;

	file_write(KHUGEPAGED "scan_sleep_millisecs", "0");
	file_write(KHUGEPAGED "alloc_sleep_millisecs", "0");
	file_write(KHUGEPAGED "pages_to_scan", "100000");
	if (madvise(self->m.p, self->m.size, MADV_HUGEPAGE) ||
	    madvise(self->other.p, self->other.size, MADV_HUGEPAGE))
		SKIP_CASE("the kernel has no transparent huge pages");
	WAIT_ROUNDS(KHUGEPAGED "full_scans", is_thp(self->other.p));
	EXPECT_TRUE(is_thp(self->other.p));
	WAIT_ROUNDS(KHUGEPAGED "full_scans", false);
	file_write(KHUGEPAGED "scan_sleep_millisecs", "10000");

	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_FALSE(is_thp(self->m.p));
	cpu_write(&self->m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	if (self->flags) {
		EXPECT_EQ(0, dev_write(&self->dev, 200));
		EXPECT_EQ(3, cpu_check(&self->m, 200));
	}
}

/*
 * What the machine does with its nodes and with all of its memory
 */

FIXTURE(node)
{
	struct memory m;
	struct memory other;
	struct device dev;
	long pfn;
};

FIXTURE_SETUP(node)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(node)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->other);
	EXPECT_EQ(0, pins_left());
}

#define SYSCTL "/proc/sys/kernel/"

/* Coherent: the page stays on its node, though used from another one. */
TEST_F(node, numa_balancing_leaves_a_pinned_page)
{
	int far = other_node(0), home, tries;

	if (far < 0)
		SKIP_CASE("there is only one node");
	ASSERT_EQ(0, memory_from(far));
	SKIP_IF(memory_map(&self->m, ANON, false));
	SKIP_IF(memory_map(&self->other, ANON, false));
	/* Only memory without a policy is balanced. */
	ASSERT_EQ(0, memory_from(-1));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m,
				     GUP_HOLD_PIN_FAST, GUP_HOLD_WRITE));
	self->pfn = pfn_of(self->m.p);
	home = node_of(self->m.p);
	ASSERT_EQ(home, node_of(self->other.p));

	if (file_write(SYSCTL "numa_balancing", "1"))
		SKIP_CASE("the kernel has no NUMA balancing");
	file_write(SYSCTL "numa_balancing_scan_delay_ms", "10");
	file_write(SYSCTL "numa_balancing_scan_period_min_ms", "10");
	file_write(SYSCTL "numa_balancing_scan_period_max_ms", "20");
	/* It comes to those who use the CPU, some thousand pages a time. */
	for (tries = 0; tries < 1000; tries++) {
		clock_t until = clock() + CLOCKS_PER_SEC / 50;

		cpu_write(&self->m, 50);
		cpu_write(&self->other, 50);
		if (node_of(self->other.p) != home)
			break;
		while (clock() < until)
			;
	}
	file_write(SYSCTL "numa_balancing", "0");
	if (node_of(self->other.p) == home)
		SKIP_CASE("nothing was balanced");
	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_EQ(0, dev_check(&self->dev, 50));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
}

/*
 * Refusal: memory with a pinned page does not go offline (EBUSY, or EINTR for
 * who loses patience). When the pin is gone it does.
 */
TEST_F(node, memory_with_a_pinned_page_stays_online)
{
	char path[128];
	int node = movable_node(), ret;

	if (node < 0)
		SKIP_CASE("no node has nothing but movable memory");
	ASSERT_EQ(0, memory_from(node));
	SKIP_IF(memory_map(&self->m, ANON, false));
	ASSERT_EQ(0, memory_from(-1));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m,
				     GUP_HOLD_PIN_FAST, GUP_HOLD_WRITE));
	self->pfn = pfn_of(self->m.p);
	ASSERT_EQ(node, node_of(self->m.p));
	ASSERT_TRUE(dev_is(&self->dev, 0, GUP_HOLD_IS_MOVABLE));
	ASSERT_NE(NULL, block_of(self->pfn, path, sizeof(path)));

	ret = block_offline(path, 2);
	EXPECT_TRUE(ret == -EBUSY || ret == -EINTR);
	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, block_offline(path, 20));
	EXPECT_EQ(0, block_online(path));
}

TEST_HARNESS_MAIN
