// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame vectors, by video buffers that lie in user memory (V4L2_MEMORY_USERPTR):
 * the virtual camera of vivid writes to them, and its virtual screen reads them.
 * The buffers are taken when they are queued first, and stay until they are
 * freed.
 */
#include <glob.h>
#include <linux/videodev2.h>
#include <poll.h>

#include "callsite.h"

#define NR_BUFFERS	2
#define FILLING		0xa5

/* An open device, and one piece of memory for all of its buffers. */
struct client {
	int fd;
	__u32 type;		/* V4L2_BUF_TYPE_VIDEO_CAPTURE or _OUTPUT */
	size_t frame;		/* bytes that the device wants */
	size_t stride;		/* from one buffer to the next, in whole pages */
	struct memory m;
};

static int open_device(const char *path, __u32 wanted)
{
	struct v4l2_capability cap = { };
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && !ioctl(fd, VIDIOC_QUERYCAP, &cap) &&
	    !strcmp((char *)cap.driver, "vivid") &&
	    cap.device_caps & wanted)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static const char *client_open(struct client *c, __u32 type)
{
	__u32 wanted = type == V4L2_BUF_TYPE_VIDEO_CAPTURE ?
		       V4L2_CAP_VIDEO_CAPTURE : V4L2_CAP_VIDEO_OUTPUT;
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = 320,
			.height = 180,
			.pixelformat = V4L2_PIX_FMT_YUYV,
		},
	};
	const char *why = load_driver("vivid");
	glob_t paths;
	size_t i;
	int try;

	if (why)
		return why;
	c->fd = -1;
	c->type = type;
	/* The device files come some time after the module. */
	for (try = 0; try < 50 && c->fd < 0; try++) {
		if (!glob("/dev/video*", 0, NULL, &paths)) {
			for (i = 0; i < paths.gl_pathc && c->fd < 0; i++)
				c->fd = open_device(paths.gl_pathv[i], wanted);
			globfree(&paths);
		}
		if (c->fd < 0)
			usleep(100000);
	}
	if (c->fd < 0)
		return "vivid has no device";
	if (ioctl(c->fd, VIDIOC_S_FMT, &format))
		return "vivid does not know the format";
	c->frame = format.fmt.pix.sizeimage;
	c->stride = (c->frame + PAGE - 1) / PAGE * PAGE;
	return NULL;
}

static const char *client_map(struct client *c, enum memory_kind kind,
			      bool shared)
{
	struct memory *m = &c->m;
	const char *why;

	memset(m, 0, sizeof(*m));
	m->fd = -1;
	m->shared = shared;
	m->page = PAGE;
	m->step = PAGE;
	m->size = NR_BUFFERS * c->stride;
	if (kind == ANON)
		why = map_small(m);
	else if (kind == MEMFD)
		why = map_memfd(m);
	else
		why = map_file(m, file_on(kind == EXT4 ? "ext4" : "xfs",
					  m->size));
	if (!why)
		memset(m->p, FILLING, m->size);
	return why;
}

/* How many buffers there are from now on; 0 gives all pages back. */
static int request(struct client *c, int count)
{
	struct v4l2_requestbuffers buffers = {
		.count = count,
		.type = c->type,
		.memory = V4L2_MEMORY_USERPTR,
	};

	return ioctl(c->fd, VIDIOC_REQBUFS, &buffers) ? -errno : 0;
}

