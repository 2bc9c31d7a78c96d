// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_vm_readv() and process_vm_writev(): the CPU copies between a process
 * and the pages of another one.  Where these have to be looked at while they are
 * pinned, the copy waits in a userfaultfd on the caller's own buffer.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "callsite.h"

struct client {
	struct memory m;	/* of the other process */
	struct memory local;	/* the caller's buffer, of the same size */
	int uffd;		/* faults in it */
	pthread_t copier;
	ssize_t copied;		/* what it came back with */
};

static const char *client_map(struct client *c, enum memory_kind kind,
			      bool shared)
{
	const char *why = memory_map(&c->m, kind, shared);

	if (why)
		return why;
	c->uffd = -1;
	c->local = c->m;
	c->local.shared = false;
	c->local.fd = -1;
	/* Untouched: a fault in it may be wanted. */
	return map_small(&c->local);
}

static void client_unmap(struct client *c)
{
	if (c->uffd >= 0)
		close(c->uffd);
	memory_unmap(&c->local);
	memory_unmap(&c->m);
}

/* Copy all between the process @pid and the local buffer. */
static ssize_t copy(struct client *c, pid_t pid, bool read)
{
	struct iovec remote = { c->m.p, c->m.size };
	struct iovec local = { c->local.p, c->m.size };
	ssize_t ret;

	ret = read ? process_vm_readv(pid, &local, 1, &remote, 1, 0)
		   : process_vm_writev(pid, &local, 1, &remote, 1, 0);
	return ret < 0 ? -errno : ret;
}

FIXTURE(remote)
{
	struct client c;
};

FIXTURE_VARIANT(remote)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(remote, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(remote, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(remote, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(remote, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(remote)
{
	SKIP_IF(client_map(&self->c, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(remote)
{
	client_unmap(&self->c);
	EXPECT_EQ(0, pins_left());
}

TEST_F(remote, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);
	struct child child = { };
	long taken;

	ASSERT_EQ(0, child_fork(&child, &c->m));
	ASSERT_EQ(0, child_do(&child, 'w', 1));
	taken = pins_taken();
	EXPECT_EQ(c->m.size, copy(c, child.pid, true));
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, cpu_check(&c->local, 1));

	cpu_write(&c->local, 2);
	taken = pins_taken();
	EXPECT_EQ(c->m.size, copy(c, child.pid, false));
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, child_do(&child, 'c', 2));
	child_end(&child);
}

static void *copier(void *arg)
{
	struct client *c = arg;

	c->copied = copy(c, getpid(), false);
	return NULL;
}

/*
 * Begin to write, and come back when the copy waits for the local buffer, with
 * its pages pinned. Returns 0 or -errno.
 */
static int copy_and_wait(void *arg)
{
	struct client *c = arg;
	struct uffdio_register range = {
		.range = { (uintptr_t)c->local.p, c->m.size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	struct pollfd fault = { .events = POLLIN };

	c->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (c->uffd < 0 || ioctl(c->uffd, UFFDIO_API, &api) ||
	    ioctl(c->uffd, UFFDIO_REGISTER, &range))
		return -errno;
	if (pthread_create(&c->copier, NULL, copier, c))
		return -EAGAIN;
	fault.fd = c->uffd;
	return poll(&fault, 1, 20000) == 1 ? 0 : -ETIME;
}

/* Give the copy the data that it waits for, and let it end. */
static int copy_goes_on(struct client *c, __u64 seed)
{
	struct memory data = c->m;
	struct uffdio_copy all = {
		.dst = (uintptr_t)c->local.p,
		.len = c->m.size,
	};
	int ret;

	data.p = calloc(1, data.size);
	cpu_write(&data, seed);
	all.src = (uintptr_t)data.p;
	ret = ioctl(c->uffd, UFFDIO_COPY, &all);
	free(data.p);
	return ret ?: pthread_join(c->copier, NULL);
}

TEST_F(remote, killed)
{
	EXPECT_FINE(kill_holder(copy_and_wait, &self->c,
				memory_pages(&self->c.m)));
}

/* Vectors for which the kernel has to allocate memory, of some pages each. */
#define VECTORS		16

static int copy_vectors(void *arg)
{
	struct client *c = arg;
	struct iovec remote[VECTORS], local[VECTORS];
	size_t part = c->m.size / 2;
	ssize_t ret;
	int i;

	for (i = 0; i < VECTORS; i++) {
		remote[i] = (struct iovec){ c->m.p + i % 2 * part, part };
		local[i] = (struct iovec){ c->local.p + i % 2 * part, part };
	}
	/* Have small pages come new, so that some of a vector may be missing. */
	if (c->m.page == PAGE && !c->m.shared)
		madvise(c->m.p, c->m.size, MADV_DONTNEED);
	ret = process_vm_writev(getpid(), local, VECTORS, remote, VECTORS, 0);
	return ret < 0 ? -errno : 0;
}

/* An allocation for the pages fails as if they were not there. */
static const int copy_errors[] = { ENOMEM, EFAULT, 0 };

TEST_F(remote, fail_nth)
{
	memset(self->c.local.p, 1, self->c.m.size);
	EXPECT_FINE(fail_each(copy_vectors, NULL, &self->c, copy_errors));
}

/* A range that ends in nothing: what is there is copied, all is given back. */
TEST(hole)
{
	struct client c;
	long taken;

	SKIP_IF(client_map(&c, ANON, false));
	munmap(c.m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(2 * PAGE, copy(&c, getpid(), true));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	client_unmap(&c);
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
	SKIP_IF(client_map(&self->c, variant->kind, true));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	client_unmap(&self->c);
	EXPECT_EQ(0, pins_left());
}

/* Pages that are written back between pin and copy are written back again. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	ASSERT_EQ(0, copy_and_wait(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	ASSERT_EQ(0, copy_goes_on(c, 3));
	EXPECT_EQ(c->m.size, c->copied);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(pages, dirty_pages(&c->m));
	EXPECT_EQ(0, cpu_check(&c->m, 3));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
