// SPDX-License-Identifier: GPL-2.0-only
/*
 * FUSE: direct I/O of a file whose server is this program, so that a request is
 * answered when the case wants it to be; and the server's own buffer, which the
 * kernel copies requests to and answers from.
 */
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "callsite.h"

#define FILE_NODE	2
#define MOST_DATA	0x100000
#define BUFFER		(MOST_DATA + 2 * PAGE)
#define DIR		"/run/pin/fuse"

struct server {
	int fd;			/* /dev/fuse */
	char *buffer;		/* for requests and answers */
	char *data;		/* of the file */
	pthread_t thread;
	bool mounted;
	int wait;		/* leave reads and writes unanswered */
	int waiting;		/* as many are */
};

/* What the thread of the server and the case tell each other. */
static int value_of(int *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void set_value(int *value, int to)
{
	__atomic_store_n(value, to, __ATOMIC_SEQ_CST);
}

static int answer(struct server *s, __u64 unique, int error, void *data,
		  size_t size)
{
	struct fuse_out_header *out = (void *)s->buffer;

	out->len = sizeof(*out) + size;
	out->error = error;
	out->unique = unique;
	if (size)
		memmove(out + 1, data, size);
	return write(s->fd, s->buffer, out->len) < 0 ? -errno : 0;
}

static struct fuse_attr attr_of(__u64 node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = MOST_DATA,
		.mode = node == FILE_NODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
		.blksize = PAGE,
	};
}

