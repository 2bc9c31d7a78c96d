// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/O: reads and writes with O_DIRECT of disks and of files, through all
 * of the code that gets the pages for it.
 *
 *	block device		fs/block_dev.c, by bios
 *	ext4, xfs		fs/iomap, by bios
 *	ext2			fs/direct-io.c
 *	loop device		the pages are another one's below it, that is of a
 *				bvec; over a block device and over a file of ext2
 *
 * The disk is stopped while a request is to be looked at.  See disk.h.
 */
#include "disk.h"

enum place { BDEV, LOOP, LOOP_FILE, FILE_EXT2, FILE_EXT4, FILE_XFS };

struct client {
	struct memory m;
	enum place where;
	int fd;			/* opened for direct I/O */
	int takes;		/* pins that a page gets on its way */
	char loop[32];		/* loop device */
};

static const char *loop_make(struct client *c, const char *below)
{
	char line[192];
	FILE *out;

	snprintf(line, sizeof(line),
		 "losetup -f --show --direct-io=on %s 2>/dev/null", below);
	out = popen(line, "r");
	if (!out || fscanf(out, "%31s", c->loop) != 1)
		c->loop[0] = 0;
	if (out)
		pclose(out);
	return c->loop[0] ? NULL : "no loop device";
}

static const char *open_direct(struct client *c, const char *path)
{
	c->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	return c->fd < 0 ? "it cannot be opened for direct I/O" : NULL;
}

static const char *client_open(struct client *c, enum place where)
{
	const char *why;
	char path[64];
	int fd;

	c->where = where;
	c->takes = 1;
	c->fd = -1;
	switch (where) {
	case BDEV:
		return disk_make() ?: open_direct(c, DISK);
	case LOOP:
		return disk_make() ?: loop_make(c, DISK) ?:
		       open_direct(c, c->loop);
	case LOOP_FILE:
		why = disk_mount("ext2");
		if (why)
			return why;
		close(disk_file("loop", 8 * MB));
		return loop_make(c, DISK_DIR "/loop") ?:
		       open_direct(c, c->loop);
	case FILE_XFS:
		fd = file_on("xfs", 4 * MB);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		why = open_direct(c, path);
		close(fd);
		return why;
	default:
		/* For the section that waits, and for the bio. */
		if (where == FILE_EXT2)
			c->takes = 2;
		why = disk_mount(where == FILE_EXT2 ? "ext2" : "ext4");
		if (why)
			return why;
		c->fd = disk_file("file", 4 * MB);
		return c->fd < 0 ? "no file" : NULL;
	}
}

static void client_close(struct client *c)
{
	if (disk_guard.pipe)
		disk_go();
	if (c->fd >= 0)
		close(c->fd);
	if (c->loop[0])
		shell("losetup -d %s", c->loop);
	if (c->where != FILE_XFS)
		umount(DISK_DIR);
}

