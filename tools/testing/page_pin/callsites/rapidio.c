// SPDX-License-Identifier: GPL-2.0-only
/*
 * RapidIO: DMA between memory of the process and the other side of the wire
 * (RIO_TRANSFER of /dev/rio_mport0).  The port is modules/fake_mport.c.
 */
#include <linux/rio_mport_cdev.h>
#include <sys/time.h>

#include "callsite.h"

#define DELAY		"/sys/module/fake_mport/parameters/delay_ms"

struct client {
	struct memory m;
	int port;
	int dir;
	int sync;
	int cookie;		/* of an asynchronous transfer */
};

static const char *port_open(struct client *c)
{
	const char *why = load_driver("rio_mport_cdev") ?:
			  load_module("fake_mport");

	if (why)
		return why;
	WAIT_FOR((c->port = open("/dev/rio_mport0", O_RDWR | O_CLOEXEC)) >= 0);
	if (c->port < 0)
		return "there is no /dev/rio_mport0";
	file_write(DELAY, "0");
	return NULL;
}

static int transfer_at(struct client *c, void *addr, __u64 len)
{
	struct rio_transfer_io io = {
		.loc_addr = (uintptr_t)addr,
		.length = len,
	};
	struct rio_transaction transaction = {
		.block = (uintptr_t)&io,
		.count = 1,
		.transfer_mode = RIO_TRANSFER_MODE_TRANSFER,
		.sync = c->sync,
		.dir = c->dir,
	};
	int ret = ioctl(c->port, RIO_TRANSFER, &transaction);

	return ret < 0 ? -errno : ret;
}

/* Returns 0 or -errno. */
static int transfer(void *arg)
{
	struct client *c = arg;
	int ret = transfer_at(c, c->m.p, c->m.size);

	if (ret < 0)
		return ret;
	c->cookie = ret;
	return 0;
}

static int wait_for_it(struct client *c)
{
	struct rio_async_tx_wait wait = { .token = c->cookie };

	return ioctl(c->port, RIO_WAIT_FOR_ASYNC, &wait) ? -errno : 0;
}

FIXTURE(dma)
{
	struct client c;
};

