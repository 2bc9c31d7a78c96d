// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers from user space that make no sense, for gup_hold and gup_benchmark:
 * an error, no warning of the allocator, and nothing held.  A splat on the
 * console is found by who runs this.
 */
#include "page_pin_memory.h"

FIXTURE(input)
{
	struct memory m;
	struct device dev;
	struct gup_hold_take take;
};

FIXTURE_SETUP(input)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
	/* This would be right, and each case has one thing wrong. */
	self->take.addr = (uintptr_t)self->m.p;
	self->take.nr_pages = 1;
	self->take.times = 1;
}

FIXTURE_TEARDOWN(input)
{
	EXPECT_EQ(0, pins_held());
	dev_close(&self->dev);
	memory_unmap(&self->m);
}

static int control(struct _test_data_input *self, unsigned long cmd, void *arg)
{
	return ioctl(self->dev.fd, cmd, arg) < 0 ? -errno : 0;
}

static int take(struct _test_data_input *self)
{
	return control(self, GUP_HOLD_TAKE, &self->take);
}

TEST_F(input, refuses_absurd_numbers_of_pages)
{
	static const __u32 absurd[] = {
		0, GUP_HOLD_MAX_PAGES + 1, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(absurd); i++) {
		self->take.nr_pages = absurd[i];
		EXPECT_EQ(-EINVAL, take(self));
	}
}

TEST_F(input, refuses_absurd_numbers_of_times)
{
	self->take.times = 0;
	EXPECT_EQ(-EINVAL, take(self));
	self->take.times = 0xffffffff;
	EXPECT_EQ(-EINVAL, take(self));
}

TEST_F(input, refuses_kinds_and_flags_that_do_not_exist)
{
	self->take.kind = GUP_HOLD_NR_KINDS;
	EXPECT_EQ(-EINVAL, take(self));
	self->take.kind = 0xffffffff;
	EXPECT_EQ(-EINVAL, take(self));
	self->take.kind = GUP_HOLD_PIN_FAST;
	self->take.flags = 0x80000000;
	EXPECT_EQ(-EINVAL, take(self));
	self->take.flags = GUP_HOLD_FEW_RANGES << 1;
	EXPECT_EQ(-EINVAL, take(self));
}

TEST_F(input, refuses_addresses_that_are_no_page)
{
	self->take.addr++;
	EXPECT_EQ(-EINVAL, take(self));
	self->take.addr = -1ULL;
	EXPECT_EQ(-EINVAL, take(self));
}

TEST_F(input, refuses_commands_that_do_not_exist)
{
	EXPECT_EQ(-EINVAL, control(self, _IO('h', 99), NULL));
	EXPECT_EQ(-EINVAL, control(self, _IOWR('h', 1, struct gup_hold_io),
				   &self->take));
	EXPECT_EQ(-EINVAL, control(self, 0xffffffff, &self->take));
}

TEST_F(input, refuses_pointers_that_lead_nowhere)
{
	struct gup_hold_ask ask = { .nr_pages = 1, .pages = 8 };
	struct gup_hold_io io = { .len = 8, .buf = 8 };

	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_TAKE, NULL));
	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_GIVE, (void *)-8L));

	self->take.flags = GUP_HOLD_WRITE;
	ASSERT_EQ(0, take(self));
	ask.id = self->take.id;
	io.id = self->take.id;
	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_ASK, &ask));
	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_READ, &io));
	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_WRITE_DATA, &io));
	self->dev.id = self->take.id;
	EXPECT_EQ(0, dev_give(&self->dev, 0));
}

/* What it took is given back if it cannot tell its number. */
TEST_F(input, holds_nothing_that_it_could_not_report)
{
	struct gup_hold_take *ro = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, ro);
	*ro = self->take;
	ASSERT_EQ(0, mprotect(ro, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, control(self, GUP_HOLD_TAKE, ro));
	EXPECT_EQ(0, pins_held());
	munmap(ro, PAGE);
}

