// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring's fixed buffers, by liburing: registered, written from and read into,
 * and given back.  The file is read past the page cache, so that the disk itself
 * writes to the buffer.
 */
/* LIBS: -luring */
#include <liburing.h>
#include <linux/memfd.h>

#include "callsite.h"

struct client {
	struct io_uring ring;
	struct memory m;
	int file;		/* on a disk */
};

/* A new file on a disk. Returns what open() does. */
static int open_file(size_t size, int flags)
{
	int fd, file = file_on("ext4", size);
	char path[64];

	if (file < 0)
		return file;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDWR | O_CLOEXEC | flags);
	close(file);
	return fd;
}

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

/* A part of the buffer to or from the file. Returns bytes done or -errno. */
static int move(struct client *c, char *p, size_t size, bool in)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (in)
		io_uring_prep_read_fixed(sqe, c->file, p, size, 0, 0);
	else
		io_uring_prep_write_fixed(sqe, c->file, p, size, 0, 0);
	if (io_uring_submit(&c->ring) != 1)
		return -EIO;
	ret = io_uring_wait_cqe(&c->ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(&c->ring, cqe);
	return ret;
}

static int transfer(struct client *c, bool in)
{
	return move(c, c->m.p, c->m.size, in);
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
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	self->c.file = open_file(self->c.m.size, O_DIRECT);
	ASSERT_LE(0, self->c.file);
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

/*
 * A request finds its part of a buffer by the sizes of the pages that it is made
 * of, which are as large as the memory is.  So each place where one ends gets
 * one that begins, ends, or goes on there.
 */
#define PLACES		8
#define SECTOR		512L

FIXTURE(parts)
{
	struct client c;
	char *copy;
	long end[PLACES];	/* where pages end, from the start of the buffer */
	int ends;
};

FIXTURE_VARIANT(parts)
{
	enum memory_kind kind;
	bool apart;		/* some that do not follow each other */
	int pages;		/* in front of the memory, and behind it */
	size_t cut;		/* bytes missing at either end */
	bool direct;		/* past the page cache, in whole sectors */
};

FIXTURE_VARIANT_ADD(parts, small) { .kind = ANON, .cut = 100 };
FIXTURE_VARIANT_ADD(parts, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(parts, thp_cut) { .kind = THP, .cut = 5 * PAGE + 100 };
FIXTURE_VARIANT_ADD(parts, thp_and_small) { .kind = THP, .pages = 3, .cut = 1 };
FIXTURE_VARIANT_ADD(parts, hugetlb) { .kind = HUGETLB_2M, .cut = 3000 };
FIXTURE_VARIANT_ADD(parts, direct) {
	.kind = HUGETLB_2M, .cut = 5 * PAGE + SECTOR, .direct = true,
};

FIXTURE_VARIANT_ADD(parts, hugetlb_apart) {
	.kind = HUGETLB_2M, .apart = true, .cut = 5 * PAGE + 100,
};

FIXTURE_VARIANT_ADD(parts, direct_apart) {
	.kind = HUGETLB_2M, .apart = true, .cut = 5 * PAGE + SECTOR,
	.direct = true,
};

/* Small pages around the memory; they come from elsewhere. */
static bool add_small(struct memory *m, int pages)
{
	size_t size = pages * PAGE;
	int prot = PROT_READ | PROT_WRITE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	/* What is aligned to a huge page lies in more than that. */
	munmap(m->p - size, size);
	munmap(m->p + m->size, size);
	if (mmap(m->p - size, size, prot, flags, -1, 0) == MAP_FAILED ||
	    mmap(m->p + m->size, size, prot, flags, -1, 0) == MAP_FAILED)
		return false;
	m->p -= size;
	m->size += 2 * size;
	return true;
}

static bool follows(const struct memory *m, int page)
{
	const char *p = m->p + page * m->page;

	return pfn_of(p) + (long)(m->page / PAGE) == pfn_of(p + m->page);
}

/* Three huge pages of a file. */
static const char *map_three(struct memory *m, enum memory_kind kind)
{
	memset(m, 0, sizeof(*m));
	memory_size(m, kind);
	m->size *= 3;
	m->area_size = m->size;
	m->shared = true;
	m->fd = memfd_create("page_pin", MFD_CLOEXEC | MFD_HUGETLB |
					 MFD_HUGE_2MB);
	if (m->fd < 0 || ftruncate(m->fd, m->size))
		return "no memfd of huge pages";
	if (map_area(m, 0))
		return "no free huge page";
	memset(m->p, 0, m->size);
	return NULL;
}

/* Turned around, no page follows the one before.  Not to be split: 5.10 warns. */
static bool turn_around(struct memory *m)
{
	int i, flags = MAP_SHARED | MAP_FIXED;

	munmap(m->p, m->size);
	for (i = 0; i < 3; i++) {
		if (mmap(m->p + i * m->page, m->page, PROT_READ | PROT_WRITE,
			 flags, m->fd, (2 - i) * m->page) == MAP_FAILED)
			return false;
		m->p[i * m->page] = 0;
	}
	return true;
}

FIXTURE_SETUP(parts)
{
	struct memory *m = &self->c.m;
	long off;

	SKIP_IF(variant->apart ? map_three(m, variant->kind) :
				 memory_map(m, variant->kind, false));
	if (variant->apart) {
		/* Each page is to be a bvec of its own. */
		if (follows(m, 0) || follows(m, 1))
			ASSERT_TRUE(turn_around(m));
		ASSERT_FALSE(follows(m, 0) || follows(m, 1));
		self->end[self->ends++] = m->page - variant->cut;
		self->end[self->ends++] = 2 * m->page - variant->cut;
	}
	if (variant->pages)
		ASSERT_TRUE(add_small(m, variant->pages));
	m->p += variant->cut;
	m->size -= 2 * variant->cut;
	for (off = 0; off < (long)m->size; off++)
		m->p[off] = off / 3 + off / PAGE;
	off = -((uintptr_t)m->p % PAGE) + PAGE;
	for (; off <= 3 * PAGE; off += PAGE)
		self->end[self->ends++] = off;
	self->end[self->ends++] = m->size / 2 / PAGE * PAGE;
	for (off -= 2 * PAGE; off < (long)m->size; off += PAGE)
		self->end[self->ends] = off;
	self->ends++;

	self->copy = aligned_alloc(PAGE, m->size);
	ASSERT_NE(NULL, self->copy);
	self->c.file = open_file(m->size, variant->direct ? O_DIRECT : 0);
	ASSERT_LE(0, self->c.file);
	ASSERT_EQ(0, io_uring_queue_init(4, &self->c.ring, 0));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(parts)
{
	io_uring_queue_exit(&self->c.ring);
	close(self->c.file);
	free(self->copy);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* @size bytes of the buffer, from @off on, to the file and back from it. */
static const char *part(struct client *c, char *copy, size_t off, size_t size)
{
	char *p = c->m.p + off;

	if (move(c, p, size, false) != (int)size)
		return "not written";
	if (pread(c->file, copy, size, 0) != (ssize_t)size ||
	    memcmp(copy, p, size))
		return "other data was written";
	memset(p, 0x55, size);
	if (move(c, p, size, true) != (int)size)
		return "not read";
	return memcmp(copy, p, size) ? "other data was read" : FINE;
}

TEST_F(parts, of_a_buffer)
{
	static const long sizes[] = { 1, 100, PAGE - 1, PAGE, 3 * PAGE + 5 };
	struct client *c = &self->c;
	char *copy = self->copy, *all = malloc(c->m.size);
	long from, size = c->m.size;
	long unit = variant->direct ? SECTOR : 1;
	unsigned int i, j;

	ASSERT_NE(NULL, all);
	memcpy(all, c->m.p, size);
	ASSERT_EQ(0, take(c));
	EXPECT_FINE(part(c, copy, 0, size));
	for (i = 0; i < self->ends * ARRAY_SIZE(sizes); i++) {
		long end = self->end[i / ARRAY_SIZE(sizes)];
		long some = sizes[i % ARRAY_SIZE(sizes)];
		const long begin[] = { end - some, end - 1, end, end + 1, 0 };

		for (j = 0; j < ARRAY_SIZE(begin); j++) {
			from = begin[j] / unit * unit;
			some = (some + unit - 1) / unit * unit;
			if (begin[j] < 0 || from + some > size)
				continue;
			EXPECT_FINE(part(c, copy, from, some));
		}
	}
	EXPECT_FINE(part(c, copy, size - unit, unit));
	EXPECT_EQ(-EFAULT, move(c, c->m.p + size - 1, 2, false));
	EXPECT_EQ(-EFAULT, move(c, c->m.p - 1, 2, false));
	/* Nothing was written but where it belongs. */
	EXPECT_EQ(0, memcmp(all, c->m.p, size));
	free(all);
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
