// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-scsi: commands of a guest, which this program plays, with buffers in its
 * memory.  The target's backend reads from a disk that can be stopped, see
 * disk.h, unless the page cache has it.
 */
#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_scsi.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "disk.h"

#define CONFIG		"/sys/kernel/config"
#define BACKEND		CONFIG "/target/core/fileio_0/page_pin"
#define WWPN		"naa.5001405000000001"
#define PORT		CONFIG "/target/vhost/" WWPN "/tpgt_1"
#define QUEUE		2		/* the first one for commands */
#define RING		8
#define BLOCK		512

struct guest {
	int fd, kick, call;
	struct vring ring;
	char *area;			/* of the ring */
	struct virtio_scsi_cmd_req *req;
	struct virtio_scsi_cmd_resp *resp;
	struct memory m;
	size_t size;			/* bytes of one command */
	bool in;
};

/* Have a port with the disk below it. Returns NULL, or why there is none. */
static const char *port_make(void)
{
	const char *why = disk_make();

	if (why)
		return why;
	if (load_driver("target_core_mod") || load_driver("target_core_file") ||
	    load_driver("vhost_scsi"))
		return "no vhost-scsi with a file below";
	if (access(CONFIG "/target", F_OK) &&
	    !shell("mount -t configfs none " CONFIG))
		return "no configfs";
	if (!access(PORT "/lun/lun_0/page_pin", F_OK))
		return NULL;
	if (!shell("mkdir -p " BACKEND " && "
		   "echo -n fd_dev_name=" DISK ",fd_dev_size=8388608 "
		   "> " BACKEND "/control && "
		   "echo 1 > " BACKEND "/enable"))
		return "no backend";
	return shell("mkdir -p " PORT "/lun/lun_0 && "
		     "ln -s " BACKEND " " PORT "/lun/lun_0/page_pin && "
		     "echo naa.5001405000000002 > " PORT "/nexus")
	       ? NULL : "no port of vhost-scsi";
}