TEST_F(input, refuses_what_is_not_in_the_hold)
{
	struct gup_hold_page page;
	char byte;

	ASSERT_EQ(0, take(self));
	self->dev.id = self->take.id;
	EXPECT_EQ(-EINVAL, dev_ask(&self->dev, 1, 1, &page));
	EXPECT_EQ(-EINVAL, dev_ask(&self->dev, 0xffffffff, 2, &page));
	EXPECT_EQ(-EINVAL, dev_give_some(&self->dev, 0, 2, 0));
	EXPECT_EQ(-EINVAL, dev_give_some(&self->dev, 1, 0, 0));
	EXPECT_EQ(-EINVAL, dev_give_some(&self->dev, 0xffffffff, 2, 0));
	EXPECT_EQ(-EINVAL, dev_give(&self->dev, 0x80000000));
	EXPECT_EQ(-EINVAL, dev_io(&self->dev, GUP_HOLD_READ, &byte, PAGE, 1));
	EXPECT_EQ(-EINVAL, dev_io(&self->dev, GUP_HOLD_READ, &byte, -1UL, 2));
	/* It was not taken for writing. */
	EXPECT_EQ(-EACCES, dev_io(&self->dev, GUP_HOLD_WRITE_DATA, &byte, 0,
				  1));
	self->dev.id += 1;
	EXPECT_EQ(-ENOENT, dev_ask(&self->dev, 0, 1, &page));
	EXPECT_EQ(-ENOENT, dev_give(&self->dev, 0));
	EXPECT_EQ(-ENOENT, dev_io(&self->dev, GUP_HOLD_READ, &byte, 0, 1));
	self->dev.id -= 1;
	EXPECT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(-ENOENT, dev_give(&self->dev, 0));
}

TEST_F(input, refuses_more_holds_than_there_may_be)
{
	int i;

	for (i = 0; i < GUP_HOLD_MAX_HOLDS; i++)
		ASSERT_EQ(0, take(self));
	EXPECT_EQ(-ENOMEM, take(self));
	self->dev.id = 0;
	EXPECT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, take(self));
	self->dev.id = self->take.id;
	EXPECT_EQ(0, dev_give(&self->dev, 0));
}

/* As in mm/gup_benchmark.c. */
struct gup_benchmark {
	__u64 get_delta_usec;
	__u64 put_delta_usec;
	__u64 addr;
	__u64 size;
	__u32 nr_pages_per_call;
	__u32 flags;
	__u64 expansion[10];
};

#define PIN_FAST_BENCHMARK	_IOWR('g', 3, struct gup_benchmark)

/* The benchmark takes numbers from user space as well. */
TEST(gup_benchmark_refuses_absurd_sizes)
{
	static const struct {
		__u64 addr, size;
		__u32 nr;
	} absurd[] = {
		{ PAGE, -1ULL, 1 },
		{ PAGE, -PAGE, 1 },
		{ PAGE, 1ULL << 50, 1 },
		{ -PAGE, 2 * PAGE, 1 },
		{ PAGE, 0, 1 },
		{ PAGE, PAGE, 0 },
		{ PAGE, PAGE, 0xffffffff },
		{ 1, PAGE, 1 },
		{ PAGE, 1, 1 },
	};
	int fd = open("/sys/kernel/debug/gup_benchmark", O_RDWR | O_CLOEXEC);
	struct gup_benchmark gup;
	size_t i;

	if (fd < 0)
		SKIP_CASE("no /sys/kernel/debug/gup_benchmark");
	if (vmstat_of("nr_foll_pin_acquired") < 0)
		SKIP_CASE("this kernel cannot pin");
	for (i = 0; i < ARRAY_SIZE(absurd); i++) {
		memset(&gup, 0, sizeof(gup));
		gup.addr = absurd[i].addr;
		gup.size = absurd[i].size;
		gup.nr_pages_per_call = absurd[i].nr;
		EXPECT_EQ(-1, ioctl(fd, PIN_FAST_BENCHMARK, &gup));
	}
	close(fd);
	EXPECT_EQ(0, pins_left());
}

TEST_HARNESS_MAIN
