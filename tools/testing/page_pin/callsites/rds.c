// SPDX-License-Identifier: GPL-2.0-only
/*
 * RDS pins the buffer that information is copied to, and memory for RDMA: in
 * regions (GET_MR, and RDMA_MAP with a message) and for single transfers.  The
 * device is Soft-RoCE, rxe.
 */
/* LIBS: -lrdmacm -libverbs */
#include <linux/rds.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/syscall.h>

#include "rdma.h"

#ifndef SOL_RDS
#define SOL_RDS		276
#endif

/*
 * Information
 */

/*
 * A buffer whose last page is missing: whoever pins all of it waits there, and
 * has the others.
 */
struct client {
	int fd;			/* the socket */
	struct memory m;	/* the buffer but its last page */
	int uffd;		/* faults in the last page */
	pthread_t asker;
	int got;		/* what the thread came back with */
};

/* Ask for counters. Returns the size of one, or -errno. */
static int ask(struct client *c, void *buffer, socklen_t *size)
{
	int ret = getsockopt(c->fd, SOL_RDS, RDS_INFO_COUNTERS, buffer, size);

	return ret < 0 ? -errno : ret;
}

/* Does it look like counters, of which a few are well known? */
static bool are_counters(const void *buffer, socklen_t size)
{
	const struct rds_info_counter *counter = buffer;
	int i, known = 0, n = size / sizeof(*counter);

	for (i = 0; i < n; i++)
		known += !strcmp((char *)counter[i].name, "conn_reset") ||
			 !strcmp((char *)counter[i].name, "send_queued");
	return known == 2;
}

