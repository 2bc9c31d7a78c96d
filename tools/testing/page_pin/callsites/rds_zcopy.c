// SPDX-License-Identifier: GPL-2.0-only
/*
 * RDS messages that are sent without a copy (MSG_ZEROCOPY): the pages are the
 * message's until the peer has had it.  Over TCP, and in the loop, where that is
 * when the receiver reads it.
 */
#include <arpa/inet.h>
#include <linux/rds.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "callsite.h"

#ifndef AF_RDS
#define AF_RDS		21
#endif
#ifndef SOL_RDS
#define SOL_RDS		276
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif

/* Of v0. That of lo belongs to RDS's own loop, which does not do it. */
#define ADDRESS		"192.0.2.1"

struct client {
	struct memory m;
	int from, to;
	struct sockaddr_in peer;
	size_t size;
};

static int rds_socket(int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { inet_addr(ADDRESS) },
	};
	int fd = socket(AF_RDS, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int transport = RDS_TRANS_TCP;

	/* The address may be that of an RDMA device as well. */
	if (fd >= 0)
		setsockopt(fd, SOL_RDS, SO_RDS_TRANSPORT, &transport,
			   sizeof(transport));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static const char *client_open(struct client *c)
{
	int one = 1;

	if (load_driver("rds") || load_driver("rds_tcp"))
		return "no RDS over TCP";
	c->from = rds_socket(4000);
	c->to = rds_socket(4001);
	if (c->from < 0 || c->to < 0)
		return "no sockets of RDS";
	c->peer = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(4001),
		.sin_addr = { inet_addr(ADDRESS) },
	};
	return setsockopt(c->from, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one))
	       ? "no zero copy with RDS" : NULL;
}

/* Send all of the memory. Returns 0 or -errno. */
static int send_all(void *arg)
{
	struct client *c = arg;
	struct iovec iov = { c->m.p, c->size };
	struct {
		struct cmsghdr head;
		__u32 cookie;
	} cookie = {
		.head = {
			.cmsg_len = CMSG_LEN(sizeof(__u32)),
			.cmsg_level = 276,	/* SOL_RDS */
			.cmsg_type = 12,	/* RDS_CMSG_ZCOPY_COOKIE */
		},
		.cookie = 1,
	};
	struct msghdr msg = {
		.msg_name = &c->peer,
		.msg_namelen = sizeof(c->peer),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &cookie,
		.msg_controllen = sizeof(cookie),
	};
	ssize_t ret = sendmsg(c->from, &msg, MSG_ZEROCOPY | MSG_DONTWAIT);

	return ret < 0 ? -errno : ret == (ssize_t)c->size ? 0 : -EIO;
}

static ssize_t receive_all(struct client *c, char *to)
{
	return recv(c->to, to, c->size, MSG_DONTWAIT);
}

static void drop(void *arg)
{
	struct client *c = arg;
	char *to = malloc(c->size);

	WAIT_FOR(receive_all(c, to) >= 0);
	free(to);
}

FIXTURE(message)
{
	struct client c;
	int pages;
};

FIXTURE_VARIANT(message)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(message, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(message, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(message, hugetlb) { .kind = HUGETLB_2M };

FIXTURE_SETUP(message)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, false));
	SKIP_IF(client_open(&self->c));
	/* Within what a socket may send. */
	self->pages = NR_SMALL;
	self->c.size = NR_SMALL * PAGE;
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(message)
{
	close(self->c.from);
	close(self->c.to);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(message, data_arrives)
{
	struct client *c = &self->c;
	char *to = calloc(1, c->size);

	cpu_write(&c->m, 1);
	ASSERT_EQ(0, send_all(c));
	EXPECT_EQ(self->pages, pins_held());
	EXPECT_TRUE(WAIT_FOR(receive_all(c, to) == (ssize_t)c->size));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(to, c->m.p, c->size));
}

static int hold(void *arg)
{
	struct client *c = arg;

	return client_open(c) ? -EIO : send_all(c);
}

TEST_F(message, killed)
{
	/* The ports are the child's. */
	close(self->c.from);
	close(self->c.to);
	EXPECT_FINE(kill_holder(hold, &self->c, self->pages));
	self->c.from = -1;
	self->c.to = -1;
}

static const int send_errors[] = { ENOMEM, EFAULT, EAGAIN, 0 };

TEST_F(message, fail_nth)
{
	EXPECT_FINE(fail_each(send_all, drop, &self->c, send_errors));
}

/* A message that ends in nothing is not sent, and all is given back. */
TEST_F(message, hole)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	if (variant->kind != ANON)
		SKIP_CASE("small pages do");
	munmap(c->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, send_all(c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
}

TEST_HARNESS_MAIN
