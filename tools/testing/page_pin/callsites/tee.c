// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a process shares with a trusted execution environment
 * (TEE_IOC_SHM_REGISTER).  The trusted side is modules/fake_tee.c.
 */
#include <linux/tee.h>

#include "callsite.h"

#define REFUSE		"/sys/module/fake_tee/parameters/refuse"

/* Functions of the trusted side. */
#define TRUSTED_WRITE	0
#define TRUSTED_READ	1

struct client {
	struct memory m;
	int tee;
	int shm;		/* what is registered, a file descriptor */
	__s32 id;
};

static const char *tee_open(struct client *c)
{
	const char *why = load_driver("tee") ?: load_module("fake_tee");

	c->shm = -1;
	if (why)
		return why;
	WAIT_FOR((c->tee = open("/dev/tee0", O_RDWR | O_CLOEXEC)) >= 0);
	return c->tee < 0 ? "there is no /dev/tee0" : NULL;
}

static int take_at(struct client *c, void *addr, __u64 len)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)addr,
		.length = len,
	};

	c->shm = ioctl(c->tee, TEE_IOC_SHM_REGISTER, &data);
	c->id = data.id;
	return c->shm < 0 ? -errno : 0;
}

static int take(void *arg)
{
	struct client *c = arg;

	return take_at(c, c->m.p, c->m.size);
}

static void give(void *arg)
{
	struct client *c = arg;

	close(c->shm);
	c->shm = -1;
}

/* The trusted side reads or writes a word. */
static int trusted(struct client *c, int function, size_t off, __u64 *value)
{
	struct {
		struct tee_ioctl_invoke_arg arg;
		struct tee_ioctl_param param[2];
	} call = {
		.arg = {
			.func = function,
			.num_params = 2,
		},
		.param = {
			{
				.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
				.a = off,
				.b = sizeof(*value),
				.c = c->id,
			},
			{
				.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT,
				.a = *value,
			},
		},
	};
	struct tee_ioctl_buf_data buf = {
		.buf_ptr = (uintptr_t)&call,
		.buf_len = sizeof(call),
	};

	if (ioctl(c->tee, TEE_IOC_INVOKE, &buf))
		return -errno;
	*value = call.param[1].a;
	return 0;
}

/* It writes what cpu_write() would. Returns what went wrong. */
static int trusted_write(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step) {
		__u64 value = probe_value(seed, off);

		wrong += !!trusted(c, TRUSTED_WRITE, off, &value);
	}
	return wrong;
}

static int trusted_check(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step) {
		__u64 value = 0;

		wrong += trusted(c, TRUSTED_READ, off, &value) ||
			 value != probe_value(seed, off);
	}
	return wrong;
}

FIXTURE(shared)
{
	struct client c;
};

FIXTURE_VARIANT(shared)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(shared, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(shared, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(shared, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(shared, ext4) { .kind = EXT4, .shared = true };

FIXTURE_SETUP(shared)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(tee_open(&self->c));
	file_write(REFUSE, "0");
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared)
{
	file_write(REFUSE, "0");
	close(self->c.tee);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(shared, data_arrives)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	EXPECT_EQ(0, trusted_write(c, 1));
	EXPECT_EQ(0, cpu_check(&c->m, 1));
	cpu_write(&c->m, 2);
	EXPECT_EQ(0, trusted_check(c, 2));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	give(c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(0, cpu_check(&c->m, 2));
}

/* The child of fork() gets a copy, and the process stays with the other side. */
TEST_F(shared, forked)
{
	struct client *c = &self->c;
	struct child child = { 0 };

	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, child_fork(&child, &c->m));
	cpu_write(&c->m, 1);
	EXPECT_EQ(0, trusted_check(c, 1));
	EXPECT_EQ(0, trusted_write(c, 2));
	EXPECT_EQ(0, cpu_check(&c->m, 2));
	child_end(&child);
	give(c);
}

TEST_F(shared, killed)
{
	EXPECT_FINE(kill_holder(take, &self->c, memory_pages(&self->c.m)));
}

TEST_F(shared, fail_nth)
{
	static const int errors[] = { ENOMEM, ENFILE, 0 };

	EXPECT_FINE(fail_each(take, give, &self->c, errors));
}

/* Registration fails when all pages are there. */
TEST_F(shared, refused)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(0, file_write(REFUSE, "1"));
	EXPECT_EQ(-EACCES, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

TEST(dirty)
{
	struct client c;
	struct memory *m = &c.m;

	SKIP_IF(memory_map(m, EXT4, true));
	SKIP_IF(tee_open(&c));
	ASSERT_EQ(0, take(&c));
	EXPECT_FINE(write_back(m));
	EXPECT_EQ(0, dirty_pages(m));
	EXPECT_EQ(0, trusted_write(&c, 1));
	give(&c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(m), dirty_pages(m));
	EXPECT_FINE(data_lost(m));
	EXPECT_EQ(0, cpu_check(m, 1));
	close(c.tee);
	memory_unmap(m);
}

/* The pages in front of a hole are given back. */
TEST(hole)
{
	struct client c;
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	SKIP_IF(tee_open(&c));
	munmap(c.m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_EQ(-ENOMEM, take(&c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
	close(c.tee);
	memory_unmap(&c.m);
}

/* A page is 2^32 pages and one more to an int, low enough to have room. */
TEST(too_long)
{
	struct client c;
	char *p;

	SKIP_IF(tee_open(&c));
	p = mmap((void *)0x100000000, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-EINVAL, take_at(&c, p, (1ULL << 44) + PAGE));
	EXPECT_EQ(0, pins_left());
	close(c.tee);
	munmap(p, PAGE);
}

TEST_HARNESS_MAIN
