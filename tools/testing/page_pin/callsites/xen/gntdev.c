// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's gntdev copies between pages that a domain granted and memory of the
 * process, which it pins for one hypercall.  The pages are our own ones, granted
 * to ourselves.
 */
#include "../waiting.h"

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/sys/gntalloc.h>
#include <xen/sys/gntdev.h>

struct client {
	struct memory m;
	struct waiting w;
	int gntdev, gntalloc;
	__u32 refs[NR_SMALL];
	char *granted;		/* the pages that the references stand for */
	struct ioctl_gntdev_grant_copy_segment segments[NR_SMALL];
};

/* Grant @nr pages to our own domain. Returns why that is not possible. */
static const char *grant(struct client *c, unsigned int nr)
{
	union {
		struct ioctl_gntalloc_alloc_gref call;
		char room[sizeof(struct ioctl_gntalloc_alloc_gref) +
			  NR_SMALL * sizeof(__u32)];
	} alloc = { .call = {
		.domid = 0,
		.flags = GNTALLOC_FLAG_WRITABLE,
		.count = nr,
	} };

	c->gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	c->gntalloc = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC);
	if (c->gntdev < 0 || c->gntalloc < 0)
		return "this is no domain of Xen";
	if (ioctl(c->gntalloc, IOCTL_GNTALLOC_ALLOC_GREF, &alloc))
		return "pages cannot be granted";
	memcpy(c->refs, alloc.call.gref_ids, nr * sizeof(__u32));
	c->granted = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  c->gntalloc, alloc.call.index);
	return c->granted == MAP_FAILED ? "granted pages cannot be mapped"
					: NULL;
}

/* One side of a copy is @p in the process, the other one the page @ref. */
static void segment(struct client *c, int i, char *p, size_t len, bool in)
{
	struct ioctl_gntdev_grant_copy_segment *s = &c->segments[i];

	memset(s, 0, sizeof(*s));
	s->len = len;
	s->status = 1;
	if (in) {
		s->flags = GNTCOPY_source_gref;
		s->source.foreign.ref = c->refs[i];
		s->source.foreign.domid = DOMID_SELF;
		s->dest.virt = p;
	} else {
		s->flags = GNTCOPY_dest_gref;
		s->dest.foreign.ref = c->refs[i];
		s->dest.foreign.domid = DOMID_SELF;
		s->source.virt = p;
	}
}

/* Segments for all of the memory, a page each. */
static void segments(struct client *c, bool in)
{
	int i;

	for (i = 0; i < memory_pages(&c->m); i++)
		segment(c, i, c->m.p + i * PAGE, PAGE, in);
}

/* Returns 0, -errno, or the number of a segment that failed. */
static int copy_segments(struct client *c, unsigned int nr)
{
	struct ioctl_gntdev_grant_copy copy = {
		.count = nr,
		.segments = c->segments,
	};
	unsigned int i;

	if (ioctl(c->gntdev, IOCTL_GNTDEV_GRANT_COPY, &copy))
		return -errno;
	for (i = 0; i < nr; i++)
		if (c->segments[i].status != 0)
			return i + 1;
	return 0;
}

static int copy_all(void *arg)
{
	struct client *c = arg;

	return copy_segments(c, NR_SMALL);
}

static const char *client_open(struct client *c, enum memory_kind kind,
			       bool shared)
{
	const char *why;

	c->w.uffd = -1;
	why = memory_map(&c->m, kind, shared);
	return why ?: grant(c, NR_SMALL);
}

static void client_close(struct client *c)
{
	if (c->w.uffd >= 0)
		close(c->w.uffd);
	if (c->granted && c->granted != MAP_FAILED)
		munmap(c->granted, NR_SMALL * PAGE);
	close(c->gntdev);
	close(c->gntalloc);
	memory_unmap(&c->m);
}

FIXTURE(copy)
{
	struct client c;
};

