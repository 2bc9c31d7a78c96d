// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator is told of pins: the counters of the machine and of its
 * nodes, the events in /proc/vmstat, and what dump_page() says of a page.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"
#include "page_pin_numa.h"

#include <errno.h>

/* Each count that moves with a pin: of the machine, and of one node. */
static const char * const count_name[] = {
	"nr_foll_pin_acquired", "nr_foll_pin_released",
	"foll_pin_fast", "foll_pin_slow", "foll_pin_backoff",
	"foll_pin_overflow", "nr_foll_pin_acquired", "nr_foll_pin_released",
};

enum count {
	ACQUIRED, RELEASED, BY_FAST, BY_SLOW, BACKOFF, OVERFLOW,
	NODE_ACQUIRED, NODE_RELEASED, NR_COUNTS
};

FIXTURE(report)
{
	struct memory m;
	struct device dev;
	int node;
	long before[NR_COUNTS];
};

static long read_count(struct _test_data_report *self, enum count which)
{
	char path[64], name[64];

	if (which < NODE_ACQUIRED)
		return vmstat_of(count_name[which]);
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/vmstat",
		 self->node);
	snprintf(name, sizeof(name), "%s ", count_name[which]);
	return file_number(path, name);
}

static void read_counts(struct _test_data_report *self, long *counts)
{
	enum count i;

	file_write("/proc/sys/vm/stat_refresh", "1");
	for (i = 0; i < NR_COUNTS; i++)
		counts[i] = read_count(self, i);
}

/* By how much a count has risen since begin_counting(). */
static long risen(struct _test_data_report *self, enum count which)
{
	long now[NR_COUNTS];

	read_counts(self, now);
	return now[which] - self->before[which];
}

FIXTURE_SETUP(report)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	if (vmstat_of("foll_pin_fast") < 0)
		SKIP_CASE("this kernel has no such events");
}

FIXTURE_TEARDOWN(report)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* Memory of one node, which counts from now on. */
static const char *begin_counting(struct _test_data_report *self,
				  enum memory_kind kind)
{
	const char *why = memory_map(&self->m, kind, false);

	if (why)
		return why;
	self->node = node_of(self->m.p);
	if (self->node < 0)
		return "the node of a page cannot be told";
	read_counts(self, self->before);
	return NULL;
}

/*
 * A pin is counted once, as what it was taken by, and on its node. Returns how
 * many counts have not risen as they should.
 */
static int wrong_counts(struct _test_data_report *self, long acquired,
			long released, long fast, long slow, long backoff)
{
	const long want[NR_COUNTS] = {
		acquired, released, fast, slow, backoff, 0, acquired, released,
	};
	long now[NR_COUNTS];
	int i, wrong = 0;

	read_counts(self, now);
	for (i = 0; i < NR_COUNTS; i++) {
		now[i] -= self->before[i];
		if (now[i] == want[i])
			continue;
		wrong++;
		printf("# %s%s rose by %ld, not %ld\n",
		       i < NODE_ACQUIRED ? "" : "node: ", count_name[i],
		       now[i], want[i]);
	}
	return wrong;
}

TEST_F(report, pins_without_a_lock_are_fast)
{
	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(0, wrong_counts(self, NR_SMALL, 0, NR_SMALL, 0, 0));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, wrong_counts(self, NR_SMALL, NR_SMALL, NR_SMALL, 0, 0));
}

TEST_F(report, pins_under_mmap_lock_are_slow)
{
	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_SLOW,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(0, wrong_counts(self, NR_SMALL, 0, 0, NR_SMALL, 0));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, wrong_counts(self, NR_SMALL, NR_SMALL, 0, NR_SMALL, 0));
}

/* The fast walk stops at a page that nobody touched, and leaves the rest. */
TEST_F(report, one_call_that_goes_both_ways)
{
	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(0, madvise(self->m.p + PAGE, PAGE, MADV_DONTNEED));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(NR_SMALL, risen(self, ACQUIRED));
	EXPECT_EQ(1, risen(self, BY_FAST));
	EXPECT_EQ(NR_SMALL - 1, risen(self, BY_SLOW));
	EXPECT_EQ(1, risen(self, BACKOFF));
}

TEST_F(report, huge_page_counts_each_base_page)
{
	SKIP_IF(begin_counting(self, THP));
	ASSERT_EQ(512, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				GUP_HOLD_WRITE));
	EXPECT_EQ(0, wrong_counts(self, 512, 0, 512, 0, 0));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, wrong_counts(self, 512, 512, 512, 0, 0));
}