FIXTURE(direct)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(direct)
{
	enum place where;
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(direct, bdev) { .where = BDEV, .kind = ANON };
FIXTURE_VARIANT_ADD(direct, bdev_thp) { .where = BDEV, .kind = THP };
FIXTURE_VARIANT_ADD(direct, bdev_hugetlb) { .where = BDEV, .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(direct, bdev_memfd) { .where = BDEV, .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(direct, loop) { .where = LOOP, .kind = ANON };
FIXTURE_VARIANT_ADD(direct, loop_file) { .where = LOOP_FILE, .kind = ANON };
FIXTURE_VARIANT_ADD(direct, ext2) { .where = FILE_EXT2, .kind = ANON };
FIXTURE_VARIANT_ADD(direct, ext2_thp) { .where = FILE_EXT2, .kind = THP };
FIXTURE_VARIANT_ADD(direct, ext2_hugetlb) { .where = FILE_EXT2, .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(direct, ext4) { .where = FILE_EXT4, .kind = ANON };
FIXTURE_VARIANT_ADD(direct, ext4_thp) { .where = FILE_EXT4, .kind = THP };
FIXTURE_VARIANT_ADD(direct, xfs) { .where = FILE_XFS, .kind = ANON };

FIXTURE_SETUP(direct)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(client_open(&self->c, variant->where));
	self->pages = memory_pages(&self->c.m);
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(direct)
{
	client_close(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(direct, data_arrives)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	cpu_write(&c->m, 1);
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, false));
	EXPECT_EQ(self->pages * c->takes, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());

	cpu_write(&c->m, 2);
	taken = pins_taken();
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, true));
	EXPECT_EQ(self->pages * c->takes, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* As long as the disk has not answered every page has one pin. */
TEST_F(direct, held)
{
	struct client *c = &self->c;
	struct transfer t = {
		.fd = c->fd,
		.iov = { { c->m.p, c->m.size } },
		.parts = 1,
	};

	if (c->where == FILE_XFS)
		SKIP_CASE("its disk cannot be stopped");
	cpu_write(&c->m, 1);
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, transfer_begin(&t));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	usleep(100000);
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(c->m.size, transfer_end(&t));
	EXPECT_EQ(0, pins_left());

	cpu_write(&c->m, 2);
	t.in = true;
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, transfer_submit(&t));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	usleep(100000);
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(c->m.size, transfer_reap(&t));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

/* Who is killed with a request under way keeps the pages until it is done. */
TEST_F(direct, killed)
{
	struct client *c = &self->c;
	struct transfer t = {
		.fd = c->fd,
		.in = true,
		.iov = { { c->m.p, c->m.size } },
		.parts = 1,
	};
	int ready[2], ret = -1;
	pid_t pid;

	if (c->where == FILE_XFS)
		SKIP_CASE("its disk cannot be stopped");
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	ASSERT_TRUE(disk_stop());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ret = transfer_submit(&t);
		if (write(ready[1], &ret, sizeof(ret)) != sizeof(ret))
			_exit(1);
		for (;;)
			pause();
	}
	EXPECT_EQ(sizeof(ret), read(ready[0], &ret, sizeof(ret)));
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	kill(pid, SIGKILL);
	usleep(300000);
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, pins_left());
}

/*
 * A child that is born while the disk is to write to half a page, and then a
 * write of the parent to the other half: the page stays the parent's.
 */
TEST_F(direct, fork)
{
	struct client *c = &self->c;
	struct transfer t = { .fd = c->fd, .in = true, .parts = 1 };
	struct child child = { };
	size_t off;

	if (c->where == FILE_XFS)
		SKIP_CASE("its disk cannot be stopped");
	if (c->m.shared || variant->kind == HUGETLB_2M)
		SKIP_CASE("no memory that fork() leaves to both");
	cpu_write(&c->m, 1);
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, false));
	cpu_write(&c->m, 2);
	t.iov[0] = (struct iovec){ c->m.p, c->m.page / 2 };
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, transfer_begin(&t));
	EXPECT_TRUE(WAIT_FOR(pins_held() == (long)(c->m.page / 2 + PAGE - 1) /
					    (long)PAGE));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	for (off = c->m.page / 2; off < c->m.page; off += PAGE)
		c->m.p[off + 100] = 55;
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(c->m.page / 2, transfer_end(&t));
	EXPECT_EQ(*(__u64 *)(c->m.p + FIRST_PROBE), probe_value(1, FIRST_PROBE));
	EXPECT_EQ(55, c->m.p[c->m.page / 2 + 100]);
	child_end(&child);
}

static int read_all(void *arg)
{
	struct client *c = arg;
	int ret = transfer_all(&c->m, c->fd, true);

	/* Less than all is no error, but cannot be the end of it. */
	return ret == (int)c->m.size ? 0 : ret < 0 ? ret : -EIO;
}

static int write_all(void *arg)
{
	struct client *c = arg;
	int ret = transfer_all(&c->m, c->fd, false);

	return ret == (int)c->m.size ? 0 : ret < 0 ? ret : -EIO;
}

/* A request that fails below, and pages that could not be had. */
static const int io_errors[] = { ENOMEM, EIO, EFAULT, EAGAIN, 0 };

