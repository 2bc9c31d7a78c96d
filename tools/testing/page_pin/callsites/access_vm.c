// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ptrace() and /proc/PID/mem write to another process: page by page, each
 * pinned while the CPU writes to it.  Nothing is pinned to read.
 */
#include <sys/ptrace.h>

#include "callsite.h"

struct client {
	struct memory m;	/* of the other process */
	struct memory local;	/* as much, to copy from and to */
	struct child child;
	int mem;		/* /proc/PID/mem of it */
};

static const char *client_open(struct client *c, enum memory_kind kind,
			       bool shared)
{
	const char *why = memory_map(&c->m, kind, shared);
	char path[64];

	if (why)
		return why;
	c->local = c->m;
	c->local.shared = false;
	c->local.fd = -1;
	why = map_small(&c->local);
	if (why)
		return why;
	cpu_write(&c->local, 0);
	if (child_fork(&c->child, &c->m))
		return "no child";
	/* With pages of its own, if it can */
	child_do(&c->child, 'w', 9);
	snprintf(path, sizeof(path), "/proc/%d/mem", c->child.pid);
	c->mem = open(path, O_RDWR | O_CLOEXEC);
	return c->mem < 0 ? "no /proc/PID/mem" : NULL;
}

static void client_close(struct client *c)
{
	close(c->mem);
	child_end(&c->child);
	memory_unmap(&c->local);
	memory_unmap(&c->m);
}

/* Write the local memory to that of the other process. Returns bytes or -errno. */
static int poke_all(void *arg)
{
	struct client *c = arg;
	ssize_t n = pwrite(c->mem, c->local.p, c->m.size, (uintptr_t)c->m.p);

	return n < 0 ? -errno : n;
}

FIXTURE(access)
{
	struct client c;
};

FIXTURE_VARIANT(access)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(access, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(access, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(access, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(access, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(access, ext4) { .kind = EXT4, .shared = true };

FIXTURE_SETUP(access)
{
	SKIP_IF(client_open(&self->c, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(access)
{
	client_close(&self->c);
	EXPECT_EQ(0, pins_left());
}

TEST_F(access, data_arrives)
{
	struct client *c = &self->c;
	int pages = memory_pages(&c->m);
	long taken = pins_taken();

	cpu_write(&c->local, 1);
	EXPECT_EQ(c->m.size, poke_all(c));
	EXPECT_EQ(pages, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, child_do(&c->child, 'c', 1));

	taken = pins_taken();
	EXPECT_EQ(0, child_do(&c->child, 'w', 2));
	EXPECT_EQ(c->m.size, pread(c->mem, c->local.p, c->m.size,
				   (uintptr_t)c->m.p));
	EXPECT_EQ(0, cpu_check(&c->local, 2));
	EXPECT_EQ(0, pins_taken() - taken);
}

TEST_F(access, ptrace)
{
	struct client *c = &self->c;
	pid_t pid = c->child.pid;
	long taken, word = 0x1234567;
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	taken = pins_taken();
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, pid, c->m.p + PAGE, word));
	EXPECT_EQ(1, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(word, ptrace(PTRACE_PEEKDATA, pid, c->m.p + PAGE, NULL));
	EXPECT_EQ(1, pins_taken() - taken);
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

/* What was not there is reported when there is no memory for the copy. */
static const int access_errors[] = { ENOMEM, EIO, 0 };

TEST_F(access, fail_nth)
{
	EXPECT_FINE(fail_each(poke_all, NULL, &self->c, access_errors));
}

/* The file gets what was written to it by way of another process. */
TEST(shared_file)
{
	struct client c = { };
	int pages;

	SKIP_IF(client_open(&c, EXT4, true));
	pages = memory_pages(&c.m);
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	cpu_write(&c.local, 3);
	EXPECT_EQ(c.m.size, poke_all(&c));
	EXPECT_EQ(pages, dirty_pages(&c.m));
	EXPECT_EQ(0, cpu_check(&c.m, 3));
	EXPECT_FINE(data_lost(&c.m));
	client_close(&c);
}

static int poke_for_ever(void *arg)
{
	struct client *c = arg;

	while (poke_all(c) == c->m.size)
		;
	return 0;
}

/* The one that writes is killed at any moment. */
TEST(killed)
{
	struct client c = { };
	int i, status;
	pid_t pid;

	SKIP_IF(client_open(&c, ANON, false));
	for (i = 0; i < 50; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(poke_for_ever(&c));
		usleep(1000 * i);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(0, pins_left());
	}
	client_close(&c);
}

TEST_HARNESS_MAIN
