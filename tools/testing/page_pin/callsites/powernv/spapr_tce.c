// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO in a logical partition of POWER: a page is pinned when it is mapped for
 * the device, and for as long.
 */
#include "../spapr.h"

struct client {
	struct memory m;
	struct edu edu;
};

static const char *client_open(struct client *c)
{
	return edu_open(&c->edu, VFIO_SPAPR_TCE_IOMMU);
}

static int take(void *arg)
{
	struct client *c = arg;

	return edu_map(&c->edu, c->m.p, c->m.size, c->edu.iova, EDU_BOTH_WAYS);
}

static int give(struct client *c)
{
	return edu_unmap(&c->edu, c->m.size, c->edu.iova);
}

static void release(void *arg)
{
	give(arg);
}

FIXTURE(mapped)
{
	struct client c;
};

FIXTURE_VARIANT(mapped)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(mapped, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(mapped, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(mapped)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(edu_find(&self->c.edu));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(mapped)
{
	edu_close(&self->c.edu);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* A page out to the device, and from there into another page. */
TEST_F(mapped, data_arrives)
{
	struct client *c = &self->c;
	struct edu *edu = &c->edu;

	ASSERT_EQ(NULL, client_open(c));
	cpu_write(&c->m, 1);
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(NR_SMALL, pins_held());
	EXPECT_TRUE(edu_copy(edu, edu->iova + PAGE, false));
	EXPECT_TRUE(edu_copy(edu, edu->iova + 3 * PAGE, true));
	EXPECT_EQ(0, memcmp(c->m.p + PAGE, c->m.p + 3 * PAGE, EDU_BYTES));
	/* All but the page that was copied over. */
	EXPECT_EQ(1, cpu_check(&c->m, 1));
	EXPECT_EQ(NR_SMALL, pins_held());
	EXPECT_EQ(0, give(c));
	EXPECT_EQ(0, pins_left());
}

/* Memory that the device may only read. */
TEST_F(mapped, read_only)
{
	struct client *c = &self->c;
	struct edu *edu = &c->edu;

	ASSERT_EQ(NULL, client_open(c));
	ASSERT_EQ(0, edu_map(edu, c->m.p, c->m.size, edu->iova,
			     VFIO_DMA_MAP_FLAG_READ));
	EXPECT_EQ(NR_SMALL, pins_held());
	EXPECT_TRUE(edu_copy(edu, edu->iova, false));
	EXPECT_EQ(0, give(c));
	EXPECT_EQ(0, pins_left());
}

/* Mapped again in the same place: each old page is given back. */
TEST_F(mapped, replaced)
{
	struct client *c = &self->c;

	ASSERT_EQ(NULL, client_open(c));
	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(NR_SMALL, pins_held());
	EXPECT_EQ(0, give(c));
	EXPECT_EQ(0, pins_left());
}

/* What is still mapped goes with the container. */
TEST_F(mapped, closed)
{
	struct client *c = &self->c;

	ASSERT_EQ(NULL, client_open(c));
	ASSERT_EQ(0, take(c));
	edu_close(&c->edu);
	EXPECT_EQ(0, pins_left());
}

/* A hole: what was pinned in front of it is given back. */
TEST_F(mapped, hole)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(NULL, client_open(c));
	munmap(c->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, take(c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

static int hold(void *arg)
{
	return client_open(arg) ? -ENODEV : take(arg);
}

TEST_F(mapped, killed)
{
	EXPECT_FINE(kill_holder(hold, &self->c, NR_SMALL));
}

/* Memory that is not there yet, so that it is allocated. */
static int take_untouched(void *arg)
{
	struct client *c = arg;

	if (c->m.shared)
		fallocate(c->m.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  0, c->m.size);
	else
		madvise(c->m.p, c->m.size, MADV_DONTNEED);
	return take(c);
}

static const int take_errors[] = { ENOMEM, EFAULT, 0 };

TEST_F(mapped, fail_nth)
{
	ASSERT_EQ(NULL, client_open(&self->c));
	EXPECT_FINE(fail_each(take_untouched, release, &self->c, take_errors));
}

/* What the device wrote to a file's pages gets to the disk. */
TEST(dirty)
{
	struct client c = { };
	struct edu *edu = &c.edu;

	SKIP_IF(memory_map(&c.m, EXT4, true));
	SKIP_IF(edu_find(edu));
	ASSERT_EQ(NULL, client_open(&c));
	cpu_write(&c.m, 1);
	ASSERT_EQ(0, take(&c));
	EXPECT_TRUE(edu_copy(edu, edu->iova, false));
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	EXPECT_TRUE(edu_copy(edu, edu->iova + PAGE, true));
	EXPECT_EQ(0, memcmp(c.m.p, c.m.p + PAGE, EDU_BYTES));
	EXPECT_EQ(0, give(&c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(&c.m), dirty_pages(&c.m));
	EXPECT_FINE(data_lost(&c.m));
	edu_close(edu);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
