// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of the user's own to a device, with memory that is mapped into the
 * request instead of copied: SG_IO to a disk of scsi_debug, which may take its
 * time, and the passthrough of NVMe, whose controller does DMA.
 */
#include <linux/nvme_ioctl.h>
#include <pthread.h>
#include <scsi/sg.h>

#include "disk.h"

#define BLOCK		512

/* Memory for one command, in parts. */
struct command {
	int fd;
	bool in;
	unsigned int block;
	sg_iovec_t parts[4];
	int nr;
	int ret;		/* 0 or -errno */
	pthread_t thread;
};

static unsigned int command_size(struct command *cmd)
{
	unsigned int size = 0;
	int i;

	for (i = 0; i < cmd->nr; i++)
		size += cmd->parts[i].iov_len;
	return size;
}

static int command_run(void *arg)
{
	struct command *cmd = arg;
	unsigned int size = command_size(cmd), blocks = size / BLOCK;
	unsigned char cdb[10] = { cmd->in ? 0x28 : 0x2a, 0,
		0, 0, cmd->block >> 8, cmd->block, 0, blocks >> 8, blocks };
	unsigned char sense[32];
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = cmd->in ? SG_DXFER_FROM_DEV
					   : SG_DXFER_TO_DEV,
		.cmd_len = sizeof(cdb),
		.cmdp = cdb,
		.mx_sb_len = sizeof(sense),
		.sbp = sense,
		.dxfer_len = size,
		.dxferp = cmd->parts[0].iov_base,
		.timeout = 60000,
	};

	if (cmd->nr > 1) {
		hdr.iovec_count = cmd->nr;
		hdr.dxferp = cmd->parts;
	}
	if (ioctl(cmd->fd, SG_IO, &hdr))
		return cmd->ret = -errno;
	return cmd->ret = hdr.status || hdr.host_status ? -EIO : 0;
}

static void *command_thread(void *arg)
{
	command_run(arg);
	return NULL;
}

/* How long the disk takes for a command. */
static bool disk_takes(int jiffies)
{
	return shell("echo %d > /sys/bus/pseudo/drivers/scsi_debug/delay",
		     jiffies);
}