/* Open the device and set it up, for the memory of the calling process. */
static int guest_start(struct guest *g)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region regions[2];
	} table = {
		.head = { .nregions = 2 },
		.regions = {
			{
				.guest_phys_addr = (uintptr_t)g->area,
				.memory_size = 4 * PAGE,
				.userspace_addr = (uintptr_t)g->area,
			},
			{
				.guest_phys_addr = (uintptr_t)g->m.p,
				.memory_size = g->m.size,
				.userspace_addr = (uintptr_t)g->m.p,
			},
		},
	};
	struct vhost_vring_addr addr = { .index = QUEUE };
	struct vhost_vring_state num = { QUEUE, RING }, base = { QUEUE, 0 };
	struct vhost_vring_file kick = { QUEUE }, call = { QUEUE };
	struct vhost_scsi_target target = {
		.abi_version = 1,
		.vhost_wwpn = WWPN,
		.vhost_tpgt = 1,
	};
	__u64 features = 1ULL << VIRTIO_F_VERSION_1;

	memset(g->area, 0, 4 * PAGE);
	vring_init(&g->ring, RING, g->area, PAGE);
	g->req = (void *)(g->area + 3 * PAGE);
	g->resp = (void *)(g->area + 3 * PAGE + 512);
	addr.desc_user_addr = (uintptr_t)g->ring.desc;
	addr.avail_user_addr = (uintptr_t)g->ring.avail;
	addr.used_user_addr = (uintptr_t)g->ring.used;
	g->kick = eventfd(0, EFD_CLOEXEC);
	g->call = eventfd(0, EFD_CLOEXEC);
	kick.fd = g->kick;
	call.fd = g->call;
	g->fd = open("/dev/vhost-scsi", O_RDWR | O_CLOEXEC);
	if (g->fd < 0 || ioctl(g->fd, VHOST_SET_OWNER) ||
	    ioctl(g->fd, VHOST_SET_FEATURES, &features) ||
	    ioctl(g->fd, VHOST_SET_MEM_TABLE, &table) ||
	    ioctl(g->fd, VHOST_SET_VRING_NUM, &num) ||
	    ioctl(g->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(g->fd, VHOST_SET_VRING_ADDR, &addr) ||
	    ioctl(g->fd, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(g->fd, VHOST_SET_VRING_CALL, &call) ||
	    ioctl(g->fd, VHOST_SCSI_SET_ENDPOINT, &target))
		return -errno;
	return 0;
}

static void guest_end(struct guest *g)
{
	close(g->fd);
	close(g->kick);
	close(g->call);
}

static int add(struct guest *g, int at, void *p, size_t size, int flags)
{
	g->ring.desc[at] = (struct vring_desc){
		.addr = (uintptr_t)p,
		.len = size,
		.flags = flags,
		.next = at + 1,
	};
	return at + 1;
}

/* Put a command into the queue, and let the device know. Returns 0 or -errno. */
static int command_begin(struct guest *g)
{
	unsigned int blocks = g->size / BLOCK;
	__u64 one = 1;
	int at = 0;

	memset(g->req, 0, sizeof(*g->req));
	memset(g->resp, 0xff, sizeof(*g->resp));
	g->req->lun[0] = 1;
	g->req->lun[1] = 1;
	g->req->lun[2] = 0x40;
	g->req->cdb[0] = g->in ? 0x28 : 0x2a;
	g->req->cdb[7] = blocks >> 8;
	g->req->cdb[8] = blocks;
	at = add(g, at, g->req, sizeof(*g->req), VRING_DESC_F_NEXT);
	if (!g->in)
		at = add(g, at, g->m.p, g->size, VRING_DESC_F_NEXT);
	at = add(g, at, g->resp, sizeof(*g->resp), VRING_DESC_F_WRITE |
		 (g->in ? VRING_DESC_F_NEXT : 0));
	if (g->in)
		add(g, at, g->m.p, g->size, VRING_DESC_F_WRITE);
	g->ring.avail->ring[g->ring.avail->idx % RING] = 0;
	__atomic_store_n(&g->ring.avail->idx, g->ring.avail->idx + 1,
			 __ATOMIC_RELEASE);
	return write(g->kick, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

/* Wait for the answer. Returns 0, the SCSI status, or -errno. */
static int command_end(struct guest *g)
{
	struct pollfd called = { .fd = g->call, .events = POLLIN };
	__u64 calls;

	if (poll(&called, 1, 20000) != 1)
		return -ETIME;
	if (read(g->call, &calls, sizeof(calls)) != sizeof(calls))
		return -errno;
	return g->resp->response ? -EIO : g->resp->status;
}

static int command(struct guest *g)
{
	return command_begin(g) ?: command_end(g);
}

FIXTURE(command)
{
	struct guest g;
	int pages;
};

FIXTURE_VARIANT(command)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(command, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(command, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(command, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(command, xfs) { .kind = XFS, .shared = true };

FIXTURE_SETUP(command)
{
	struct guest *g = &self->g;

	SKIP_IF(memory_map(&g->m, variant->kind, variant->shared));
	SKIP_IF(port_make());
	g->size = g->m.size < 32 * PAGE ? g->m.size : 32 * PAGE;
	self->pages = g->size / PAGE;
	g->area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, g->area);
	ASSERT_EQ(0, guest_start(g));
	/* A new initiator is told of the news first. */
	g->in = true;
	while (command(g) == 2)
		;
	ASSERT_EQ(0, g->resp->status);
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(command)
{
	if (disk_guard.pipe)
		disk_go();
	guest_end(&self->g);
	memory_unmap(&self->g.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(command, data_arrives)
{
	struct guest *g = &self->g;
	long taken = pins_taken();
	char *data = malloc(g->size);
	size_t i;

	for (i = 0; i < g->size; i++)
		g->m.p[i] = i * 3 + i / 256;
	memcpy(data, g->m.p, g->size);
	g->in = false;
	EXPECT_EQ(0, command(g));
	EXPECT_EQ(self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	memset(g->m.p, 0, g->size);
	g->in = true;
	EXPECT_EQ(0, command(g));
	EXPECT_EQ(2 * self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(data, g->m.p, g->size));
}

/* What the disk writes after a writeback of a file's pages is dirty again. */
TEST_F(command, held)
{
	struct guest *g = &self->g;

	cpu_write(&g->m, 1);
	g->in = false;
	EXPECT_EQ(0, command(g));
	cpu_write(&g->m, 2);
	g->in = true;
	ASSERT_TRUE(shell("sync; blockdev --flushbufs " DISK));
	ASSERT_TRUE(disk_stop());
	ASSERT_EQ(0, command_begin(g));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	if (variant->kind == XFS) {
		EXPECT_FINE(write_back(&g->m));
		EXPECT_EQ(0, dirty_pages(&g->m));
	}
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(0, command_end(g));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(*(__u64 *)(g->m.p + FIRST_PROBE), probe_value(1, FIRST_PROBE));
	if (variant->kind == XFS) {
		EXPECT_EQ(self->pages, dirty_pages(&g->m));
		EXPECT_FINE(data_lost(&g->m));
	}
}

TEST_F(command, killed)
{
	struct guest *g = &self->g;
	int ready[2], ret = -1;
	pid_t pid;

	guest_end(g);
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	/* Also of what is in the batches of a CPU. */
	ASSERT_TRUE(shell("sync; blockdev --flushbufs " DISK));
	ASSERT_TRUE(disk_stop());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ret = guest_start(g) ?: command_begin(g);
		if (write(ready[1], &ret, sizeof(ret)) != sizeof(ret))
			_exit(1);
		for (;;)
			pause();
	}
	EXPECT_EQ(sizeof(ret), read(ready[0], &ret, sizeof(ret)));
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(WAIT_LONG(pins_held() == self->pages));
	kill(pid, SIGKILL);
	usleep(300000);
	EXPECT_EQ(self->pages, pins_held());
	ASSERT_TRUE(disk_go());
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, pins_left());
}

/* A buffer that ends in nothing: what is there is given back. */
TEST_F(command, hole)
{
	struct guest *g = &self->g;
	long taken;

	if (variant->kind != ANON)
		SKIP_CASE("small pages do");
	munmap(g->m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_NE(0, command(g));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

TEST_HARNESS_MAIN