FIXTURE_VARIANT(dma)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(dma, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(dma, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(dma, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(dma)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(port_open(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(dma)
{
	file_write(DELAY, "0");
	close(self->c.port);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(dma, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);

	file_write(DELAY, "500");
	c->sync = RIO_TRANSFER_ASYNC;
	cpu_write(&c->m, 1);
	c->dir = RIO_TRANSFER_DIR_WRITE;
	ASSERT_EQ(0, transfer(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(0, wait_for_it(c));
	EXPECT_EQ(0, pins_left());

	cpu_write(&c->m, 2);
	c->dir = RIO_TRANSFER_DIR_READ;
	ASSERT_EQ(0, transfer(c));
	EXPECT_EQ(pages, pins_held());
	EXPECT_EQ(0, wait_for_it(c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

TEST_F(dma, data_arrives_synchronously)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	c->sync = RIO_TRANSFER_SYNC;
	cpu_write(&c->m, 1);
	c->dir = RIO_TRANSFER_DIR_WRITE;
	ASSERT_EQ(0, transfer(c));
	cpu_write(&c->m, 2);
	c->dir = RIO_TRANSFER_DIR_READ;
	ASSERT_EQ(0, transfer(c));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	EXPECT_EQ(2 * memory_pages(&c->m), pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

/* What the process unmapped is still there for the other side. */
TEST_F(dma, unmapped)
{
	struct client *c = &self->c;

	file_write(DELAY, "300");
	c->sync = RIO_TRANSFER_ASYNC;
	c->dir = RIO_TRANSFER_DIR_READ;
	ASSERT_EQ(0, transfer(c));
	munmap(c->m.area, c->m.area_size);
	c->m.area = NULL;
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	EXPECT_EQ(0, wait_for_it(c));
	EXPECT_EQ(0, pins_left());
}

/* The transfer goes on. */
static int hold(void *arg)
{
	struct client own = *(struct client *)arg;
	const char *why = port_open(&own);

	if (why)
		return -ENODEV;
	file_write(DELAY, "800");
	own.sync = RIO_TRANSFER_ASYNC;
	own.dir = RIO_TRANSFER_DIR_READ;
	return transfer(&own);
}

TEST_F(dma, killed)
{
	EXPECT_FINE(kill_holder(hold, &self->c, memory_pages(&self->c.m)));
}

static void on_signal(int sig)
{
}

/* The ioctl ends with a signal, and the transfer goes on by itself. */
TEST_F(dma, interrupted)
{
	struct client *c = &self->c;
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval soon = { .it_value.tv_usec = 200000 };

	c->sync = RIO_TRANSFER_SYNC;
	c->dir = RIO_TRANSFER_DIR_WRITE;
	cpu_write(&c->m, 1);
	ASSERT_EQ(0, transfer(c));
	cpu_write(&c->m, 2);

	sigaction(SIGALRM, &action, NULL);
	file_write(DELAY, "1000");
	c->dir = RIO_TRANSFER_DIR_READ;
	setitimer(ITIMER_REAL, &soon, NULL);
	EXPECT_EQ(-EINTR, transfer(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	WAIT_FOR(!pins_held());
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 1));
}

FIXTURE(file)
{
	struct client c;
};

FIXTURE_VARIANT(file)
{
	int sync;
};

FIXTURE_VARIANT_ADD(file, sync) { .sync = RIO_TRANSFER_SYNC };
FIXTURE_VARIANT_ADD(file, async) { .sync = RIO_TRANSFER_ASYNC };
/* Nobody waits: the request is freed when the transfer calls back. */
FIXTURE_VARIANT_ADD(file, fire_and_forget) { .sync = RIO_TRANSFER_FAF };

FIXTURE_SETUP(file)
{
	SKIP_IF(memory_map(&self->c.m, EXT4, true));
	SKIP_IF(port_open(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(file)
{
	file_write(DELAY, "0");
	close(self->c.port);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(file, dirty)
{
	struct client *c = &self->c;
	struct memory *m = &c->m;

	cpu_write(m, 1);
	c->dir = RIO_TRANSFER_DIR_WRITE;
	c->sync = RIO_TRANSFER_SYNC;
	ASSERT_EQ(0, transfer(c));
	cpu_write(m, 2);

	/* Written back between the pins and the data. */
	file_write(DELAY, "800");
	c->dir = RIO_TRANSFER_DIR_READ;
	c->sync = RIO_TRANSFER_ASYNC;
	ASSERT_EQ(0, transfer(c));
	EXPECT_FINE(write_back(m));
	EXPECT_EQ(memory_pages(m), pins_held());
	EXPECT_EQ(0, dirty_pages(m));
	EXPECT_EQ(0, wait_for_it(c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(m), dirty_pages(m));
	EXPECT_FINE(data_lost(m));
	EXPECT_EQ(0, cpu_check(m, 1));

	/* And in the way of the variant. */
	cpu_write(m, 3);
	EXPECT_FINE(write_back(m));
	file_write(DELAY, "0");
	c->sync = variant->sync;
	ASSERT_EQ(0, transfer(c));
	if (variant->sync == RIO_TRANSFER_ASYNC)
		EXPECT_EQ(0, wait_for_it(c));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(m), dirty_pages(m));
	EXPECT_FINE(data_lost(m));
	EXPECT_EQ(0, cpu_check(m, 1));
}

/*
 * Once only: vmalloc(), for the ioctl's argument, prints a call trace if it
 * fails, and no second one for ten seconds.  See callsites.expect.
 */
TEST(fail_nth)
{
	static const int errors[] = { ENOMEM, EFAULT, EIO, 0 };
	struct client c;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(port_open(&c));
	c.sync = RIO_TRANSFER_SYNC;
	c.dir = RIO_TRANSFER_DIR_READ;
	EXPECT_FINE(fail_each(transfer, NULL, &c, errors));
	close(c.port);
	memory_unmap(&c.m);
}

/* The pages in front of a hole are given back. */
TEST(hole)
{
	struct client c;
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(port_open(&c));
	c.sync = RIO_TRANSFER_SYNC;
	c.dir = RIO_TRANSFER_DIR_READ;
	munmap(c.m.p + 3 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, transfer(&c));
	EXPECT_EQ(3, pins_taken() - taken);
	/* And none at all. */
	EXPECT_EQ(-EFAULT, transfer_at(&c, c.m.p + 3 * PAGE, PAGE));
	EXPECT_EQ(0, pins_left());
	close(c.port);
	memory_unmap(&c.m);
}

/* The end of the last page would be at address 0. */
TEST(too_long)
{
	struct client c;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(port_open(&c));
	c.sync = RIO_TRANSFER_SYNC;
	c.dir = RIO_TRANSFER_DIR_READ;
	EXPECT_EQ(-EINVAL, transfer_at(&c, c.m.p, ~0ULL));
	EXPECT_EQ(-EINVAL, transfer_at(&c, c.m.p, ~0ULL - PAGE + 1));
	EXPECT_EQ(0, pins_left());
	close(c.port);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