TEST_F(direct, fail_nth)
{
	if (self->c.where == LOOP || self->c.where == LOOP_FILE)
		SKIP_CASE("it is a worker that allocates for a loop device");
	EXPECT_FINE(fail_each(read_all, NULL, &self->c, io_errors));
	EXPECT_FINE(fail_each(write_all, NULL, &self->c, io_errors));
}

/* Memory that ends in the middle: what is there is read, all is given back. */
TEST_F(direct, hole)
{
	struct client *c = &self->c;
	ssize_t ret;

	if (variant->kind != ANON || c->where == LOOP_FILE)
		SKIP_CASE("small pages do");
	munmap(c->m.p + 2 * PAGE, PAGE);
	ret = transfer_all(&c->m, c->fd, true);
	EXPECT_TRUE(ret == 2 * PAGE || ret == -EFAULT);
	EXPECT_EQ(0, pins_left());
	ret = transfer_all(&c->m, c->fd, false);
	EXPECT_TRUE(ret == 2 * PAGE || ret == -EFAULT);
	EXPECT_EQ(0, pins_left());
}

/* What was never written to is the zero page, which nobody pins. */
TEST_F(direct, zero_page)
{
	struct client *c = &self->c;
	long taken;
	int i;

	if (variant->kind != ANON)
		SKIP_CASE("only private memory has it");
	cpu_write(&c->m, 1);
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, false));
	madvise(c->m.p, c->m.size, MADV_DONTNEED);
	taken = pins_taken();
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, false));
	EXPECT_EQ(0, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	memset(c->m.p, 1, c->m.size);
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, true));
	for (i = 0; i < (int)c->m.size && !c->m.p[i]; i++)
		;
	EXPECT_EQ(c->m.size, i);
}

/*
 * Parts of memory that meet in the middle of a page: it is found twice, and
 * has one pin as long as the request lasts.  Parts that do not meet have theirs.
 */
TEST_F(direct, parts)
{
	struct client *c = &self->c;
	struct transfer t = {
		.fd = c->fd,
		.iov = {
			{ c->m.p + 512, 1024 },
			{ c->m.p + 1536, PAGE },
			{ c->m.p + 3 * PAGE + 512, 512 },
			{ c->m.p + 3 * PAGE + 2048, 512 },
		},
		.parts = 4,
	};
	size_t size = 1024 + PAGE + 2 * 512;
	char *before = malloc(c->m.size), *after = malloc(c->m.size);
	long taken;
	int i;

	if (variant->kind != ANON || c->where == FILE_XFS)
		SKIP_CASE("small pages on a disk that can be stopped do");
	for (i = 0; i < (int)c->m.size; i++)
		c->m.p[i] = i * 7 + i / 256;
	memcpy(before, c->m.p, c->m.size);
	taken = pins_taken();
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, transfer_begin(&t));
	WAIT_FOR(pins_held() == 4);
	usleep(100000);
	/* Pages 0 and 1, and page 3 in two parts. */
	EXPECT_EQ(4, pins_held());
	if (c->takes == 1)
		EXPECT_EQ(5, pins_taken() - taken);
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(size, transfer_end(&t));
	EXPECT_EQ(0, pins_left());

	memset(c->m.p, 0, c->m.size);
	t.in = true;
	EXPECT_EQ(size, transfer(&t));
	EXPECT_EQ(0, pins_left());
	memset(after, 0, c->m.size);
	for (i = 0; i < 4; i++) {
		off_t off = (char *)t.iov[i].iov_base - c->m.p;

		memcpy(after + off, before + off, t.iov[i].iov_len);
	}
	EXPECT_EQ(0, memcmp(after, c->m.p, c->m.size));
}

FIXTURE(shared_file)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(shared_file)
{
	enum place where;
	bool aio;
};

