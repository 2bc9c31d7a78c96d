// SPDX-License-Identifier: GPL-2.0-only
/*
 * OrangeFS: the daemon lends memory to the kernel (ORANGEFS_DEV_MAP), through
 * which the data of the filesystem goes.  This is that daemon, with a server of
 * one file, which is the root of what it mounts.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "callsite.h"

#define DEVICE		"/dev/pvfs2-req"
#define NR_BUFFERS	4

/* What the daemon and the kernel say to each other, see fs/orangefs. */

#define DEV_GET_MAX_UPSIZE	_IOW('k', 2, __s32)
#define DEV_GET_MAX_DOWNSIZE	_IOW('k', 3, __s32)
#define DEV_MAP			_IO('k', 4)

#define MAGIC		0x20030529
#define VERSION		20903
#define MOST		32768		/* bytes of a message */

#define OP_FILE_IO	0xff000001
#define OP_GETATTR	0xff000004
#define OP_SETATTR	0xff000008
#define OP_RA_FLUSH	0xff00000d
#define OP_FS_MOUNT	0xff00000e
#define OP_FS_UMOUNT	0xff00000f
#define OP_FSYNC	0xff00ee01

#define IO_READ		1
#define NO_ENTRY	(-((1 << 30) | 2))
#define TYPE_FILE	1
#define MAY_READ_WRITE	0x1b6

struct dev_map {
	void *ptr;
	__s32 total_size;
	__s32 size;
	__s32 count;
};

struct header {
	__s32 version;
	__s32 magic;
	__u64 tag;
};

struct upcall {
	struct header head;
	__u32 type;
	__s32 who[4];
	__s64 trailer_size;
	char *trailer;
	/* Of OP_FILE_IO. */
	__s32 pad1;
	__s32 buf_index;
	__s32 count;
	__s32 pad2;
	__s64 offset;
	__u64 handle[2];
	__s32 fs_id;
	__s32 pad3;
	__s32 io_type;
};

struct downcall {
	struct header head;
	__u32 type;
	__s32 status;
	__s64 trailer_size;
	char *trailer;
	union {
		__s64 amt_complete;
		struct {
			__s32 fs_id;
			__s32 id;
			__u64 handle[2];
		} mount;
		struct {
			__u32 owner, group, perms;
			__u64 atime, mtime, ctime;
			__s64 size;
			char *link_target;
			__s32 dfile_count;
			__s32 dir_servers[3];
			__u32 mirror_copies;
			char *dist[2];
			__s64 dirent_count;
			__s32 objtype;
			__u64 flags;
			__u32 mask;
			__s64 blksize;
		} attr;
	};
};

struct daemon {
	struct memory m;
	int dev;
	char *server;		/* the file, as large as the memory */
	size_t len;
	bool stop;
	pthread_t thread;
	char path[64];		/* where it is mounted */
};

/* As much as the server has, or has room for. */
static void file_io(struct daemon *d, struct upcall *up, struct downcall *down)
{
	char *buf = d->m.p + up->buf_index * (d->m.size / NR_BUFFERS);
	ssize_t left = (up->io_type == IO_READ ? d->len : d->m.size) -
		       up->offset;
	ssize_t count = left < 0 ? 0 : left < up->count ? left : up->count;

	if (up->io_type == IO_READ) {
		memcpy(buf, d->server + up->offset, count);
	} else {
		memcpy(d->server + up->offset, buf, count);
		if (up->offset + count > (ssize_t)d->len)
			d->len = up->offset + count;
	}
	down->amt_complete = count;
}

static void answer(struct daemon *d, struct upcall *up, struct downcall *down)
{
	switch (up->type) {
	case OP_FS_MOUNT:
		down->mount.fs_id = 9;
		down->mount.id = 1;
		down->mount.handle[0] = 1;
		down->mount.handle[1] = 1;
		break;
	case OP_GETATTR:
		down->attr.perms = MAY_READ_WRITE;
		down->attr.size = d->len;
		down->attr.objtype = TYPE_FILE;
		down->attr.blksize = PAGE;
		break;
	case OP_FILE_IO:
		file_io(d, up, down);
		break;
	case OP_SETATTR:
	case OP_RA_FLUSH:
	case OP_FSYNC:
	case OP_FS_UMOUNT:
		break;
	default:
		down->status = NO_ENTRY;
	}
}

