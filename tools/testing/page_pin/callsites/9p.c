// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/O of a 9p mount over virtio: the host writes to the pages, without a
 * copy if there is more than 1 KB to read.  The file is one of the guest's root,
 * which is the host's, and cannot be written to.
 *
 * There is no case that kills the reader.  The transport gives the pages back
 * then, while the host may still write to them.
 */
#include "callsite.h"

/* It is there, and large enough. */
#define SOME_FILE	"/bin/bash"

struct client {
	struct memory m;
	int fd;
};

static const char *client_open(struct client *c)
{
	if (!shell("grep -q ' / 9p ' /proc/mounts"))
		return "the root is not of 9p";
	c->fd = open(SOME_FILE, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return c->fd < 0 ? "no direct I/O of the root" : NULL;
}

/* Read over all of the memory. Returns 0 or -errno. */
static int read_all(void *arg)
{
	struct client *c = arg;
	size_t done = 0, size = c->m.size < MB ? c->m.size : MB / 2;
	ssize_t ret;

	while (done < size) {
		ret = pread(c->fd, c->m.p + done, size - done, done);
		if (ret <= 0)
			return ret ? -errno : -EIO;
		done += ret;
	}
	return 0;
}

/* Compare it with what the page cache says. */
static int differs(struct client *c)
{
	size_t size = c->m.size < MB ? c->m.size : MB / 2;
	int fd = open(SOME_FILE, O_RDONLY | O_CLOEXEC);
	char *data = malloc(size);
	ssize_t ret = pread(fd, data, size, 0);

	close(fd);
	return ret != (ssize_t)size || memcmp(data, c->m.p, size);
}

FIXTURE(zero_copy)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(zero_copy)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(zero_copy, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(zero_copy, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(zero_copy, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(zero_copy, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(zero_copy, xfs) { .kind = XFS, .shared = true };

FIXTURE_SETUP(zero_copy)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(client_open(&self->c));
	self->pages = self->c.m.page == PAGE ? memory_pages(&self->c.m)
					     : MB / 2 / PAGE;
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(zero_copy)
{
	close(self->c.fd);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(zero_copy, data_arrives)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	EXPECT_EQ(0, read_all(c));
	/* A page that is split between two requests has one of each. */
	EXPECT_LE(self->pages, pins_taken() - taken);
	EXPECT_GE(self->pages + 4, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, differs(c));
	if (variant->kind == XFS) {
		EXPECT_EQ(self->pages, dirty_pages(&c->m));
		EXPECT_FINE(data_lost(&c->m));
	}
}

static const int read_errors[] = { ENOMEM, EFAULT, EIO, EAGAIN, 0 };

TEST_F(zero_copy, fail_nth)
{
	EXPECT_FINE(fail_each(read_all, NULL, &self->c, read_errors));
	EXPECT_EQ(0, differs(&self->c));
}

TEST_HARNESS_MAIN