static const char *client_map(struct client *c, enum memory_kind kind)
{
	struct memory *m = &c->m;
	const char *why = load_driver("rds");

	c->uffd = -1;
	m->fd = -1;
	if (why)
		return why;
	c->fd = socket(AF_RDS, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return "no RDS";
	memory_size(m, kind);
	m->shared = kind == EXT4;
	m->area_size = m->size + PAGE;
	m->area = mmap(NULL, m->area_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->area == MAP_FAILED)
		return "no memory";
	m->p = m->area;
	madvise(m->p, m->area_size, MADV_NOHUGEPAGE);
	if (kind == EXT4) {
		m->fd = file_on("ext4", m->size);
		if (m->fd < 0 ||
		    mmap(m->p, m->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, m->fd, 0) == MAP_FAILED)
			return "no file of this kind";
	}
	cpu_write(m, 0);
	return NULL;
}

static void *asker(void *arg)
{
	struct client *c = arg;
	socklen_t size = c->m.size + PAGE;

	c->got = ask(c, c->m.p, &size);
	return NULL;
}

/* Ask, and come back when the kernel waits for the last page. */
static int ask_and_wait(void *arg)
{
	struct client *c = arg;
	struct uffdio_register range = {
		.range = { (uintptr_t)c->m.p + c->m.size, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	struct pollfd fault = { .events = POLLIN };

	/* In a child, too: pages of its own, which the fast walk pins. */
	cpu_write(&c->m, 0);
	/* And its own userfaultfd. */
	c->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (c->uffd < 0 || ioctl(c->uffd, UFFDIO_API, &api) ||
	    ioctl(c->uffd, UFFDIO_REGISTER, &range))
		return -errno;
	fault.fd = c->uffd;
	if (pthread_create(&c->asker, NULL, asker, c))
		return -EAGAIN;
	return poll(&fault, 1, 20000) == 1 ? 0 : -ETIME;
}

static int ask_goes_on(struct client *c)
{
	struct uffdio_zeropage last = {
		.range = { (uintptr_t)c->m.p + c->m.size, PAGE },
	};
	int ret = ioctl(c->uffd, UFFDIO_ZEROPAGE, &last);

	return ret ?: pthread_join(c->asker, NULL);
}

FIXTURE(info)
{
	struct client c;
};

FIXTURE_SETUP(info)
{
	SKIP_IF(client_map(&self->c, ANON));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(info)
{
	if (self->c.uffd >= 0)
		close(self->c.uffd);
	close(self->c.fd);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(info, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	ASSERT_EQ(0, ask_and_wait(c));
	EXPECT_EQ(pages, pins_held());
	ASSERT_EQ(0, ask_goes_on(c));
	EXPECT_EQ(sizeof(struct rds_info_counter), c->got);
	EXPECT_EQ(0, pins_held());
	EXPECT_TRUE(are_counters(c->m.p, PAGE));
}

/* By the byte, and across pages. */
TEST_F(info, odd_buffers)
{
	struct client *c = &self->c;
	socklen_t size = 0, whole;
	long taken = pins_taken();

	/* How much is there? Nothing is needed for that. */
	EXPECT_EQ(-ENOSPC, ask(c, NULL, &size));
	EXPECT_EQ(0, pins_taken() - taken);
	whole = size;
	ASSERT_LT(100, whole);
	EXPECT_EQ(sizeof(struct rds_info_counter),
		  ask(c, c->m.p + PAGE - 100, &size));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(whole, size);
	EXPECT_TRUE(are_counters(c->m.p + PAGE - 100, size));

	/* One byte short */
	size = whole - 1;
	EXPECT_EQ(-ENOSPC, ask(c, c->m.p, &size));
	EXPECT_EQ(0, pins_held());

	/* A hole */
	munmap(c->m.p + PAGE, PAGE);
	size = 2 * PAGE;
	EXPECT_EQ(-EAGAIN, ask(c, c->m.p, &size));
	EXPECT_EQ(0, pins_held());
}

TEST_F(info, killed)
{
	EXPECT_FINE(kill_holder(ask_and_wait, &self->c,
				memory_pages(&self->c.m)));
}

static int ask_all(void *arg)
{
	struct client *c = arg;
	socklen_t size = c->m.size;

	return ask(c, c->m.p, &size);
}

/* Pages that cannot be had are reported in a way of its own. */
static const int info_errors[] = { ENOMEM, EAGAIN, 0 };

TEST_F(info, fail_nth)
{
	EXPECT_FINE(fail_each(ask_all, NULL, &self->c, info_errors));
}

TEST(info_dirty)
{
	struct client c = { };
	int pages;

	SKIP_IF(client_map(&c, EXT4));
	pages = memory_pages(&c.m);
	ASSERT_EQ(0, ask_and_wait(&c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	ASSERT_EQ(0, ask_goes_on(&c));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(pages, dirty_pages(&c.m));
	EXPECT_TRUE(are_counters(c.m.p, PAGE));
	EXPECT_FINE(data_lost(&c.m));
	close(c.uffd);
	close(c.fd);
	memory_unmap(&c.m);
}

/*
 * RDMA
 */

#define PORT_A		4001
#define PORT_B		4002

struct ends {
	int a, b;		/* sockets, connected to each other */
	struct memory m;	/* region of a */
	struct memory other;	/* what b transfers it to and from */
	rds_rdma_cookie_t cookie;	/* of the region */
};

static struct sockaddr_in port_of(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(ADDRESS),
	};
}

/* A socket of RDS over InfiniBand. Returns it or -errno. */
static int rds_socket(int port)
{
	struct sockaddr_in address = port_of(port);
	struct timeval patience = { .tv_sec = 1 };
	int transport = RDS_TRANS_IB;
	int fd = socket(AF_RDS, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				 sizeof(patience)) ||
	    setsockopt(fd, SOL_RDS, SO_RDS_TRANSPORT, &transport,
		       sizeof(transport)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return fd;
}

static const char *ends_open(struct ends *e, enum memory_kind kind)
{
	const char *why = rdma_link("rxe") ?: load_driver("rds_rdma");

	if (why)
		return why;
	/* Each message is to be acknowledged: its memory goes only then. */
	if (file_write("/proc/sys/net/rds/max_unacked_packets", "0") < 0)
		return "messages may stay without an acknowledgment";
	e->a = rds_socket(PORT_A);
	e->b = rds_socket(PORT_B);
	if (e->a < 0 || e->b < 0)
		return "no socket of RDS on the RDMA device";
	return memory_map(&e->m, kind, kind == EXT4) ?:
	       memory_map(&e->other, ANON, false);
}

static void ends_close(struct ends *e)
{
	close(e->a);
	close(e->b);
	memory_unmap(&e->m);
	memory_unmap(&e->other);
}

/* Send a message to @port with one piece of control. Returns 0 or -errno. */
static int send_control(int fd, int port, int type, const void *data,
			size_t size)
{
	struct sockaddr_in to = port_of(port);
	char control[256] = "", text[] = "hello";
	struct iovec iov = { text, sizeof(text) };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(size),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_RDS;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
	return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}

/* Wait for control of a type, which may come with a message or alone. */
static int receive_control(int fd, int type, void *data, size_t size)
{
	int try;

	for (try = 0; try < 20; try++) {
		char control[256], text[64];
		struct iovec iov = { text, sizeof(text) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct cmsghdr *cmsg;

		if (recvmsg(fd, &msg, 0) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			return -errno;
		}
		for (cmsg = CMSG_FIRSTHDR(&msg); cmsg;
		     cmsg = CMSG_NXTHDR(&msg, cmsg))
			if (cmsg->cmsg_type == type) {
				memcpy(data, CMSG_DATA(cmsg), size);
				return 0;
			}
	}
	return -ETIME;
}

/* Make the region, and let the other end know. Returns 0 or -errno. */
static int map_region(struct ends *e)
{
	struct rds_get_mr_args args = {
		.vec = { (uintptr_t)e->m.p, e->m.size },
		.flags = RDS_RDMA_READWRITE,
	};
	int err, try;

	/* It fails until there is a connection. */
	for (try = 0; try < 200; try++) {
		err = send_control(e->a, PORT_B, RDS_CMSG_RDMA_MAP, &args,
				   sizeof(args));
		if (err != -EAGAIN && err != -ENODEV)
			break;
		usleep(100000);
	}
	return err ?: receive_control(e->b, RDS_CMSG_RDMA_DEST, &e->cookie,
				      sizeof(e->cookie));
}

/* Have the other end transfer. Returns 0, -errno, or an RDS status above. */
static int transfer(struct ends *e, bool to_region)
{
	struct rds_iovec local = { (uintptr_t)e->other.p, e->other.size };
	struct rds_rdma_args args = {
		.cookie = e->cookie,
		.remote_vec = { 0, e->m.size },
		.local_vec_addr = (uintptr_t)&local,
		.nr_local = 1,
		.flags = RDS_RDMA_NOTIFY_ME |
			 (to_region ? RDS_RDMA_READWRITE : 0),
		.user_token = 7,
	};
	struct rds_rdma_notify notify = { };
	int err = send_control(e->b, PORT_A, RDS_CMSG_RDMA_ARGS, &args,
			       sizeof(args));

	err = err ?: receive_control(e->b, RDS_CMSG_RDMA_STATUS, &notify,
				     sizeof(notify));
	return err ?: notify.user_token == 7 ? notify.status : -EBADMSG;
}

static int free_region(struct ends *e)
{
	struct rds_free_mr_args args = {
		.cookie = e->cookie,
		.flags = RDS_RDMA_INVALIDATE,
	};

	return setsockopt(e->a, SOL_RDS, RDS_FREE_MR, &args,
			  sizeof(args)) ? -errno : 0;
}

FIXTURE(rdma)
{
	struct ends e;
};

FIXTURE_SETUP(rdma)
{
	SKIP_IF(ends_open(&self->e, ANON));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(rdma)
{
	ends_close(&self->e);
	EXPECT_EQ(0, pins_left());
}

TEST_F(rdma, data_arrives)
{
	struct ends *e = &self->e;
	int pages = memory_pages(&e->m);
	long taken;

	ASSERT_EQ(0, map_region(e));
	EXPECT_EQ(pages, pins_held());

	/* The device fills pages that are pinned for this alone. */
	cpu_write(&e->m, 1);
	taken = pins_taken();
	EXPECT_EQ(RDS_RDMA_SUCCESS, transfer(e, false));
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(0, cpu_check(&e->other, 1));
	EXPECT_TRUE(WAIT_FOR(pins_held() == pages));

	/* And those of the region */
	cpu_write(&e->other, 2);
	EXPECT_EQ(RDS_RDMA_SUCCESS, transfer(e, true));
	EXPECT_EQ(0, cpu_check(&e->m, 2));
	EXPECT_TRUE(WAIT_FOR(pins_held() == pages));

	EXPECT_EQ(0, free_region(e));
	EXPECT_EQ(0, pins_left());
}

static int map_and_hold(void *arg)
{
	struct ends e = { };
	const char *why = ends_open(&e, ANON);

	if (why) {
		fprintf(stderr, "# %s\n", why);
		return -ENODEV;
	}
	return map_region(&e);
}

TEST(rdma_killed)
{
	struct ends e = { };

	SKIP_IF(ends_open(&e, ANON));
	/* Only to see that there is a device. */
	ends_close(&e);
	EXPECT_FINE(kill_holder(map_and_hold, NULL, NR_SMALL));
}

TEST(rdma_dirty)
{
	struct ends e = { };
	int pages;

	SKIP_IF(ends_open(&e, EXT4));
	pages = memory_pages(&e.m);
	ASSERT_EQ(0, map_region(&e));
	cpu_write(&e.other, 3);
	EXPECT_FINE(write_back(&e.m));
	EXPECT_EQ(0, dirty_pages(&e.m));
	EXPECT_EQ(RDS_RDMA_SUCCESS, transfer(&e, true));
	EXPECT_EQ(0, free_region(&e));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(pages, dirty_pages(&e.m));
	EXPECT_EQ(0, cpu_check(&e.m, 3));
	EXPECT_FINE(data_lost(&e.m));
	ends_close(&e);
}

/* GET_MR needs a device that is in use, and a connection. */
static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -ENODEV;
}

/* So it is refused by the transport, after the pages have been pinned. */
static int get_mr(void *arg)
{
	struct ends *e = arg;
	struct rds_get_mr_args args = {
		.vec = { (uintptr_t)e->m.p, e->m.size },
		.cookie_addr = (uintptr_t)&e->cookie,
	};

	return setsockopt(e->a, SOL_RDS, RDS_GET_MR, &args,
			  sizeof(args)) ? -errno : 0;
}

TEST_F(rdma, get_mr_refused)
{
	struct ends *e = &self->e;
	long taken = pins_taken();

	EXPECT_TRUE(is_refusal(get_mr(e)));
	EXPECT_EQ(memory_pages(&e->m), pins_taken() - taken);
	EXPECT_EQ(0, pins_held());

	/* A hole in the memory */
	munmap(e->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, get_mr(e));
	EXPECT_EQ(0, pins_held());
}

/* It does not get further than that. */
static int get_mr_until_refused(void *arg)
{
	int ret = get_mr(arg);

	return is_refusal(ret) ? 0 : ret;
}

TEST_F(rdma, get_mr_fail_nth)
{
	EXPECT_FINE(fail_each(get_mr_until_refused, NULL, &self->e, NULL));
}

TEST_HARNESS_MAIN
