// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO's type 1 IOMMU: memory that a device reads and writes by DMA.
 */
#include "vfio.h"

#define FAR		0x40000000UL	/* what two tables of VT-d never share */

FIXTURE(type1)
{
	struct client c;
};

FIXTURE_VARIANT(type1)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(type1, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(type1, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(type1, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(type1, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(type1)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(type1)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(type1, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	SKIP_IF(open_edu(c));
	ASSERT_EQ(0, locked());
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages * PAGE / 1024, locked());
	EXPECT_EQ(0, edu_round(c, 1));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* What is not unmapped comes back with the last reference to the container. */
TEST_F(type1, closed)
{
	struct client *c = &self->c;

	SKIP_IF(open_edu(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	close_edu(c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, locked());
}

static int hold(void *arg)
{
	return open_edu(arg) ? -ENODEV : take(arg);
}

TEST_F(type1, killed)
{
	/* Only one process can have the group, so see here that it works. */
	SKIP_IF(open_edu(&self->c));
	close_edu(&self->c);
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m)));
}

/* Where nothing was mapped before, so that the IOMMU needs new tables. */
static int take_elsewhere(void *arg)
{
	struct client *c = arg;

	c->iova += FAR;
	return take(c);
}

TEST_F(type1, fail_nth)
{
	SKIP_IF(open_edu(&self->c));
	EXPECT_FINE(fail_each(take_elsewhere, give, &self->c, NULL));
	EXPECT_EQ(0, locked());
}

/* A device that only reads sees what the process writes after the pin. */
TEST(read_only)
{
	struct client c = { };
	size_t off = FIRST_PROBE;
	__u64 *word;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_edu(&c));
	/* Nothing, or the zero page, is mapped there. */
	madvise(c.m.p, c.m.size, MADV_DONTNEED);
	word = (__u64 *)(c.m.p + off);
	EXPECT_EQ(0, *word);
	ASSERT_EQ(0, map_flags(&c, VFIO_DMA_MAP_FLAG_READ));
	EXPECT_EQ(memory_pages(&c.m), pins_held());
	*word = 0x1234;
	EXPECT_TRUE(edu_dma(&c, off, false));
	EXPECT_EQ(c.m.size, unmap(&c));
	EXPECT_EQ(0, pins_held());
	/* What did it read? */
	ASSERT_EQ(0, take(&c));
	*word = 0;
	EXPECT_TRUE(edu_dma(&c, off, true));
	EXPECT_EQ(0x1234, *word);
	EXPECT_EQ(c.m.size, unmap(&c));
	close_edu(&c);
	memory_unmap(&c.m);
	EXPECT_EQ(0, pins_left());
}

/* A range with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(open_edu(&c));
	munmap(c.m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take(&c));
	EXPECT_LT(taken, pins_taken());
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, locked());
	close_edu(&c);
	memory_unmap(&c.m);
}

FIXTURE(shared_file)
{
	struct client c;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, true));
	SKIP_IF(open_edu(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_edu(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What the device writes after pages were written back gets to the disk too. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	size_t off = FIRST_PROBE + PAGE;

	cpu_write(&c->m, 6);
	ASSERT_EQ(0, take(c));
	/* The device gets the first word and writes it to another page. */
	EXPECT_TRUE(edu_dma(c, FIRST_PROBE, false));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_TRUE(edu_dma(c, off, true));
	EXPECT_EQ(c->m.size, unmap(c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_EQ(probe_value(6, FIRST_PROBE), *(__u64 *)(c->m.p + off));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