static void *serve(void *arg)
{
	struct daemon *d = arg;
	struct pollfd in = { .fd = d->dev, .events = POLLIN };
	char *up_buf = calloc(1, MOST), *down_buf = malloc(MOST);
	struct upcall *up = (void *)up_buf;
	struct downcall *down = (void *)down_buf;
	__s32 up_size = 0, down_size = 0;

	ioctl(d->dev, DEV_GET_MAX_UPSIZE, &up_size);
	ioctl(d->dev, DEV_GET_MAX_DOWNSIZE, &down_size);
	if (!up_buf || !down_buf || up_size > MOST || down_size > MOST)
		abort();
	while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
		poll(&in, 1, 100);
		if (read(d->dev, up_buf, up_size) != up_size)
			continue;
		memset(down_buf, 0, down_size);
		down->head.version = VERSION;
		down->head.magic = MAGIC;
		down->head.tag = up->head.tag;
		down->type = up->type;
		answer(d, up, down);
		if (write(d->dev, down_buf, down_size) != down_size)
			fprintf(stderr, "# no answer to %x: %d\n", up->type,
				errno);
	}
	free(up_buf);
	free(down_buf);
	return NULL;
}

static int take_as(struct daemon *d, __s32 total, __s32 size, __s32 count)
{
	struct dev_map map = {
		.ptr = d->m.p,
		.total_size = total,
		.size = size,
		.count = count,
	};

	d->dev = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (d->dev < 0)
		return -errno;
	if (!ioctl(d->dev, DEV_MAP, &map))
		return 0;
	total = -errno;
	close(d->dev);
	return total;
}

/* Only closing the device gives it back. */
static int take(void *arg)
{
	struct daemon *d = arg;

	return take_as(d, d->m.size, d->m.size / NR_BUFFERS, NR_BUFFERS);
}

static void give(void *arg)
{
	struct daemon *d = arg;

	close(d->dev);
}

/* Serve and mount. The mount is this process's own, and goes when it does. */
static const char *start(struct daemon *d)
{
	char folder[40];
	int fd;

	d->server = calloc(1, d->m.size);
	d->len = 0;
	d->stop = false;
	if (!d->server || pthread_create(&d->thread, NULL, serve, d))
		return "no daemon";
	if (!folder_of("tmpfs", folder, sizeof(folder)))
		return "no folder to mount it in";
	snprintf(d->path, sizeof(d->path), "%s/orangefs.XXXXXX", folder);
	fd = mkstemp(d->path);
	if (fd < 0)
		return "no file to mount it at";
	close(fd);
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mounts of its own";
	if (mount("tcp://nowhere:3334/orangefs", d->path, "pvfs2", 0, NULL))
		return "it cannot be mounted";
	return FINE;
}

static const char *stop(struct daemon *d)
{
	const char *why = FINE;

	if (umount(d->path))
		why = "it cannot be unmounted";
	unlink(d->path);
	__atomic_store_n(&d->stop, true, __ATOMIC_RELAXED);
	pthread_join(d->thread, NULL);
	free(d->server);
	return why;
}

