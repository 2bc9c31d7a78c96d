// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tape: st reads and writes memory of the process without a buffer of its own.
 *
 * The tape is a disk of scsi_debug that says it is one.  It takes the length in
 * the command of a tape, in bytes, for a place and a number of blocks, which is
 * the right number for BLOCK bytes only.
 */
#include <pthread.h>

#include "callsite.h"

#define TAPE		"/dev/nst0"
#define DELAY		"/sys/bus/pseudo/drivers/scsi_debug/ndelay"
#define BLOCK		(32 * PAGE)

struct client {
	struct memory m;
	size_t offset;		/* of the block in the memory */
	int tape;
	bool read;
	ssize_t done;		/* bytes or -errno */
};

static const char *client_map(struct client *c, enum memory_kind kind,
			      size_t offset)
{
	struct memory *m = &c->m;
	const char *why;

	memset(m, 0, sizeof(*m));
	c->offset = offset;
	m->fd = -1;
	m->page = PAGE;
	m->step = PAGE;
	m->size = BLOCK + (offset ? PAGE : 0);
	m->shared = kind != ANON;
	why = kind == EXT4 ? map_file(m, file_on("ext4", m->size)) :
	      kind == MEMFD ? map_memfd(m) : map_small(m);
	if (!why)
		cpu_write(m, 0);
	return why;
}

/* Nobody has the tape open after a case, not even one that was killed. */
static const char *tape_open(struct client *c)
{
	const char *why;

	/* What another client has made of scsi_debug is a disk. */
	if (access(TAPE, F_OK))
		shell("modprobe -q -r scsi_debug");
	why = load_driver("scsi_debug ptype=1") ?: load_driver("st");
	if (why)
		return why;
	WAIT_FOR(!access(TAPE, R_OK));
	WAIT_FOR((c->tape = open(TAPE, O_RDWR | O_CLOEXEC)) >= 0);
	return c->tape < 0 ? "there is no tape drive" : NULL;
}

/* Returns bytes or -errno. */
static int transfer(void *arg)
{
	struct client *c = arg;
	ssize_t ret = c->read ? read(c->tape, c->m.p + c->offset, BLOCK)
			      : write(c->tape, c->m.p + c->offset, BLOCK);

	return ret < 0 ? -errno : ret;
}

static void *transfer_thread(void *arg)
{
	struct client *c = arg;

	c->done = transfer(c);
	return NULL;
}

static long block_pins(struct client *c)
{
	return c->offset ? BLOCK / PAGE + 1 : BLOCK / PAGE;
}

/* A transfer that takes a second. Returns the pins that it had. */
static long slow_transfer(struct client *c, bool read)
{
	long before = pins_held(), held;
	pthread_t thread;

	c->read = read;
	file_write(DELAY, "900000000");
	pthread_create(&thread, NULL, transfer_thread, c);
	WAIT_FOR(pins_held() != before);
	held = pins_held() - before;
	pthread_join(thread, NULL);
	file_write(DELAY, "0");
	return held;
}

FIXTURE(tape)
{
	struct client c;
};

FIXTURE_VARIANT(tape)
{
	enum memory_kind kind;
	size_t offset;
};

FIXTURE_VARIANT_ADD(tape, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(tape, across_pages) { .kind = ANON, .offset = 512 };

FIXTURE_SETUP(tape)
{
	SKIP_IF(client_map(&self->c, variant->kind, variant->offset));
	SKIP_IF(tape_open(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(tape)
{
	file_write(DELAY, "0");
	close(self->c.tape);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(tape, data_arrives)
{
	struct client *c = &self->c;
	char *block = c->m.p + c->offset;
	char *copy = malloc(BLOCK);

	ASSERT_NE(NULL, copy);
	cpu_write(&c->m, 1);
	memcpy(copy, block, BLOCK);
	EXPECT_EQ(block_pins(c), slow_transfer(c, false));
	EXPECT_EQ(BLOCK, c->done);
	EXPECT_EQ(0, pins_left());

	cpu_write(&c->m, 2);
	memset(block, 0, PAGE);
	EXPECT_EQ(block_pins(c), slow_transfer(c, true));
	EXPECT_EQ(BLOCK, c->done);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, memcmp(copy, block, BLOCK));
	free(copy);
}

/* The transfer goes on in a thread. */
static int hold(void *arg)
{
	struct client *c = arg;
	long before = pins_held();
	pthread_t thread;

	file_write(DELAY, "900000000");
	c->read = true;
	if (pthread_create(&thread, NULL, transfer_thread, c))
		return -EAGAIN;
	WAIT_FOR(pins_held() - before == block_pins(c));
	return 0;
}

TEST_F(tape, killed)
{
	EXPECT_FINE(kill_holder(hold, &self->c, block_pins(&self->c)));
}

TEST_F(tape, fail_nth)
{
	static const int errors[] = { ENOMEM, EBUSY, EIO, EOVERFLOW, 0 };

	self->c.read = true;
	EXPECT_FINE(fail_each(transfer, NULL, &self->c, errors));
	self->c.read = false;
	EXPECT_FINE(fail_each(transfer, NULL, &self->c, errors));
}

TEST(dirty)
{
	struct client c = { .read = false };
	struct memory *m = &c.m;

	SKIP_IF(client_map(&c, EXT4, 0));
	SKIP_IF(tape_open(&c));
	cpu_write(m, 1);
	ASSERT_EQ(BLOCK, transfer(&c));
	cpu_write(m, 2);
	EXPECT_FINE(write_back(m));
	EXPECT_EQ(0, dirty_pages(m));

	c.read = true;
	EXPECT_EQ(BLOCK, transfer(&c));
	EXPECT_EQ(BLOCK / PAGE, dirty_pages(m));
	EXPECT_EQ(0, cpu_check(m, 1));
	EXPECT_FINE(data_lost(m));
	EXPECT_EQ(0, pins_left());
	close(c.tape);
	memory_unmap(m);
}

/* The pages in front of a hole are given back, and so is the error. */
TEST(hole)
{
	struct client c = { .read = true };
	long taken;

	SKIP_IF(client_map(&c, ANON, 0));
	SKIP_IF(tape_open(&c));
	munmap(c.m.p + 4 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-EFAULT, transfer(&c));
	EXPECT_EQ(4, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	close(c.tape);
	memory_unmap(&c.m);
}

TEST_HARNESS_MAIN