FIXTURE_VARIANT(copy)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(copy, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(copy, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(copy)
{
	SKIP_IF(client_open(&self->c, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(copy)
{
	client_close(&self->c);
	EXPECT_EQ(0, pins_left());
}

TEST_F(copy, data_arrives)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	/* Out to the granted pages, then back in over other data. */
	cpu_write(&c->m, 1);
	segments(c, false);
	ASSERT_EQ(0, copy_all(c));
	EXPECT_EQ(NR_SMALL, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, memcmp(c->granted, c->m.p, c->m.size));

	cpu_write(&c->m, 2);
	taken = pins_taken();
	segments(c, true);
	ASSERT_EQ(0, copy_all(c));
	EXPECT_EQ(NR_SMALL, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* A buffer across two pages has both of them pinned. */
TEST_F(copy, unaligned)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	memset(c->granted, 0x5a, PAGE);
	segment(c, 0, c->m.p + PAGE / 2, PAGE, true);
	ASSERT_EQ(0, copy_segments(c, 1));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, memcmp(c->granted, c->m.p + PAGE / 2, PAGE));
}

/* More operations than go into one hypercall: it is made several times. */
TEST_F(copy, batches)
{
	struct client *c = &self->c;
	struct ioctl_gntdev_grant_copy copy = { .count = 40 };
	long taken = pins_taken();
	unsigned int i;

	copy.segments = calloc(copy.count, sizeof(*copy.segments));
	cpu_write(&c->m, 3);
	for (i = 0; i < copy.count; i++) {
		segment(c, i % NR_SMALL, c->m.p + i % NR_SMALL * PAGE, PAGE,
			i >= 20);
		copy.segments[i] = c->segments[i % NR_SMALL];
	}
	EXPECT_EQ(0, ioctl(c->gntdev, IOCTL_GNTDEV_GRANT_COPY, &copy));
	for (i = 0; i < copy.count; i++)
		EXPECT_EQ(0, copy.segments[i].status);
	EXPECT_EQ(copy.count, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, cpu_check(&c->m, 3));
	free(copy.segments);
}

/* A hole behind two pages: these are given back. */
TEST_F(copy, hole)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	segments(c, true);
	munmap(c->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, copy_all(c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
}

/* Copy in, and one page out that is not there yet. */
static int copy_and_wait(void *arg)
{
	struct client *c = arg;
	int ret = waiting_page(&c->w);

	segments(c, true);
	segment(c, NR_SMALL - 1, c->w.page, PAGE, false);
	return ret ?: call_and_wait(&c->w, copy_all, c);
}

TEST_F(copy, killed)
{
	EXPECT_FINE(kill_holder(copy_and_wait, &self->c, NR_SMALL - 1));
}

/* Into pages that are not there, so that they are allocated. */
static int copy_untouched(void *arg)
{
	struct client *c = arg;

	if (c->m.shared)
		fallocate(c->m.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  0, c->m.size);
	else
		madvise(c->m.p, c->m.size, MADV_DONTNEED);
	return copy_all(c);
}

static const int copy_errors[] = { ENOMEM, EFAULT, 0 };

TEST_F(copy, fail_nth)
{
	segments(&self->c, true);
	EXPECT_FINE(fail_each(copy_untouched, NULL, &self->c, copy_errors));
}

/* What was written to a file's pages gets to the disk, whatever came after it. */
TEST(dirty)
{
	struct client c = { };

	SKIP_IF(client_open(&c, EXT4, true));
	ASSERT_EQ(0, pins_left());
	memset(c.granted, 0xa5, NR_SMALL * PAGE);
	ASSERT_EQ(0, copy_and_wait(&c));
	EXPECT_EQ(NR_SMALL - 1, pins_held());
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	EXPECT_EQ(0, call_goes_on(&c.w));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(NR_SMALL - 1, dirty_pages(&c.m));
	EXPECT_EQ(0, memcmp(c.granted, c.m.p, (NR_SMALL - 1) * PAGE));
	EXPECT_FINE(data_lost(&c.m));
	client_close(&c);
}

TEST_HARNESS_MAIN
