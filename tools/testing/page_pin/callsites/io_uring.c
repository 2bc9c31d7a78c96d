// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring's fixed buffers, by liburing: registered, written from and read into,
 * and given back.  The file is read past the page cache, so that the disk itself
 * writes to the buffer.
 */
/* LIBS: -luring */
#include <liburing.h>

#include "callsite.h"

struct client {
	struct io_uring ring;
	struct memory m;
	int file;		/* on a disk, opened with O_DIRECT */
};

/* Register all of the buffer. Returns 0 or -errno. */
static int take(void *arg)
{
	struct client *c = arg;
	struct iovec iov = { c->m.p, c->m.size };

	return io_uring_register_buffers(&c->ring, &iov, 1);
}

static void give(void *arg)
{
	struct client *c = arg;

	io_uring_unregister_buffers(&c->ring);
}

/* All of the buffer to or from the file. Returns bytes done or -errno. */
static int transfer(struct client *c, bool in)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (in)
		io_uring_prep_read_fixed(sqe, c->file, c->m.p, c->m.size, 0, 0);
	else
		io_uring_prep_write_fixed(sqe, c->file, c->m.p, c->m.size, 0, 0);
	if (io_uring_submit(&c->ring) != 1)
		return -EIO;
	ret = io_uring_wait_cqe(&c->ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(&c->ring, cqe);
	return ret;
}

FIXTURE(fixed)
{
	struct client c;
};

FIXTURE_VARIANT(fixed)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(fixed, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(fixed, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(fixed, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(fixed, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(fixed)
{
	char path[64];
	int fd;

	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	fd = file_on("ext4", self->c.m.size);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	self->c.file = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, self->c.file);
	close(fd);
	ASSERT_EQ(0, io_uring_queue_init(4, &self->c.ring, 0));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(fixed)
{
	io_uring_queue_exit(&self->c.ring);
	close(self->c.file);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(fixed, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	cpu_write(&c->m, 1);
	ASSERT_EQ(0, take(c));
	EXPECT_EQ(pages, pins_held());
	/* Out, and back in over other data. */
	EXPECT_EQ(c->m.size, transfer(c, false));
	cpu_write(&c->m, 2);
	EXPECT_EQ(c->m.size, transfer(c, true));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(0, io_uring_unregister_buffers(&c->ring));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* What the process unmapped is still there for the disk. */
TEST_F(fixed, unmapped)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take(c));
	munmap(c->m.area, c->m.area_size);
	c->m.area = NULL;
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	EXPECT_EQ(c->m.size, transfer(c, false));
	EXPECT_EQ(0, io_uring_unregister_buffers(&c->ring));
	EXPECT_EQ(0, pins_left());
}

static int hold(void *arg)
{
	struct client *c = arg;

	/* A ring of its own: that of the parent would outlive it. */
	return io_uring_queue_init(4, &c->ring, 0) ?: take(c);
}

TEST_F(fixed, killed)
{
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m)));
}

TEST_F(fixed, fail_nth)
{
	EXPECT_FINE(fail_each(take, give, &self->c, NULL));
}

/* A buffer with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c;
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	ASSERT_EQ(0, io_uring_queue_init(4, &c.ring, 0));
	munmap(c.m.p + PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, take(&c));
	EXPECT_EQ(1, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	io_uring_queue_exit(&c.ring);
}

/* The pages of a file on a disk may not be written at just any time. */
TEST(file_is_refused)
{
	struct client c;

	SKIP_IF(memory_map(&c.m, EXT4, true));
	ASSERT_EQ(0, io_uring_queue_init(4, &c.ring, 0));
	EXPECT_EQ(-EOPNOTSUPP, take(&c));
	EXPECT_EQ(0, pins_left());
	io_uring_queue_exit(&c.ring);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