static const char *open_disk(int *fd)
{
	char path[64] = "";
	FILE *out;

	/* Commands are completed by a timer, or at once without a delay. */
	if (load_driver("sd_mod") || load_driver("scsi_debug dev_size_mb=8 delay=0"))
		return "no scsi_debug";
	out = popen("for i in $(seq 100); do "
		    "d=$(ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*:*/block/* 2>/dev/null) && "
		    "{ echo /dev/${d##*/}; break; }; sleep 0.1; done", "re");
	if (!out || fscanf(out, "%63s", path) != 1)
		return "no disk of scsi_debug";
	pclose(out);
	WAIT_FOR(!access(path, R_OK));
	*fd = open(path, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? "no disk of scsi_debug" : NULL;
}

FIXTURE(sg_io)
{
	struct memory m;
	struct command cmd;
	int pages;
};

FIXTURE_VARIANT(sg_io)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(sg_io, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(sg_io, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(sg_io, hugetlb) { .kind = HUGETLB_2M };

FIXTURE_SETUP(sg_io)
{
	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	SKIP_IF(open_disk(&self->cmd.fd));
	/* As much as the adapter takes at once; both probes of a huge page. */
	self->pages = self->m.page == PAGE ? memory_pages(&self->m) : 16;
	self->cmd.parts[0].iov_base = self->m.p;
	self->cmd.parts[0].iov_len = self->pages * PAGE;
	self->cmd.nr = 1;
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(sg_io)
{
	disk_takes(0);
	close(self->cmd.fd);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(sg_io, data_arrives)
{
	struct command *cmd = &self->cmd;
	size_t size = command_size(cmd);
	char *data = malloc(size);
	long taken = pins_taken();
	size_t i;

	for (i = 0; i < size; i++)
		self->m.p[i] = i * 3 + i / 256;
	memcpy(data, self->m.p, size);
	EXPECT_EQ(0, command_run(cmd));
	EXPECT_EQ(self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	memset(self->m.p, 0, size);
	cmd->in = true;
	EXPECT_EQ(0, command_run(cmd));
	EXPECT_EQ(2 * self->pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, memcmp(data, self->m.p, size));
}

/* Two parts that meet within a page: one pin of the page is enough. */
TEST_F(sg_io, same_page_twice)
{
	struct command *cmd = &self->cmd;

	cmd->parts[0] = (sg_iovec_t){ self->m.p, 1024 };
	cmd->parts[1] = (sg_iovec_t){ self->m.p + 1024, PAGE - 1024 };
	cmd->nr = 2;
	cpu_write(&self->m, 1);
	EXPECT_EQ(0, command_run(cmd));
	EXPECT_EQ(0, pins_held());
	cpu_write(&self->m, 2);
	cmd->in = true;
	EXPECT_EQ(0, command_run(cmd));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(*(__u64 *)(self->m.p + FIRST_PROBE),
		  probe_value(1, FIRST_PROBE));
}

TEST_F(sg_io, held)
{
	struct command *cmd = &self->cmd;

	ASSERT_TRUE(disk_takes(300));
	ASSERT_EQ(0, pthread_create(&cmd->thread, NULL, command_thread, cmd));
	EXPECT_TRUE(WAIT_FOR(pins_held() == self->pages));
	pthread_join(cmd->thread, NULL);
	EXPECT_EQ(0, cmd->ret);
	EXPECT_EQ(0, pins_held());
}

static int hold(void *arg)
{
	struct command *cmd = arg;

	if (pthread_create(&cmd->thread, NULL, command_thread, cmd))
		return -EAGAIN;
	WAIT_FOR(pins_held() > 0);
	return 0;
}

/* Who is killed waits for the device, and then has nothing left. */
TEST_F(sg_io, killed)
{
	ASSERT_TRUE(disk_takes(300));
	EXPECT_FINE(kill_holder(hold, &self->cmd, self->pages));
}

static const int io_errors[] = { ENOMEM, EIO, EFAULT, EAGAIN, 0 };

TEST_F(sg_io, fail_nth)
{
	EXPECT_FINE(fail_each(command_run, NULL, &self->cmd, io_errors));
	self->cmd.in = true;
	EXPECT_FINE(fail_each(command_run, NULL, &self->cmd, io_errors));
}

/* Memory that ends in the middle cannot be mapped, and all is given back. */
TEST(hole)
{
	struct command cmd = { .nr = 1 };
	struct memory m;
	long taken;

	SKIP_IF(memory_map(&m, ANON, false));
	SKIP_IF(open_disk(&cmd.fd));
	munmap(m.p + 2 * PAGE, PAGE);
	cmd.parts[0] = (sg_iovec_t){ m.p, 4 * PAGE };
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, command_run(&cmd));
	EXPECT_LT(0, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	close(cmd.fd);
}

/* What the device wrote to a file's pages is dirty. */
TEST(dirty)
{
	struct command cmd = { .nr = 1 };
	struct memory m;

	SKIP_IF(memory_map(&m, XFS, true));
	SKIP_IF(open_disk(&cmd.fd));
	cmd.parts[0] = (sg_iovec_t){ m.p, m.size };
	cpu_write(&m, 1);
	ASSERT_EQ(0, command_run(&cmd));
	cpu_write(&m, 2);
	/* It copies when the command comes, which is before the delay. */
	ASSERT_TRUE(disk_takes(300));
	cmd.in = true;
	ASSERT_EQ(0, pthread_create(&cmd.thread, NULL, command_thread, &cmd));
	EXPECT_TRUE(WAIT_FOR(pins_held() == memory_pages(&m)));
	EXPECT_FINE(write_back(&m));
	pthread_join(cmd.thread, NULL);
	EXPECT_EQ(0, cmd.ret);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(memory_pages(&m), dirty_pages(&m));
	EXPECT_EQ(0, cpu_check(&m, 1));
	EXPECT_FINE(data_lost(&m));
	disk_takes(0);
	close(cmd.fd);
	memory_unmap(&m);
}

/* The controller of an NVMe disk reads and writes the memory itself. */
TEST(nvme_passthrough)
{
	struct nvme_user_io io = { .nblocks = NR_SMALL * PAGE / BLOCK - 1 };
	struct memory m;
	long taken;
	int fd;

	SKIP_IF(memory_map(&m, ANON, false));
	SKIP_IF(disk_make());
	fd = open(NVME_DISK, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	io.addr = (uintptr_t)m.p;
	cpu_write(&m, 1);
	taken = pins_taken();
	io.opcode = 1;
	EXPECT_EQ(0, ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io));
	EXPECT_EQ(NR_SMALL, pins_taken() - taken);
	cpu_write(&m, 2);
	io.opcode = 2;
	EXPECT_EQ(0, ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io));
	EXPECT_EQ(2 * NR_SMALL, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, cpu_check(&m, 1));
	close(fd);
	memory_unmap(&m);
}

TEST_HARNESS_MAIN