/* Answer one request. */
static void serve_one(struct server *s)
{
	struct fuse_in_header in = *(struct fuse_in_header *)s->buffer;
	void *arg = s->buffer + sizeof(in);
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = 0,
		.flags = FUSE_ASYNC_DIO | FUSE_MAX_PAGES,
		.max_background = 16,
		.congestion_threshold = 12,
		.max_write = MOST_DATA,
		.max_pages = MOST_DATA / PAGE,
	};
	struct fuse_entry_out entry = { .nodeid = FILE_NODE };
	struct fuse_attr_out attr = { .attr = attr_of(in.nodeid) };
	struct fuse_open_out open = {
		.open_flags = in.opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : 0,
	};
	struct fuse_read_in read;
	struct fuse_write_in write;
	struct fuse_write_out written = { 0 };

	entry.attr = attr_of(FILE_NODE);
	switch (in.opcode) {
	case FUSE_INIT:
		answer(s, in.unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		answer(s, in.unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer(s, in.unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(s, in.unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
	case FUSE_WRITE:
		read = *(struct fuse_read_in *)arg;
		write = *(struct fuse_write_in *)arg;
		if (in.opcode == FUSE_WRITE)
			memcpy(s->data + write.offset,
			       (char *)arg + sizeof(write), write.size);
		__atomic_add_fetch(&s->waiting, 1, __ATOMIC_SEQ_CST);
		while (value_of(&s->wait))
			usleep(1000);
		__atomic_sub_fetch(&s->waiting, 1, __ATOMIC_SEQ_CST);
		if (in.opcode == FUSE_READ) {
			answer(s, in.unique, 0, s->data + read.offset,
			       read.size);
		} else {
			written.size = write.size;
			answer(s, in.unique, 0, &written, sizeof(written));
		}
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FSYNC:
		answer(s, in.unique, 0, NULL, 0);
		break;
	default:
		/*
		 * That goes for FUSE_FLUSH as well, and from then on there is
		 * none: a process that ends would wait for its own server.
		 */
		answer(s, in.unique, -ENOSYS, NULL, 0);
	}
}

static void *serve(void *arg)
{
	struct server *s = arg;

	/* ENOENT: a request that was interrupted. ENODEV: unmounted. */
	for (;;) {
		if (read(s->fd, s->buffer, BUFFER) >= 0)
			serve_one(s);
		else if (errno == ENODEV)
			return NULL;
	}
}

static const char *server_start(struct server *s, char *buffer)
{
	char options[64];

	if (load_driver("fuse"))
		return "no FUSE";
	s->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		return "no /dev/fuse";
	mkdir(DIR, 0700);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", s->fd);
	if (mount("page_pin", DIR, "fuse", 0, options))
		return "FUSE cannot be mounted";
	s->mounted = true;
	s->data = calloc(1, MOST_DATA);
	s->buffer = buffer ?: aligned_alloc(PAGE, BUFFER);
	memset(s->buffer, 0, BUFFER);
	if (pthread_create(&s->thread, NULL, serve, s))
		return "no thread";
	return close(open(DIR "/file", O_RDWR | O_CLOEXEC)) ? "no file" : NULL;
}

static void server_stop(struct server *s)
{
	if (!s->mounted)
		return;
	set_value(&s->wait, 0);
	umount2(DIR, MNT_DETACH);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

struct client {
	struct memory m;
	struct server server;
	int fd;
	size_t size;
	bool in;
	ssize_t ret;
	pthread_t thread;
};

static ssize_t transfer(struct client *c)
{
	ssize_t ret = c->in ? pread(c->fd, c->m.p, c->size, 0)
			    : pwrite(c->fd, c->m.p, c->size, 0);

	return c->ret = ret < 0 ? -errno : ret;
}

static void *transfer_thread(void *arg)
{
	transfer(arg);
	return NULL;
}

FIXTURE(direct)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(direct)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(direct, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(direct, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(direct, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(direct, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(direct, xfs) { .kind = XFS, .shared = true };

FIXTURE_SETUP(direct)
{
	struct client *c = &self->c;

	SKIP_IF(memory_map(&c->m, variant->kind, variant->shared));
	SKIP_IF(server_start(&c->server, NULL));
	c->size = c->m.size < 64 * PAGE ? c->m.size : 64 * PAGE;
	self->pages = c->size / PAGE;
	c->fd = open(DIR "/file", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, c->fd);
	ASSERT_EQ(0, pins_left() - pins_held());
}

FIXTURE_TEARDOWN(direct)
{
	set_value(&self->c.server.wait, 0);
	close(self->c.fd);
	server_stop(&self->c.server);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(direct, data_arrives)
{
	struct client *c = &self->c;
	size_t i;

	for (i = 0; i < c->size; i++)
		c->m.p[i] = i * 3 + i / 256;
	EXPECT_EQ(c->size, transfer(c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(c->server.data, c->m.p, c->size));
	memset(c->m.p, 0, c->size);
	c->in = true;
	EXPECT_EQ(c->size, transfer(c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(c->server.data, c->m.p, c->size));
}

/* As long as the server has not answered all pages are pinned, once. */
TEST_F(direct, held)
{
	struct client *c = &self->c;

	memset(c->server.data, 5, c->size);
	for (c->in = false; ; c->in = true) {
		set_value(&c->server.wait, 1);
		ASSERT_EQ(0, pthread_create(&c->thread, NULL, transfer_thread, c));
		EXPECT_TRUE(WAIT_FOR(value_of(&c->server.waiting)));
		EXPECT_EQ(self->pages, pins_held());
		if (variant->kind == XFS)
			EXPECT_FINE(write_back(&c->m));
		set_value(&c->server.wait, 0);
		pthread_join(c->thread, NULL);
		EXPECT_EQ(c->size, c->ret);
		EXPECT_EQ(0, pins_left());
		if (c->in)
			break;
		memset(c->server.data, 6, c->size);
	}
	EXPECT_EQ(0, memcmp(c->server.data, c->m.p, c->size));
	if (variant->kind == XFS) {
		EXPECT_EQ(self->pages, dirty_pages(&c->m));
		EXPECT_FINE(data_lost(&c->m));
	}
}

/* A page that the server is to fill stays that of the parent. */
TEST_F(direct, fork)
{
	struct client *c = &self->c;
	struct child child = { };

	if (variant->kind != ANON)
		SKIP_CASE("small pages of private memory do");
	memset(c->server.data, 5, c->size);
	c->size = PAGE / 2;
	c->in = true;
	set_value(&c->server.wait, 1);
	ASSERT_EQ(0, pthread_create(&c->thread, NULL, transfer_thread, c));
	EXPECT_TRUE(WAIT_FOR(value_of(&c->server.waiting)));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	c->m.p[PAGE - 1] = 77;
	set_value(&c->server.wait, 0);
	pthread_join(c->thread, NULL);
	EXPECT_EQ(PAGE / 2, c->ret);
	EXPECT_EQ(0, memcmp(c->server.data, c->m.p, PAGE / 2));
	EXPECT_EQ(77, c->m.p[PAGE - 1]);
	close(child.to);
	close(child.from);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
}

/* Killed while the server has the request: it keeps its pages until answered. */
TEST_F(direct, killed)
{
	struct client *c = &self->c;
	pid_t pid;

	set_value(&c->server.wait, 1);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		c->in = true;
		transfer(c);
		_exit(0);
	}
	EXPECT_TRUE(WAIT_FOR(value_of(&c->server.waiting)));
	EXPECT_EQ(self->pages, pins_held());
	kill(pid, SIGKILL);
	usleep(200000);
	EXPECT_EQ(self->pages, pins_held());
	set_value(&c->server.wait, 0);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, pins_left());
}

static int read_all(void *arg)
{
	struct client *c = arg;

	c->in = true;
	transfer(c);
	return c->ret == (ssize_t)c->size ? 0 : c->ret < 0 ? c->ret : -EIO;
}

static const int io_errors[] = { ENOMEM, EFAULT, EIO, EAGAIN, 0 };

TEST_F(direct, fail_nth)
{
	EXPECT_FINE(fail_each(read_all, NULL, &self->c, io_errors));
}

/*
 * The server's buffer is a file: each request that it reads there is written to
 * the file by the kernel, and makes the page dirty.
 */
TEST(server_buffer)
{
	struct client c = { .size = NR_SMALL * PAGE };
	struct memory m;
	int fd = file_on("xfs", BUFFER);
	char *buffer;
	long taken;

	ASSERT_LE(0, fd);
	buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, buffer);
	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(server_start(&c.server, buffer));
	c.fd = open(DIR "/file", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, c.fd);
	ASSERT_EQ(0, pins_left());

	memset(c.m.p, 9, c.size);
	set_value(&c.server.wait, 1);
	taken = pins_taken();
	ASSERT_EQ(0, pthread_create(&c.thread, NULL, transfer_thread, &c));
	EXPECT_TRUE(WAIT_FOR(value_of(&c.server.waiting)));
	/* The request's header is in front of the data: one page more. */
	EXPECT_EQ(NR_SMALL + NR_SMALL + 1, pins_taken() - taken);
	EXPECT_EQ(NR_SMALL, pins_held());
	m = (struct memory){ .p = buffer, .size = c.size, .page = PAGE, .fd = fd };
	EXPECT_EQ(NR_SMALL, dirty_pages(&m));
	EXPECT_FINE(data_lost(&m));
	set_value(&c.server.wait, 0);
	pthread_join(c.thread, NULL);
	EXPECT_EQ(c.size, c.ret);
	EXPECT_EQ(0, pins_left());
	close(c.fd);
	server_stop(&c.server);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
