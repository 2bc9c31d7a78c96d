// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/O of NFS, with the server in the same kernel: what it exports is ext4
 * on a disk that can be stopped, see disk.h.  There is no mountd, whose answers
 * are put into the caches of the server beforehand.
 */
#include "disk.h"

#define CLIENT_DIR	"/run/pin/nfs"

/* fsid, no_subtree_check, insecure, async, no_root_squash */
#define EXPORT		"9234"
#define FOR_EVER	"2147483647"

struct client {
	struct memory m;
	size_t size;
	int fd;
	bool mounted;
};

static const char *server_start(void)
{
	const char *why = disk_mount("ext4");

	if (why)
		return why;
	if (load_driver("nfsd") || load_driver("nfs") || load_driver("nfsv4"))
		return "no NFS";
	if (access("/proc/fs/nfsd/threads", F_OK) &&
	    !shell("mount -t nfsd nfsd /proc/fs/nfsd"))
		return "no nfsd";
	if (close(disk_file("file", MB)))
		return "no file to export";
	return shell("cd /proc/net/rpc && "
		     "echo nfsd 127.0.0.1 " FOR_EVER " client > auth.unix.ip/channel && "
		     "echo client " DISK_DIR " " FOR_EVER " " EXPORT " 0 0 0 > nfsd.export/channel && "
		     "echo 'client 1 \\x00000000 " FOR_EVER " " DISK_DIR "' > nfsd.fh/channel && "
		     "cd /proc/fs/nfsd && echo '-2 -3 +4' > versions && "
		     "echo 10 > nfsv4gracetime && echo 10 > nfsv4leasetime && "
		     "echo tcp 2049 > portlist && "
		     "echo 2 > threads && { echo Y > v4_end_grace || :; }")
	       ? NULL : "the server does not start";
}

static void server_stop(void)
{
	shell("echo 0 > /proc/fs/nfsd/threads; cd /proc/net/rpc; "
	      "for i in nfsd.export nfsd.fh auth.unix.ip; do echo " FOR_EVER
	      " > $i/flush; done");
	umount(DISK_DIR);
}

static const char *client_open(struct client *c)
{
	const char *why = server_start();

	c->fd = -1;
	if (why) {
		umount(DISK_DIR);
		return why;
	}
	mkdir(CLIENT_DIR, 0700);
	if (mount("127.0.0.1:/", CLIENT_DIR, "nfs4", 0,
		  "addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.1,"
		  "rsize=262144,wsize=262144"))
		return "NFS cannot be mounted";
	c->mounted = true;
	c->fd = open(CLIENT_DIR "/file", O_RDWR | O_DIRECT | O_CLOEXEC);
	c->size = c->m.size < MB / 4 ? c->m.size : MB / 4;
	return c->fd < 0 ? "no file of NFS" : NULL;
}

static void client_close(struct client *c)
{
	if (disk_guard)
		disk_go();
	if (c->fd >= 0)
		close(c->fd);
	if (c->mounted)
		umount(CLIENT_DIR);
	server_stop();
	memory_unmap(&c->m);
}

static struct transfer transfer_of(struct client *c, bool in)
{
	return (struct transfer){
		.fd = c->fd,
		.in = in,
		.iov = { { c->m.p, c->size } },
		.parts = 1,
	};
}

static ssize_t transfer_now(struct client *c, bool in)
{
	struct transfer t = transfer_of(c, in);

	return transfer(&t);
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
FIXTURE_VARIANT_ADD(direct, xfs) { .kind = XFS, .shared = true };

FIXTURE_SETUP(direct)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(client_open(&self->c));
	self->pages = self->c.size / PAGE;
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(direct)
{
	client_close(&self->c);
	EXPECT_EQ(0, pins_left());
}

/* Once when the pages are found, and once for the request. */
TEST_F(direct, data_arrives)
{
	struct client *c = &self->c;
	char *data = malloc(c->size);
	long taken = pins_taken();
	size_t i;

	for (i = 0; i < c->size; i++)
		c->m.p[i] = i * 3 + i / 256;
	memcpy(data, c->m.p, c->size);
	EXPECT_EQ(c->size, transfer_now(c, false));
	EXPECT_EQ(2 * self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	memset(c->m.p, 0, c->size);
	taken = pins_taken();
	EXPECT_EQ(c->size, transfer_now(c, true));
	EXPECT_EQ(2 * self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(data, c->m.p, c->size));
}

/* As long as the server has not read them from its disk. */
TEST_F(direct, held)
{
	struct client *c = &self->c;
	struct transfer t = transfer_of(c, true);

	memset(c->m.p, 8, c->size);
	EXPECT_EQ(c->size, transfer_now(c, false));
	memset(c->m.p, 9, c->size);
	sync();
	ASSERT_EQ(0, file_write("/proc/sys/vm/drop_caches", "1"));
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, transfer_begin(&t));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	if (variant->kind == XFS) {
		EXPECT_FINE(write_back(&c->m));
		EXPECT_EQ(0, dirty_pages(&c->m));
	}
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(c->size, transfer_end(&t));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(8, c->m.p[0]);
	EXPECT_EQ(0, memcmp(c->m.p, c->m.p + 1, c->size - 1));
	if (variant->kind == XFS) {
		EXPECT_EQ(self->pages, dirty_pages(&c->m));
		EXPECT_FINE(data_lost(&c->m));
	}
}

/* An asynchronous read stays when its owner is killed, and ends with it. */
TEST_F(direct, killed)
{
	struct client *c = &self->c;
	struct transfer t = transfer_of(c, true);
	int ready[2], ret = -1;
	pid_t pid;

	EXPECT_EQ(c->size, transfer_now(c, false));
	sync();
	ASSERT_EQ(0, file_write("/proc/sys/vm/drop_caches", "1"));
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

static int read_all(void *arg)
{
	struct client *c = arg;
	ssize_t ret = transfer_now(c, true);

	return ret == (ssize_t)c->size ? 0 : ret < 0 ? ret : -EIO;
}

static const int io_errors[] = { ENOMEM, EIO, EFAULT, EAGAIN, 0 };

TEST_F(direct, fail_nth)
{
	EXPECT_FINE(fail_each(read_all, NULL, &self->c, io_errors));
}

TEST_HARNESS_MAIN