/* The filesystem writes or reads all that the server has room for. */
static const char *file_all(struct daemon *d, char *data, bool write)
{
	ssize_t size = d->m.size, done;
	const char *why = FINE;
	int fd = open(d->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return "the file cannot be opened";
	if (write) {
		done = pwrite(fd, data, size, 0);
		if (done != size || fsync(fd))
			why = "the file cannot be written";
	} else {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		if (pread(fd, data, size, 0) != size)
			why = "the file cannot be read";
	}
	close(fd);
	return why;
}

/* The driver makes no device file, it is the daemon that does. */
static const char *driver(void)
{
	const char *why = load_driver("orangefs");
	char line[80], name[64];
	unsigned int major;
	FILE *devices;

	if (why || !access(DEVICE, R_OK))
		return why;
	devices = fopen("/proc/devices", "re");
	if (!devices)
		return "no /proc/devices";
	why = "no major number";
	while (fgets(line, sizeof(line), devices)) {
		if (sscanf(line, "%u %63s", &major, name) != 2 ||
		    strcmp(name, "pvfs2-req"))
			continue;
		why = mknod(DEVICE, S_IFCHR | 0600, makedev(major, 0)) ?
		      "no " DEVICE " can be made" : NULL;
	}
	fclose(devices);
	return why;
}

FIXTURE(lent)
{
	struct daemon d;
};

FIXTURE_VARIANT(lent)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(lent, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(lent, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(lent, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(lent)
{
	SKIP_IF(driver());
	SKIP_IF(memory_map(&self->d.m, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(lent)
{
	memory_unmap(&self->d.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(lent, data_arrives)
{
	struct daemon *d = &self->d;
	char *data = malloc(d->m.size);
	size_t i;

	ASSERT_NE(NULL, data);
	for (i = 0; i < d->m.size; i++)
		data[i] = i * 7 + i / PAGE;
	ASSERT_EQ(0, take(d));
	EXPECT_EQ(memory_pages(&d->m), pins_held());
	ASSERT_FINE(start(d));
	EXPECT_FINE(file_all(d, data, true));
	EXPECT_EQ(d->m.size, d->len);
	EXPECT_EQ(0, memcmp(d->server, data, d->m.size));

	/* And back, with something else. */
	for (i = 0; i < d->m.size; i++)
		d->server[i] = i * 5 + i / PAGE;
	EXPECT_FINE(file_all(d, data, false));
	EXPECT_EQ(0, memcmp(d->server, data, d->m.size));
	EXPECT_EQ(memory_pages(&d->m), pins_held());
	EXPECT_FINE(stop(d));
	give(d);
	EXPECT_EQ(0, pins_left());
	free(data);
}

TEST_F(lent, killed)
{
	EXPECT_FINE(kill_holder(take, &self->d, memory_pages(&self->d.m)));
}

TEST_F(lent, fail_nth)
{
	static const int errors[] = { ENOMEM, ENFILE, 0 };

	EXPECT_FINE(fail_each(take, give, &self->d, errors));
}

/* What is written to the filesystem gets to the pages of the daemon's file. */
TEST(dirty)
{
	struct daemon d;
	struct memory *m = &d.m;
	char *data;

	SKIP_IF(driver());
	SKIP_IF(memory_map(m, EXT4, true));
	data = malloc(m->size);
	ASSERT_NE(NULL, data);
	memset(data, 'x', m->size);
	ASSERT_EQ(0, take(&d));
	ASSERT_FINE(start(&d));
	EXPECT_FINE(write_back(m));
	EXPECT_EQ(0, dirty_pages(m));
	EXPECT_FINE(file_all(&d, data, true));
	EXPECT_FINE(stop(&d));
	give(&d);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(m), dirty_pages(m));
	EXPECT_NE(NULL, memchr(m->p, 'x', m->size));
	EXPECT_FINE(data_lost(m));
	free(data);
	memory_unmap(m);
}

/* The pages in front of a hole are given back. */
TEST(hole)
{
	struct daemon d;
	long taken;

	SKIP_IF(driver());
	SKIP_IF(memory_map(&d.m, ANON, false));
	munmap(d.m.p + 3 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-ENOMEM, take(&d));
	EXPECT_EQ(3, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	memory_unmap(&d.m);
}

/* A second map is refused, after its pages have been had. */
TEST(twice)
{
	struct daemon d;
	struct dev_map map;

	SKIP_IF(driver());
	SKIP_IF(memory_map(&d.m, ANON, false));
	ASSERT_EQ(0, take(&d));
	map.ptr = d.m.p;
	map.total_size = d.m.size;
	map.size = PAGE;
	map.count = d.m.size / PAGE;
	EXPECT_EQ(-1, ioctl(d.dev, DEV_MAP, &map));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(memory_pages(&d.m), pins_held());
	give(&d);
	EXPECT_EQ(0, pins_left());
	memory_unmap(&d.m);
}

/* Somebody has pinned a page of the file, which is no matter of its readers. */
TEST(read_while_a_page_is_pinned)
{
	struct device dev;
	struct daemon d;
	char *data, *p;
	int fd, i;

	SKIP_IF(driver());
	SKIP_IF(dev_open(&dev));
	SKIP_IF(memory_map(&d.m, ANON, false));
	data = calloc(1, d.m.size);
	ASSERT_NE(NULL, data);
	ASSERT_EQ(0, take(&d));
	ASSERT_FINE(start(&d));
	EXPECT_FINE(file_all(&d, data, true));
	fd = open(d.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(1, dev_take_at(&dev, p, 1, GUP_HOLD_PIN_SLOW, 0, 1));
	for (i = 0; i < 3; i++) {
		/* What is cached is good for 50 ms. */
		usleep(100000);
		EXPECT_EQ(d.m.size, pread(fd, data, d.m.size, 0));
	}
	EXPECT_EQ(memory_pages(&d.m) + 1, pins_held());
	EXPECT_EQ(0, dev_give(&dev, 0));
	munmap(p, PAGE);
	close(fd);
	dev_close(&dev);
	EXPECT_FINE(stop(&d));
	give(&d);
	EXPECT_EQ(0, pins_left());
	free(data);
	memory_unmap(&d.m);
}

/* 65537 buffers of 64 KB are not 64 KB. */
TEST(too_many)
{
	struct daemon d;

	SKIP_IF(driver());
	SKIP_IF(memory_map(&d.m, HUGETLB_2M, false));
	EXPECT_EQ(-EINVAL, take_as(&d, 0x10000, 0x10000, 0x10001));
	EXPECT_EQ(0, pins_left());
	memory_unmap(&d.m);
}

TEST_HARNESS_MAIN
