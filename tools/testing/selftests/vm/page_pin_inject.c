// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail while pages are pinned: the first one, then the second
 * one, and so on, until all go through.  Whatever comes of it, no pin is left
 * and no data is lost.  See Documentation/core-api/pin_user_pages.rst.
 *
 * Needs CONFIG_FAULT_INJECTION with CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
 */
#include "page_pin_memory.h"
#include "page_pin_numa.h"

/* More than one pin or fork() here needs; a huge page may be copied in 512. */
#define MOST_ALLOCATIONS	2000

#define FAIL_NTH		"/proc/self/fail-nth"

FIXTURE(inject)
{
	struct memory m;
	struct device dev;
	int node;
	int failed;		/* how many calls failed */
};

FIXTURE_VARIANT(inject)
{
	enum memory_kind kind;
	bool shared;
	int take;
	int flags;
};

/* Also failures of allocations that could wait, and of small ones. */
static void inject_all(void)
{
	static const char dir[] = "/sys/kernel/debug";
	char path[128];
	size_t i;
	static const char * const knob[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
	};

	for (i = 0; i < ARRAY_SIZE(knob); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, knob[i]);
		file_write(path, "N");
	}
	snprintf(path, sizeof(path), "%s/fail_page_alloc/min-order", dir);
	file_write(path, "0");
}

FIXTURE_SETUP(inject)
{
	if (access(FAIL_NTH, W_OK))
		SKIP_CASE("the kernel cannot make allocations fail");
	inject_all();
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	self->node = movable_node();
}

FIXTURE_TEARDOWN(inject)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

#define LONGTERM	(GUP_HOLD_WRITE | GUP_HOLD_LONGTERM)

FIXTURE_VARIANT_ADD(inject, anon_fast) {
	.kind = ANON, .take = GUP_HOLD_PIN_FAST, .flags = LONGTERM };
FIXTURE_VARIANT_ADD(inject, anon_slow) {
	.kind = ANON, .take = GUP_HOLD_PIN_SLOW, .flags = LONGTERM };
FIXTURE_VARIANT_ADD(inject, anon_read_only) {
	.kind = ANON, .take = GUP_HOLD_PIN_FAST, .flags = GUP_HOLD_LONGTERM };
FIXTURE_VARIANT_ADD(inject, thp_slow) {
	.kind = THP, .take = GUP_HOLD_PIN_SLOW, .flags = LONGTERM };
FIXTURE_VARIANT_ADD(inject, memfd_fast) {
	.kind = MEMFD, .shared = true, .take = GUP_HOLD_PIN_FAST,
	.flags = LONGTERM };
FIXTURE_VARIANT_ADD(inject, hugetlb_slow) {
	.kind = HUGETLB_2M, .take = GUP_HOLD_PIN_SLOW, .flags = LONGTERM };

/* From now on the @nth allocation of this process fails, once. */
static void fail_next(int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	file_write(FAIL_NTH, text);
}

/* Nothing fails any more. Returns whether something did. */
static bool fail_end(void)
{
	bool failed = file_number(FAIL_NTH, "") == 0;

	file_write(FAIL_NTH, "0");
	return failed;
}

/*
 * Pages that have to be moved, and that nobody has touched yet: all or nothing
 * or some, but what is counted is what is held.
 */
static void sweep(struct __test_metadata *_metadata,
		  struct _test_data_inject *self,
		  const struct _fixture_variant_inject *variant,
		  bool touched)
{
	int nth, hits = 0, ret = 0;
	bool hit = true;

	for (nth = 1; hit && nth < MOST_ALLOCATIONS; nth++) {
		memory_from(variant->kind == HUGETLB_2M ? -1 : self->node);
		SKIP_IF(memory_map(&self->m, variant->kind,
				   variant->shared));
		if (!touched)
			madvise(self->m.p, self->m.size, MADV_DONTNEED);
		memory_from(-1);
		fail_next(nth);
		ret = dev_take(&self->dev, &self->m, variant->take,
			       variant->flags);
		hit = fail_end();
		hits += hit;
		self->failed += ret < 0;
		EXPECT_TRUE(ret > 0 || ret == -ENOMEM || ret == -EFAULT ||
			    ret == -EBUSY);
		EXPECT_EQ(ret > 0 ? ret : 0, pins_held());
		if (touched)
			EXPECT_EQ(0, cpu_check(&self->m, 0));
		cpu_write(&self->m, 100);
		EXPECT_EQ(0, ret > 0 ? dev_check(&self->dev, 100) : 0);
		if (ret > 0)
			ASSERT_EQ(0, dev_give(&self->dev, 0));
		memory_unmap(&self->m);
	}
	/* The last one went through, and there was one before. */
	EXPECT_FALSE(hit);
	EXPECT_LT(0, hits);
	EXPECT_EQ(memory_pages(&self->m), ret);
}

TEST_F(inject, longterm_pin_that_fails_holds_nothing)
{
	sweep(_metadata, self, variant, true);
}

TEST_F(inject, longterm_pin_of_untouched_memory_that_fails_holds_nothing)
{
	sweep(_metadata, self, variant, variant->kind == HUGETLB_2M);
}

/* fork() that fails half-way leaves process and device coherent. */
TEST_F(inject, fork_that_fails_takes_nothing)
{
	bool hit = true;
	int nth, status;
	pid_t pid;

	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	ASSERT_EQ(memory_pages(&self->m),
		  dev_take(&self->dev, &self->m, variant->take,
			   GUP_HOLD_WRITE));
	for (nth = 1; hit && nth < MOST_ALLOCATIONS; nth++) {
		fail_next(nth);
		pid = fork();
		if (!pid)
			_exit(0);
		hit = fail_end();
		if (pid > 0)
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
		self->failed += pid < 0;
		EXPECT_EQ(0, incoherent(&self->dev, &self->m, 10 * nth));
	}
	EXPECT_FALSE(hit);
	EXPECT_LT(0, self->failed);
}

TEST_HARNESS_MAIN