TEST_F(report, plain_references_are_not_counted)
{
	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_GET_FAST,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(0, wrong_counts(self, 0, 0, 0, 0, 0));
}

/* A count that is full: the pins that were refused, and no other, are told. */
TEST_F(report, refused_pins_are_overflows)
{
	const unsigned int most = (1U << 21) - 1;

	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_PIN_SLOW,
				 GUP_HOLD_WRITE, most + 1));
	EXPECT_EQ(most, self->dev.taken);
	EXPECT_LT(0, risen(self, OVERFLOW));
	EXPECT_EQ(most, risen(self, ACQUIRED));
	EXPECT_EQ(most, risen(self, BY_SLOW));
}

/*
 * dump_page()
 */

/* What the kernel says while it dumps a page of the hold, in one piece. */
static int dump(struct device *dev, unsigned int page, char *text, size_t size)
{
	struct gup_hold_ask ask = { .id = dev->id, .first = page };
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (log < 0)
		return -errno;
	lseek(log, 0, SEEK_END);
	if (ioctl(dev->fd, GUP_HOLD_DUMP, &ask)) {
		close(log);
		return -errno;
	}
	while (used < size - 1) {
		n = read(log, text + used, size - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	text[used] = 0;
	close(log);
	return 0;
}

/* The number behind the last @name in what was said, -1 without. */
static long said(const char *text, const char *name)
{
	const char *p = text, *last = NULL;

	while ((p = strstr(p, name)))
		last = p += strlen(name);
	return last ? strtol(last, NULL, 0) : -1;
}

TEST_F(report, dump_of_a_huge_page_has_its_exact_count)
{
	char text[8192];

	SKIP_IF(begin_counting(self, THP));
	ASSERT_EQ(512, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				GUP_HOLD_WRITE));
	ASSERT_EQ(0, dump(&self->dev, 3, text, sizeof(text)));
	EXPECT_EQ(pfn_of(self->m.p), said(text, " head_pfn:"));
	EXPECT_EQ(pfn_of(self->m.p) + 3, said(text, " pfn:"));
	EXPECT_EQ(9, said(text, " order:"));
	EXPECT_EQ(1, said(text, " compound_mapcount:"));
	EXPECT_EQ(512, said(text, " pins:"));
}

TEST_F(report, dump_of_a_small_page_has_an_upper_bound)
{
	char text[8192];

	SKIP_IF(begin_counting(self, ANON));
	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_PIN_FAST,
				 GUP_HOLD_WRITE, 3));
	ASSERT_EQ(0, dump(&self->dev, 0, text, sizeof(text)));
	EXPECT_EQ(pfn_of(self->m.p), said(text, " pfn:"));
	EXPECT_EQ(3, said(text, "pins:<="));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_GET_FAST,
				 GUP_HOLD_WRITE, 1));
	ASSERT_EQ(0, dump(&self->dev, 0, text, sizeof(text)));
	EXPECT_EQ(0, said(text, "pins:"));
}

/*
 * A page that many map
 */

#define MANY	3000

/* It looks like a pinned one only to who takes each mapping for a reference. */
TEST_F(report, page_that_many_map_moves_unless_pinned)
{
	struct memory *m = &self->m;
	int i, away, status = 0;
	void *addr = NULL;
	char *p;

	SKIP_IF(memory_map(m, EXT4, true));
	addr = m->p;
	away = other_node(node_of(addr));
	if (away < 0)
		SKIP_CASE("there is only one node");
	for (i = 0; i < MANY; i++) {
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, m->fd, 0);
		ASSERT_NE(MAP_FAILED, (void *)p);
		ASSERT_EQ(m->p[FIRST_PROBE], p[FIRST_PROBE]);
	}
	ASSERT_EQ(1, dev_take_at(&self->dev, m->p, 1, GUP_HOLD_PIN_FAST,
				 GUP_HOLD_WRITE, 1));
	ASSERT_TRUE(dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED));
	ASSERT_EQ(0, syscall(SYS_move_pages, 0, 1UL, &addr, &away, &status,
			     MPOL_MF_MOVE_ALL));
	EXPECT_EQ(-EBUSY, status);
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));

	ASSERT_EQ(1, dev_take_at(&self->dev, m->p, 1, GUP_HOLD_GET_FAST,
				 0, 1));
	EXPECT_FALSE(dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	ASSERT_EQ(0, syscall(SYS_move_pages, 0, 1UL, &addr, &away, &status,
			     MPOL_MF_MOVE_ALL));
	EXPECT_EQ(away, status);
	EXPECT_EQ(away, node_of(addr));
}

TEST_HARNESS_MAIN
