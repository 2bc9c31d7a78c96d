// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term pins stay out of memory that somebody wants to have back: CMA areas
 * and ZONE_MOVABLE.  Pages that are there are moved before they are pinned, or
 * the pin is refused and nothing is held.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"
#include "page_pin_numa.h"

FIXTURE(zone)
{
	struct memory m;
	struct device dev;
	struct device busy;	/* keeps a page from being moved */
	int node;
};

FIXTURE_VARIANT(zone)
{
	enum memory_kind kind;
	bool shared;
	bool cma;		/* else ZONE_MOVABLE */
	int take;
};

/* Must it be possible to take this page away? */
static bool is_lent(const void *addr)
{
	struct device dev;
	bool movable;

	if (dev_open(&dev) ||
	    dev_take_at(&dev, addr, 1, GUP_HOLD_GET_FAST, 0, 1) != 1)
		return false;
	movable = dev_is(&dev, 0, GUP_HOLD_IS_MOVABLE);
	dev_close(&dev);
	return movable || in_cma(pfn_of(addr));
}

static int lent_pages(struct memory *m)
{
	size_t off, step = m->page == PAGE ? PAGE : m->step;
	int lent = 0;

	for (off = 0; off < m->size; off += step)
		lent += is_lent(m->p + off);
	return lent;
}

/* Huge pages of hugetlb on that node have to be asked for. */
static void hugetlb_on(int node, const char *nr)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/node%d/hugepages/%s/nr_hugepages",
		 "/sys/devices/system/node", node, "hugepages-2048kB");
	file_write(path, nr);
}

/*
 * CMA memory is used for pages of processes only as long as more than half of
 * what is free there is CMA, so there may be some misses before.
 */
static const char *map_lent(struct _test_data_zone *self,
			    enum memory_kind kind, bool shared)
{
	const char *why;
	int tries;

	memory_from(self->node);
	for (tries = 0; tries < 20; tries++) {
		why = memory_map(&self->m, kind, shared);
		if (why || lent_pages(&self->m))
			break;
		/* Leave what is not lent to others, and try again. */
		self->m.fd = -1;
	}
	memory_from(-1);
	if (!why && tries == 20)
		why = "no pages of this kind come from there";
	return why;
}

FIXTURE_SETUP(zone)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	SKIP_IF(dev_open(&self->busy));
	ASSERT_EQ(0, pins_left());
	self->node = variant->cma ? cma_node() : movable_node();
	if (self->node < 0)
		SKIP_CASE("no node has %s", variant->cma ?
			  "CMA" : "nothing but movable memory");
	if (variant->kind == HUGETLB_2M)
		hugetlb_on(self->node, "4");
	SKIP_IF(map_lent(self, variant->kind, variant->shared));
}

FIXTURE_TEARDOWN(zone)
{
	dev_close(&self->dev);
	dev_close(&self->busy);
	memory_unmap(&self->m);
	if (self->m.page == 2 * MB)
		hugetlb_on(self->node, "0");
	EXPECT_EQ(0, pins_left());
}

#define BY_FAST		.take = GUP_HOLD_PIN_FAST
#define BY_SLOW		.take = GUP_HOLD_PIN_SLOW

FIXTURE_VARIANT_ADD(zone, movable_anon_fast) { .kind = ANON, BY_FAST };
FIXTURE_VARIANT_ADD(zone, movable_anon_slow) { .kind = ANON, BY_SLOW };
FIXTURE_VARIANT_ADD(zone, movable_anon_unlocked) {
	.kind = ANON, .take = GUP_HOLD_PIN_UNLOCKED };
FIXTURE_VARIANT_ADD(zone, movable_anon_remote) {
	.kind = ANON, .take = GUP_HOLD_PIN_REMOTE };