static int queue(struct client *c, int index)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = c->type,
		.memory = V4L2_MEMORY_USERPTR,
		.m.userptr = (uintptr_t)c->m.p + index * c->stride,
		.length = c->frame,
		.bytesused = c->frame,
		.field = V4L2_FIELD_NONE,
	};

	return ioctl(c->fd, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

static int queue_all(struct client *c)
{
	int i, ret = request(c, NR_BUFFERS);

	for (i = 0; i < NR_BUFFERS && !ret; i++)
		ret = queue(c, i);
	return ret;
}

/*
 * Let the device have all buffers, and wait until it is done with each; a screen
 * goes on showing the last one.
 */
static int stream(struct client *c)
{
	struct pollfd done = {
		.fd = c->fd,
		.events = POLLIN | POLLOUT,
	};
	int wanted = c->type == V4L2_BUF_TYPE_VIDEO_OUTPUT ? NR_BUFFERS - 1 :
							     NR_BUFFERS;
	struct v4l2_buffer buffer;
	int i, ret = 0;

	if (ioctl(c->fd, VIDIOC_STREAMON, &c->type))
		return -errno;
	for (i = 0; i < wanted && !ret; i++) {
		memset(&buffer, 0, sizeof(buffer));
		buffer.type = c->type;
		buffer.memory = V4L2_MEMORY_USERPTR;
		while (ioctl(c->fd, VIDIOC_DQBUF, &buffer)) {
			ret = errno != EAGAIN ? -errno :
			      poll(&done, 1, 10000) != 1 ? -ETIME : 0;
			if (ret)
				break;
		}
		if (!ret && buffer.flags & V4L2_BUF_FLAG_ERROR)
			ret = -EIO;
	}
	if (ioctl(c->fd, VIDIOC_STREAMOFF, &c->type))
		ret = ret ?: -errno;
	return ret;
}

static int nr_pages(struct client *c)
{
	return NR_BUFFERS * (c->stride / PAGE);
}

/* Pages in which there is nothing but what client_map() wrote. */
static int untouched(struct client *c)
{
	int pages = 0;
	size_t i, off, len;

	for (i = 0; i < NR_BUFFERS; i++) {
		for (off = 0; off < c->frame; off += PAGE) {
			char *p = c->m.p + i * c->stride + off;

			len = c->frame - off < PAGE ? c->frame - off : PAGE;
			pages += *(__u8 *)p == FILLING &&
				 !memcmp(p, p + 1, len - 1);
		}
	}
	return pages;
}

FIXTURE(camera)
{
	struct client c;
};

FIXTURE_VARIANT(camera)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(camera, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(camera, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(camera)
{
	SKIP_IF(client_open(&self->c, V4L2_BUF_TYPE_VIDEO_CAPTURE));
	SKIP_IF(client_map(&self->c, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(camera)
{
	close(self->c.fd);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(camera, data_arrives)
{
	struct client *c = &self->c;
	int pages = nr_pages(c);
	long taken = pins_taken();

	ASSERT_EQ(0, queue_all(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(pages, untouched(c));
	ASSERT_EQ(0, stream(c));
	EXPECT_EQ(0, untouched(c));
	EXPECT_EQ(pages, pins_held());
	/* The same memory again: nothing has to be taken. */
	memset(c->m.p, FILLING, c->m.size);
	ASSERT_EQ(0, queue(c, 0));
	ASSERT_EQ(0, queue(c, 1));
	ASSERT_EQ(0, stream(c));
	EXPECT_EQ(0, untouched(c));
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(0, request(c, 0));
	EXPECT_EQ(0, pins_held());
}

TEST_F(camera, stays_with_the_parent_of_a_fork)
{
	struct client *c = &self->c;
	struct child child = { };

	ASSERT_EQ(0, queue_all(c));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	memset(c->m.p, FILLING, c->m.size);
	ASSERT_EQ(0, stream(c));
	EXPECT_EQ(0, untouched(c));
	child_end(&child);
	EXPECT_EQ(0, request(c, 0));
}

static int queue_alone(void *arg)
{
	struct client *c = arg;

	/* A file of the child alone. */
	if (client_open(c, c->type))
		return -ENODEV;
	return queue_all(c);
}

TEST_F(camera, killed)
{
	EXPECT_FINE(kill_holder(queue_alone, &self->c, nr_pages(&self->c)));
}

static int queue_first(void *arg)
{
	return queue(arg, 0);
}

static void request_again(void *arg)
{
	request(arg, 0);
	request(arg, NR_BUFFERS);
}

/* A page that cannot be faulted in is EFAULT, mapping the buffer EINVAL. */
static const int queue_errors[] = { ENOMEM, EFAULT, EINVAL, 0 };

TEST_F(camera, fail_nth)
{
	ASSERT_EQ(0, request(&self->c, NR_BUFFERS));
	EXPECT_FINE(fail_each(queue_first, request_again, &self->c,
			      queue_errors));
	EXPECT_EQ(0, request(&self->c, 0));
}

TEST_F(camera, short_pin_is_given_back)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(0, request(c, NR_BUFFERS));
	munmap(c->m.p + 2 * PAGE, PAGE);
	EXPECT_GT(0, queue(c, 0));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, request(c, 0));
}

/* Registers of a device have no pages. */
TEST_F(camera, registers_are_refused)
{
	struct client *c = &self->c;
	long taken = pins_taken();
	glob_t paths;
	void *regs;
	int fd;

	if (glob("/sys/bus/pci/devices/*/resource0", 0, NULL, &paths))
		SKIP_CASE("no device with registers in memory");
	fd = open(paths.gl_pathv[0], O_RDWR | O_SYNC | O_CLOEXEC);
	globfree(&paths);
	ASSERT_LE(0, fd);
	regs = mmap(c->m.p, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	if (regs == MAP_FAILED)
		SKIP_CASE("the registers of a device cannot be mapped");
	ASSERT_EQ(0, request(c, NR_BUFFERS));
	EXPECT_EQ(-EFAULT, queue(c, 0));
	EXPECT_EQ(taken, pins_taken());
	EXPECT_EQ(0, request(c, 0));
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
	SKIP_IF(client_open(&self->c, V4L2_BUF_TYPE_VIDEO_CAPTURE));
	SKIP_IF(client_map(&self->c, variant->kind, true));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close(self->c.fd);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;
	int pages = nr_pages(c);

	ASSERT_EQ(0, queue_all(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	ASSERT_EQ(0, stream(c));
	EXPECT_EQ(0, request(c, 0));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(pages, dirty_pages(&c->m));
	EXPECT_EQ(0, untouched(c));
	EXPECT_FINE(data_lost(&c->m));
}

/* The screen. */
TEST(frames_are_shown)
{
	struct client c;
	int pages;

	SKIP_IF(client_open(&c, V4L2_BUF_TYPE_VIDEO_OUTPUT));
	SKIP_IF(client_map(&c, ANON, false));
	ASSERT_EQ(0, pins_left());
	pages = nr_pages(&c);
	ASSERT_EQ(0, queue_all(&c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(0, stream(&c));
	EXPECT_EQ(pages, pins_held());
	/* Nobody has written to them. */
	EXPECT_EQ(pages, untouched(&c));
	EXPECT_EQ(0, request(&c, 0));
	EXPECT_EQ(0, pins_held());
	close(c.fd);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
