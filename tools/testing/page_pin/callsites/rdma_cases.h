/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases of a driver that pins memory regions, whose name is RDMA_TYPE. The
 * drivers differ in how they do so, and the clients do not.
 */
#include "rdma.h"

FIXTURE(region)
{
	struct rdma r;
};

FIXTURE_VARIANT(region)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(region, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(region, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(region, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(region, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(region)
{
	self->r.type = RDMA_TYPE;
	self->r.access = ALL_ACCESS;
	SKIP_IF(rdma_link(self->r.type));
	SKIP_IF(memory_map(&self->r.m, variant->kind, variant->shared));
	SKIP_IF(memory_map(&self->r.other, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(region)
{
	rdma_end(&self->r);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, pinned_vm());
}

TEST_F(region, data_arrives)
{
	struct rdma *r = &self->r;
	int pages = memory_pages(&r->m);

	ASSERT_EQ(NULL, rdma_connected(r));
	EXPECT_EQ(0, pins_held());
	ASSERT_EQ(0, rdma_take(r));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages, pinned_vm());
	rdma_give(r);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, pinned_vm());

	ASSERT_EQ(0, rdma_take_both(r));
	EXPECT_EQ(2 * pages, pins_held());
	cpu_write(&r->m, 1);
	EXPECT_FINE(rdma_copy(r, false));
	EXPECT_TRUE(WAIT_FOR(!cpu_check(&r->other, 1)));
	cpu_write(&r->other, 2);
	EXPECT_FINE(rdma_copy(r, true));
	EXPECT_EQ(0, cpu_check(&r->m, 2));
	EXPECT_EQ(2 * pages, pins_held());
}

/* The device stays with the process that has registered the memory. */
TEST_F(region, forked)
{
	struct rdma *r = &self->r;
	struct child child = { };

	ASSERT_EQ(NULL, rdma_connected(r));
	ASSERT_EQ(0, rdma_take_both(r));
	ASSERT_EQ(0, child_fork(&child, &r->m));
	cpu_write(&r->m, 3);
	EXPECT_FINE(rdma_copy(r, false));
	if (!variant->shared)
		EXPECT_EQ(0, child_do(&child, 'c', 0));
	child_end(&child);
	EXPECT_TRUE(WAIT_FOR(!cpu_check(&r->other, 3)));
	cpu_write(&r->other, 4);
	EXPECT_FINE(rdma_copy(r, true));
	EXPECT_EQ(0, cpu_check(&r->m, 4));
}

TEST_F(region, killed)
{
	EXPECT_FINE(kill_holder(rdma_hold, &self->r,
				memory_pages(&self->r.m)));
}

TEST_F(region, fail_nth)
{
	struct rdma *r = &self->r;
	int i;

	ASSERT_EQ(0, rdma_device(r));
	/* The library has its memory after that. */
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, rdma_take(r));
		rdma_give(r);
	}
	EXPECT_FINE(fail_each(rdma_take, rdma_give, r, NULL));
	EXPECT_EQ(0, pinned_vm());
}

/* Small pages, in numbers of all kinds. */
FIXTURE(small)
{
	struct rdma r;
};

FIXTURE_SETUP(small)
{
	self->r.type = RDMA_TYPE;
	self->r.access = ALL_ACCESS;
	SKIP_IF(rdma_link(self->r.type));
	SKIP_IF(memory_map(&self->r.m, ANON, false));
	ASSERT_EQ(0, rdma_device(&self->r));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(small)
{
	rdma_end(&self->r);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, pinned_vm());
}

#define MANY	1700L

/* More than a driver pins, keeps or releases at once. Returns NULL or a reason. */
static const char *map_many(struct memory *m)
{
	const char *why;
	long i;

	memory_unmap(m);
	m->size = MANY * PAGE;
	why = map_small(m);
	if (why)
		return why;
	/* Every other page first, so that few of them follow each other. */
	for (i = 0; i < MANY; i += 2)
		m->p[i * PAGE] = 1;
	cpu_write(m, 0);
	return NULL;
}

TEST_F(small, many_pages)
{
	struct rdma *r = &self->r;

	ASSERT_EQ(NULL, map_many(&r->m));
	ASSERT_EQ(0, rdma_take(r));
	EXPECT_EQ(MANY, pins_held());
	EXPECT_EQ(MANY, pinned_vm());
	rdma_give(r);
	EXPECT_EQ(0, pins_left());

	/* All but the last one. */
	munmap(r->m.p + (MANY - 1) * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, rdma_take(r));
}

TEST_F(small, many_pages_fail_nth)
{
	struct rdma *r = &self->r;

	ASSERT_EQ(NULL, map_many(&r->m));
	ASSERT_EQ(0, rdma_take(r));
	rdma_give(r);
	EXPECT_FINE(fail_each(rdma_take, rdma_give, r, NULL));
}

/* A hole in the memory: nothing is left of what was before it. */
TEST_F(small, hole)
{
	struct rdma *r = &self->r;

	munmap(r->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, rdma_take(r));
}

TEST_F(small, absurd_sizes)
{
	static const size_t absurd[] = {
		1UL << 43, 1UL << 44, (1UL << 44) + PAGE, ~0UL - PAGE, ~0UL,
	};
	struct rdma *r = &self->r;
	size_t size = r->m.size;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(absurd); i++) {
		r->m.size = absurd[i];
		err = rdma_take(r);
		EXPECT_TRUE(err == -EINVAL || err == -ENOMEM ||
			    err == -EFAULT) {
			TH_LOG("%d for 0x%lx bytes", err, absurd[i]);
		}
		EXPECT_EQ(0, pins_left());
		EXPECT_EQ(0, pinned_vm());
	}
	r->m.size = size;
}

FIXTURE(shared_file)
{
	struct rdma r;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	self->r.type = RDMA_TYPE;
	self->r.access = ALL_ACCESS;
	SKIP_IF(rdma_link(self->r.type));
	SKIP_IF(memory_map(&self->r.m, variant->kind, true));
	SKIP_IF(memory_map(&self->r.other, ANON, false));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	rdma_end(&self->r);
	EXPECT_EQ(0, pins_left());
}

/* What the device wrote gets to the disk. */
TEST_F(shared_file, dirty)
{
	struct rdma *r = &self->r;
	int pages = memory_pages(&r->m);

	ASSERT_EQ(NULL, rdma_connected(r));
	ASSERT_EQ(0, rdma_take_both(r));
	cpu_write(&r->other, 5);
	EXPECT_FINE(write_back(&r->m));
	EXPECT_EQ(0, dirty_pages(&r->m));
	EXPECT_FINE(rdma_copy(r, true));
	rdma_give(r);
	EXPECT_EQ(pages, dirty_pages(&r->m));
	EXPECT_EQ(0, cpu_check(&r->m, 5));
	EXPECT_FINE(data_lost(&r->m));
}

/* What it could only read stays as clean as it was. */
TEST_F(shared_file, read_only_stays_clean)
{
	struct rdma *r = &self->r;

	r->access = IBV_ACCESS_REMOTE_READ;
	ASSERT_EQ(NULL, rdma_connected(r));
	cpu_write(&r->m, 6);
	ASSERT_EQ(0, rdma_take_both(r));
	EXPECT_FINE(write_back(&r->m));
	EXPECT_FINE(rdma_copy(r, false));
	EXPECT_TRUE(WAIT_FOR(!cpu_check(&r->other, 6)));
	rdma_give(r);
	EXPECT_EQ(0, dirty_pages(&r->m));
}

TEST_HARNESS_MAIN