FIXTURE_VARIANT_ADD(shared_file, bdev) { .where = BDEV };
FIXTURE_VARIANT_ADD(shared_file, bdev_aio) { .where = BDEV, .aio = true };
FIXTURE_VARIANT_ADD(shared_file, ext2) { .where = FILE_EXT2 };
FIXTURE_VARIANT_ADD(shared_file, ext2_aio) { .where = FILE_EXT2, .aio = true };
FIXTURE_VARIANT_ADD(shared_file, ext4) { .where = FILE_EXT4 };
FIXTURE_VARIANT_ADD(shared_file, ext4_aio) { .where = FILE_EXT4, .aio = true };

FIXTURE_SETUP(shared_file)
{
	SKIP_IF(memory_map(&self->c.m, XFS, true));
	SKIP_IF(client_open(&self->c, variant->where));
	self->pages = memory_pages(&self->c.m);
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	client_close(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/*
 * The buffer is a file, and is written back while the disk has not filled it yet:
 * what the disk then writes there gets to that file's disk as well.
 */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	struct transfer t = {
		.fd = c->fd,
		.in = true,
		.iov = { { c->m.p, c->m.size } },
		.parts = 1,
	};

	cpu_write(&c->m, 1);
	EXPECT_EQ(c->m.size, transfer_all(&c->m, c->fd, false));
	cpu_write(&c->m, 2);
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, variant->aio ? transfer_submit(&t) : transfer_begin(&t));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(c->m.size,
		  variant->aio ? transfer_reap(&t) : transfer_end(&t));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(self->pages, dirty_pages(&c->m));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	EXPECT_FINE(data_lost(&c->m));
}

/* A file that is written from a mapping of itself, from elsewhere and there. */
FIXTURE(same_file)
{
	struct memory m;
	int fd;
};

FIXTURE_VARIANT(same_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(same_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(same_file, xfs) { .kind = XFS };

FIXTURE_SETUP(same_file)
{
	char path[64];

	SKIP_IF(memory_map(&self->m, variant->kind, true));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->m.fd);
	self->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(same_file)
{
	close(self->fd);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(same_file, elsewhere)
{
	cpu_write(&self->m, 1);
	EXPECT_EQ(PAGE, pwrite(self->fd, self->m.p, PAGE, 2 * PAGE));
	EXPECT_EQ(0, memcmp(self->m.p, self->m.p + 2 * PAGE, PAGE));
	EXPECT_EQ(0, pins_left());
	EXPECT_FINE(data_lost(&self->m));
}

/* Its pages have to leave the page cache in the end, and none is held then. */
TEST_F(same_file, onto_itself)
{
	cpu_write(&self->m, 1);
	EXPECT_EQ(self->m.size, pwrite(self->fd, self->m.p, self->m.size, 0));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&self->m, 1));
	EXPECT_FINE(write_back(&self->m));
	EXPECT_FINE(data_lost(&self->m));
}

/* A read beyond the end of a file gives back what it did not need. */
TEST(short_read)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(client_open(&c, FILE_EXT2));
	ASSERT_EQ(0, ftruncate(c.fd, PAGE + 512));
	taken = pins_taken();
	EXPECT_EQ(PAGE + 512, transfer_all(&c.m, c.fd, true));
	EXPECT_LT(0, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	client_close(&c);
	memory_unmap(&c.m);
}

/*
 * Where the file has a hole fs/direct-io.c writes the zeroes itself, into a
 * buffer that has to be marked dirty for it.
 */
TEST(hole_of_file)
{
	struct client c = { };
	size_t i;

	SKIP_IF(memory_map(&c.m, XFS, true));
	SKIP_IF(client_open(&c, FILE_EXT2));
	ASSERT_EQ(0, ftruncate(c.fd, 0));
	ASSERT_EQ(0, ftruncate(c.fd, c.m.size));
	memset(c.m.p, 1, c.m.size);
	EXPECT_EQ(c.m.size, transfer_all(&c.m, c.fd, true));
	EXPECT_EQ(0, pins_left());
	for (i = 0; i < c.m.size && !c.m.p[i]; i++)
		;
	EXPECT_EQ(c.m.size, i);
	EXPECT_EQ(memory_pages(&c.m), dirty_pages(&c.m));
	EXPECT_FINE(data_lost(&c.m));
	client_close(&c);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