FIXTURE_VARIANT_ADD(zone, movable_anon_ranges_fast) {
	.kind = ANON, .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(zone, movable_anon_ranges_slow) {
	.kind = ANON, .take = GUP_HOLD_RANGES_SLOW };
FIXTURE_VARIANT_ADD(zone, movable_thp_ranges) {
	.kind = THP, .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(zone, movable_hugetlb_ranges) {
	.kind = HUGETLB_2M, .take = GUP_HOLD_RANGES_SLOW };
FIXTURE_VARIANT_ADD(zone, movable_thp_fast) { .kind = THP, BY_FAST };
FIXTURE_VARIANT_ADD(zone, movable_thp_slow) { .kind = THP, BY_SLOW };
FIXTURE_VARIANT_ADD(zone, movable_hugetlb_fast) { .kind = HUGETLB_2M, BY_FAST };
FIXTURE_VARIANT_ADD(zone, movable_memfd_fast) {
	.kind = MEMFD, .shared = true, BY_FAST };
FIXTURE_VARIANT_ADD(zone, movable_memfd_slow) {
	.kind = MEMFD, .shared = true, BY_SLOW };
FIXTURE_VARIANT_ADD(zone, movable_ext4_fast) {
	.kind = EXT4, .shared = true, BY_FAST };
FIXTURE_VARIANT_ADD(zone, movable_xfs_fast) {
	.kind = XFS, .shared = true, BY_FAST };
FIXTURE_VARIANT_ADD(zone, cma_anon_fast) { .kind = ANON, .cma = true, BY_FAST };
FIXTURE_VARIANT_ADD(zone, cma_anon_slow) { .kind = ANON, .cma = true, BY_SLOW };
FIXTURE_VARIANT_ADD(zone, cma_thp_fast) { .kind = THP, .cma = true, BY_FAST };
FIXTURE_VARIANT_ADD(zone, cma_memfd_fast) {
	.kind = MEMFD, .cma = true, .shared = true, BY_FAST };

/* Coherent, and out of there with all the pages and all the data. */
TEST_F(zone, longterm_pin_moves_the_pages_out)
{
	struct memory *m = &self->m;

	ASSERT_EQ(memory_pages(m),
		  dev_take(&self->dev, m, variant->take,
			   GUP_HOLD_WRITE | GUP_HOLD_LONGTERM));
	EXPECT_EQ(0, lent_pages(m));
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
	/* Only what is held still counts. */
	EXPECT_EQ(vmstat_of("nr_foll_pin_acquired") < 0 ? 0 : memory_pages(m),
		  pins_held());
}

/* The same for one page that is not the first one. */
TEST_F(zone, longterm_pin_moves_a_single_page_out)
{
	struct memory *m = &self->m;
	size_t off = m->size - 2 * PAGE;

	self->dev.m = m;
	self->dev.first = off;
	ASSERT_EQ(1, dev_take_at(&self->dev, m->p + off, 1, variant->take,
				 GUP_HOLD_WRITE | GUP_HOLD_LONGTERM, 1));
	EXPECT_FALSE(is_lent(m->p + off));
	EXPECT_EQ(0, cpu_check(m, 0));
	cpu_write(m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
}

/* A pin for a short time does not move anything. */
TEST_F(zone, short_pin_leaves_the_pages_where_they_are)
{
	struct memory *m = &self->m;
	long pfn = pfn_of(m->p);

	ASSERT_EQ(memory_pages(m), dev_take(&self->dev, m, variant->take,
					    GUP_HOLD_WRITE));
	EXPECT_EQ(pfn, pfn_of(m->p));
	EXPECT_NE(0, lent_pages(m));
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
}

/*
 * Refusal, with EBUSY: a page in the midst of others that somebody keeps where
 * it is. Nothing is held then, nor seems to be for whoever looks at the pages all
 * the same, nothing is lost, and it is not for ever.
 */
TEST_F(zone, failure_to_move_a_page_returns_all)
{
	struct memory *m = &self->m;
	size_t off = m->page == PAGE ? 2 * PAGE : 0;
	int flags = GUP_HOLD_WRITE | GUP_HOLD_LONGTERM;

	if (!is_lent(m->p + off))
		SKIP_CASE("the third page is not there");
	ASSERT_EQ(1, dev_take_at(&self->busy, m->p + off, 1,
				 GUP_HOLD_PIN_SLOW, GUP_HOLD_WRITE, 1));
	/* The slow walk: what the fast one has already may be returned. */
	EXPECT_EQ(-EBUSY, dev_take(&self->dev, m, GUP_HOLD_PIN_SLOW, flags));
	EXPECT_EQ(0, self->dev.stale);
	EXPECT_EQ(vmstat_of("nr_foll_pin_acquired") < 0 ? 0 : 1, pins_held());
	EXPECT_EQ(0, cpu_check(m, 0));
	ASSERT_EQ(0, dev_give(&self->busy, 0));
	ASSERT_EQ(memory_pages(m), dev_take(&self->dev, m, variant->take,
					    flags));
	EXPECT_EQ(0, lent_pages(m));
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
}

/*
 * Other ways to get there, small pages
 */

FIXTURE(movable)
{
	struct memory m;
	struct device dev;
	int node;
};

FIXTURE_SETUP(movable)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	self->node = movable_node();
	if (self->node < 0)
		SKIP_CASE("no node has nothing but movable memory");
}

FIXTURE_TEARDOWN(movable)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

static int take_longterm(struct _test_data_movable *self, int kind)
{
	return dev_take(&self->dev, &self->m, kind,
			GUP_HOLD_WRITE | GUP_HOLD_LONGTERM);
}

/* Coherent: a page that was just touched sits in a batch of its CPU. */
TEST_F(movable, page_in_a_batch_of_another_cpu_is_moved)
{
	if (stay_on_cpu(1))
		SKIP_CASE("there is only one CPU");
	memory_from(self->node);
	SKIP_IF(memory_map(&self->m, ANON, false));
	memory_from(-1);
	ASSERT_TRUE(is_lent(self->m.p));
	ASSERT_EQ(0, stay_on_cpu(0));
	ASSERT_EQ(NR_SMALL, take_longterm(self, GUP_HOLD_PIN_FAST));
	EXPECT_EQ(0, lent_pages(&self->m));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
}

/* Coherent: memory that nobody touched yet comes from elsewhere at once. */
TEST_F(movable, untouched_memory_is_born_elsewhere)
{
	struct memory *m = &self->m;
	long moved;

	memory_from(self->node);
	SKIP_IF(memory_map(m, ANON, false));
	ASSERT_TRUE(is_lent(m->p));
	/* Touched by the pin, with a policy that says to look there first. */
	ASSERT_EQ(0, madvise(m->p, m->size, MADV_DONTNEED));
	moved = vmstat_of("pgmigrate_success");
	ASSERT_EQ(NR_SMALL, take_longterm(self, GUP_HOLD_PIN_FAST));
	memory_from(-1);
	EXPECT_EQ(moved, vmstat_of("pgmigrate_success"));
	EXPECT_EQ(0, lent_pages(m));
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
}

/* One page in the midst of others that may stay. Returns what went wrong. */
static const char *move_one_of_many(struct _test_data_movable *self, int kind)
{
	struct memory *m = &self->m;
	char *one = m->p + m->size / 2;
	long pfn = pfn_of(m->p);

	if (madvise(one, PAGE, MADV_DONTNEED))
		return "the page does not go away";
	memory_from(self->node);
	cpu_write(m, 0);
	memory_from(-1);
	if (!is_lent(one))
		return "the page is not there";
	if (take_longterm(self, kind) != NR_SMALL)
		return "not all pages are pinned";
	if (lent_pages(m))
		return "the page was not moved";
	if (pfn_of(m->p) != pfn)
		return "another page was moved";
	return incoherent(&self->dev, m, 100) ? "not coherent" : "fine";
}

/* With the lock, and without it: each walk meets others of its block before. */
TEST_F(movable, only_the_page_that_is_there_is_moved)
{
	SKIP_IF(memory_map(&self->m, ANON, false));
	if (lent_pages(&self->m))
		SKIP_CASE("other pages have to be moved as well");
	EXPECT_STREQ("fine", move_one_of_many(self, GUP_HOLD_PIN_SLOW));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_STREQ("fine",
		     move_one_of_many(self, GUP_HOLD_RANGES_FAST));
}

/* Coherent: one page at several addresses of one call is moved once. */
TEST_F(movable, page_that_comes_twice_in_a_call)
{
	struct memory *m = &self->m;
	int i;

	memory_from(self->node);
	SKIP_IF(memory_map(m, MEMFD, true));
	memory_from(-1);
	ASSERT_TRUE(is_lent(m->p));
	for (i = 1; i < NR_SMALL; i++)
		ASSERT_EQ(m->p + i * PAGE,
			  (char *)mmap(m->p + i * PAGE, PAGE,
				       PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_FIXED, m->fd, 0));
	ASSERT_EQ(NR_SMALL, take_longterm(self, GUP_HOLD_PIN_FAST));
	EXPECT_EQ(0, lent_pages(m));
	for (i = 0; i < NR_SMALL; i++)
		EXPECT_EQ(pfn_of(m->p), pfn_of(m->p + i * PAGE));
}

/* What it is good for: the memory can be had back while all this is pinned. */
TEST_F(movable, memory_goes_offline_under_a_longterm_pin)
{
	char path[128];
	long pfn;

	memory_from(self->node);
	SKIP_IF(memory_map(&self->m, ANON, false));
	memory_from(-1);
	ASSERT_TRUE(is_lent(self->m.p));
	pfn = pfn_of(self->m.p);
	ASSERT_NE(NULL, block_of(pfn, path, sizeof(path)));
	ASSERT_EQ(NR_SMALL, take_longterm(self, GUP_HOLD_PIN_FAST));
	EXPECT_EQ(0, block_offline(path, 5));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
	block_online(path);
}

TEST_HARNESS_MAIN
