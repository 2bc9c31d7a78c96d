// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO on POWER9: a process registers memory, which pins it, and then maps parts
 * of it for its device.
 */
#include "../spapr.h"

#define NR_PAGES	1024

struct client {
	struct memory m;
	struct edu edu;
};

static int registration(struct client *c, unsigned long cmd, void *p,
			size_t size)
{
	struct vfio_iommu_spapr_register_memory reg = {
		.argsz = sizeof(reg),
		.vaddr = (uintptr_t)p,
		.size = size,
	};
	int ret = ioctl(c->edu.container, cmd, &reg);

	return ret < 0 ? -errno : ret;
}

static int take(void *arg)
{
	struct client *c = arg;

	return registration(c, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, c->m.p,
			    c->m.size);
}

static int give(struct client *c)
{
	return registration(c, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, c->m.p,
			    c->m.size);
}

static void release(void *arg)
{
	give(arg);
}

static const char *map_pages(struct memory *m, bool shared)
{
	const char *why;

	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->shared = shared;
	m->size = NR_PAGES * PAGE;
	m->page = PAGE;
	m->step = PAGE;
	why = map_small(m);
	if (!why)
		cpu_write(m, 0);
	return why;
}

FIXTURE(registered)
{
	struct client c;
};

FIXTURE_VARIANT(registered)
{
	bool shared;
};

FIXTURE_VARIANT_ADD(registered, anon) { .shared = false };
FIXTURE_VARIANT_ADD(registered, shmem) { .shared = true };

FIXTURE_SETUP(registered)
{
	SKIP_IF(map_pages(&self->c.m, variant->shared));
	SKIP_IF(edu_find(&self->c.edu));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(registered)
{
	edu_close(&self->c.edu);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

static const char *client_open(struct client *c)
{
	return edu_open(&c->edu, VFIO_SPAPR_TCE_v2_IOMMU);
}

/* A page out to the device, and from there into another page. */
TEST_F(registered, data_arrives)
{
	struct client *c = &self->c;
	struct edu *edu = &c->edu;

	ASSERT_EQ(NULL, client_open(c));
	cpu_write(&c->m, 1);
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(NR_PAGES, pins_held());
	ASSERT_EQ(0, edu_map(edu, c->m.p, c->m.size, edu->iova, EDU_BOTH_WAYS));
	EXPECT_TRUE(edu_copy(edu, edu->iova + 3 * PAGE, false));
	EXPECT_TRUE(edu_copy(edu, edu->iova + 900 * PAGE, true));
	EXPECT_EQ(0, memcmp(c->m.p + 3 * PAGE, c->m.p + 900 * PAGE, EDU_BYTES));
	/* All but the page that was copied over. */
	EXPECT_EQ(1, cpu_check(&c->m, 1));
	EXPECT_EQ(NR_PAGES, pins_held());
	EXPECT_EQ(-EBUSY, give(c));
	EXPECT_EQ(NR_PAGES, pins_held());
	EXPECT_EQ(0, edu_unmap(edu, c->m.size, edu->iova));
	EXPECT_EQ(0, give(c));
	EXPECT_EQ(0, pins_left());
}

/* What the process unmapped is still there for the device. */
TEST_F(registered, unmapped)
{
	struct client *c = &self->c;
	struct edu *edu = &c->edu;

	ASSERT_EQ(NULL, client_open(c));
	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, edu_map(edu, c->m.p, c->m.size, edu->iova, EDU_BOTH_WAYS));
	munmap(c->m.area, c->m.area_size);
	c->m.area = NULL;
	EXPECT_EQ(NR_PAGES, pins_held());
	EXPECT_TRUE(edu_copy(edu, edu->iova, true));
	/* Nobody unregisters it but the end of the container. */
	edu_close(edu);
	EXPECT_EQ(0, pins_left());
}

static int hold(void *arg)
{
	struct client *c = arg;

	return client_open(c) ? -ENODEV : take(c) ?:
	       edu_map(&c->edu, c->m.p, c->m.size, c->edu.iova, EDU_BOTH_WAYS);
}

TEST_F(registered, killed)
{
	EXPECT_FINE(kill_holder(hold, &self->c, NR_PAGES));
}

static const int take_errors[] = { ENOMEM, EFAULT, 0 };

TEST_F(registered, fail_nth)
{
	ASSERT_EQ(NULL, client_open(&self->c));
	EXPECT_FINE(fail_each(take, release, &self->c, take_errors));
}

/* A hole: what was pinned in front of it is given back, and that is an error. */
TEST_F(registered, hole)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(NULL, client_open(c));
	munmap(c->m.p + 100 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, take(c));
	EXPECT_EQ(100, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

/* Memory is registered once; a second time it is pinned and given back. */
TEST_F(registered, overlap)
{
	struct client *c = &self->c;

	ASSERT_EQ(NULL, client_open(c));
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(-EBUSY, take(c));
	EXPECT_EQ(-EINVAL, registration(c, VFIO_IOMMU_SPAPR_REGISTER_MEMORY,
					c->m.p + PAGE, 2 * PAGE));
	EXPECT_EQ(NR_PAGES, pins_held());
	EXPECT_EQ(0, give(c));
	EXPECT_EQ(0, pins_left());
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
	ASSERT_EQ(0, edu_map(edu, c.m.p, c.m.size, edu->iova, EDU_BOTH_WAYS));
	EXPECT_TRUE(edu_copy(edu, edu->iova, false));
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	EXPECT_TRUE(edu_copy(edu, edu->iova + PAGE, true));
	EXPECT_EQ(0, memcmp(c.m.p, c.m.p + PAGE, EDU_BYTES));
	EXPECT_EQ(0, edu_unmap(edu, c.m.size, edu->iova));
	EXPECT_EQ(0, give(&c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(&c.m), dirty_pages(&c.m));
	EXPECT_FINE(data_lost(&c.m));
	edu_close(edu);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
