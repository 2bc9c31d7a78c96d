// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pin_user_pages*() promises about flags, short counts and errors, and how
 * pins are given back.  Most of it for each of the functions.  See
 * Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"

FIXTURE(api)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(api)
{
	int take;
	bool only;		/* takes what is there, and does not fault */
	bool get;		/* a plain reference, to compare with */
};

FIXTURE_SETUP(api)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
	self->dev.m = &self->m;
}

FIXTURE_TEARDOWN(api)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(api, pin_fast) { .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(api, pin_slow) { .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(api, pin_fast_only) {
	.take = GUP_HOLD_PIN_FAST_ONLY, .only = true };
FIXTURE_VARIANT_ADD(api, pin_unlocked) { .take = GUP_HOLD_PIN_UNLOCKED };
FIXTURE_VARIANT_ADD(api, pin_locked) { .take = GUP_HOLD_PIN_LOCKED };
FIXTURE_VARIANT_ADD(api, pin_remote) { .take = GUP_HOLD_PIN_REMOTE };
FIXTURE_VARIANT_ADD(api, ranges_fast) { .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(api, ranges_slow) { .take = GUP_HOLD_RANGES_SLOW };
FIXTURE_VARIANT_ADD(api, ranges_remote) { .take = GUP_HOLD_RANGES_REMOTE };
FIXTURE_VARIANT_ADD(api, get_fast) { .take = GUP_HOLD_GET_FAST, .get = true };
FIXTURE_VARIANT_ADD(api, get_slow) { .take = GUP_HOLD_GET_SLOW, .get = true };

/* An error of the functions that fault; fast_only takes no page instead. */
static int error(int err, bool only)
{
	return only ? 0 : err;
}

/* Whether there are pins to count at all. */
static bool has_pins(void)
{
	return vmstat_of("nr_foll_pin_acquired") >= 0;
}

/* Pins are counted and can be asked for, references are and do neither. */
TEST_F(api, what_is_pinned_says_so_and_counts)
{
	int pins = has_pins() && !variant->get ? NR_SMALL : 0;
	int i;

	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, variant->take,
				     GUP_HOLD_WRITE));
	EXPECT_EQ(pins, pins_held());
	for (i = 0; i < NR_SMALL; i++)
		EXPECT_EQ(!variant->get,
			  dev_is(&self->dev, i, GUP_HOLD_IS_PINNED));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 100));
	ASSERT_EQ(0, dev_give_some(&self->dev, 1, 2, 0));
	EXPECT_EQ(pins / 2, pins_held());
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(0, pins_held());
}

/* Who takes a page uses it, which reclaim has to know: one page, and many. */
TEST_F(api, what_is_taken_is_referenced)
{
	const char *p = self->m.p;
	int nr;

	for (nr = 1; nr <= NR_SMALL; nr += NR_SMALL - 1) {
		if (file_write("/proc/self/clear_refs", "1"))
			SKIP_CASE("this kernel has no such file");
		ASSERT_EQ(0, pages_referenced(p, NR_SMALL));
		ASSERT_EQ(nr, dev_take_at(&self->dev, p, nr, variant->take, 0,
					  1));
		EXPECT_EQ(nr, pages_referenced(p, NR_SMALL));
		ASSERT_EQ(0, dev_give(&self->dev, 0));
	}
}

/* Short: the pages before a hole, and an error where it starts with one. */
TEST_F(api, stops_before_a_hole)
{
	struct memory *m = &self->m;

	ASSERT_EQ(0, munmap(m->p + 2 * PAGE, PAGE));
	EXPECT_EQ(2, dev_take(&self->dev, m, variant->take, 0));
	EXPECT_EQ(error(-EFAULT, variant->only),
		  dev_take_at(&self->dev, m->p + 2 * PAGE, 2, variant->take, 0,
			      1));
}

/* Short: the pages that may be written to. */
TEST_F(api, stops_before_a_page_without_access)
{
	struct memory *m = &self->m;

	ASSERT_EQ(0, mprotect(m->p + 2 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(2, dev_take(&self->dev, m, variant->take, GUP_HOLD_WRITE));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(NR_SMALL, dev_take(&self->dev, m, variant->take, 0));
	ASSERT_EQ(0, mprotect(m->p + 2 * PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
	EXPECT_EQ(2, dev_take(&self->dev, m, variant->take, 0));
	EXPECT_EQ(error(-EFAULT, variant->only),
		  dev_take_at(&self->dev, m->p + 2 * PAGE, 1, variant->take, 0,
			      1));
}

/*
 * Short: a page without struct page ends the call. No entry below the count is
 * left unset, which gup_hold would tell with EIO.
 */
TEST_F(api, stops_before_a_page_without_struct_page)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       self->dev.fd, 0);
	int i;

	ASSERT_NE(MAP_FAILED, p);
	for (i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	EXPECT_EQ(1, dev_take_at(&self->dev, p, 4, variant->take,
				 GUP_HOLD_WRITE, 1));
	EXPECT_EQ(error(-EFAULT, variant->only),
		  dev_take_at(&self->dev, p + PAGE, 3, variant->take,
			      GUP_HOLD_WRITE, 1));
	munmap(p, 4 * PAGE);
}

/*
 * Move the mapping of this process that has no struct pages at all (VM_PFNMAP)
 * to the second page of some free memory. Returns the memory, or NULL. The
 * vDSO cannot tell the time any more then, and must not be asked.
 */
static char *move_vvar(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0, end = 0;
	char line[256];
	char *room;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]") &&
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			start = 0;
	if (maps)
		fclose(maps);
	if (!start)
		return NULL;
	room = mmap(NULL, end - start + PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED ||
	    mremap((void *)start, end - start, end - start,
		   MREMAP_MAYMOVE | MREMAP_FIXED, room + PAGE) == MAP_FAILED)
		return NULL;
	*room = 1;
	return room;
}

/* The same, where the whole mapping is such. */
TEST_F(api, stops_before_a_mapping_without_struct_pages)
{
	char *p = move_vvar();

	if (!p)
		SKIP_CASE("this process has no [vvar]");
	EXPECT_EQ(error(-EFAULT, variant->only),
		  dev_take_at(&self->dev, p + PAGE, 1, variant->take, 0, 1));
	EXPECT_EQ(1, dev_take_at(&self->dev, p, 2, variant->take, 0, 1));
	ASSERT_EQ(0, dev_give(&self->dev, 0));
}

/* Error: addresses that are not user space's. */
TEST_F(api, refuses_addresses_of_the_kernel)
{
	static const unsigned long addr[] = {
		0, -PAGE, 1UL << 63, 0xffff888000000000UL, 0x7ffffffff000UL,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addr); i++)
		EXPECT_GE(0, dev_take_at(&self->dev, (void *)addr[i], 2,
					 variant->take, 0, 1));
	EXPECT_EQ(0, pins_held());
}

/*
 * FOLL_FORCE
 */

FIXTURE(force)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(force)
{
	int take;
};

FIXTURE_SETUP(force)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
}

FIXTURE_TEARDOWN(force)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(force, pin_fast) { .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(force, pin_slow) { .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(force, pin_unlocked) { .take = GUP_HOLD_PIN_UNLOCKED };
FIXTURE_VARIANT_ADD(force, pin_locked) { .take = GUP_HOLD_PIN_LOCKED };
FIXTURE_VARIANT_ADD(force, pin_remote) { .take = GUP_HOLD_PIN_REMOTE };
FIXTURE_VARIANT_ADD(force, ranges_fast) { .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(force, ranges_slow) { .take = GUP_HOLD_RANGES_SLOW };

/* Like a debugger it may write to what the process may only read. */
TEST_F(force, force_writes_to_private_read_only_memory)
{
	struct memory *m = &self->m;

	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ));
	EXPECT_EQ(-EFAULT, dev_take(&self->dev, m, variant->take,
				    GUP_HOLD_WRITE));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, m, variant->take,
				     GUP_HOLD_WRITE | GUP_HOLD_FORCE));
	ASSERT_EQ(0, dev_write(&self->dev, 100));
	EXPECT_EQ(0, cpu_check(m, 100));
}

/* Of no page of the child, also not of those after the first one. */
TEST_F(force, force_does_not_write_to_pages_of_a_child)
{
	struct memory *m = &self->m;
	struct child child;

	cpu_write(m, 100);
	ASSERT_EQ(0, child_fork(&child, m));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, m, variant->take,
				     GUP_HOLD_WRITE | GUP_HOLD_FORCE));
	ASSERT_EQ(0, dev_write(&self->dev, 200));
	EXPECT_EQ(0, cpu_check(m, 200));
	EXPECT_EQ(0, child_do(&child, 'c', 100));
	child_end(&child);
}

/* And it is no way to write to a shared file opened to be read. */
TEST_F(force, force_does_not_write_to_shared_read_only_memory)
{
	struct memory file;
	char path[32];
	char *p;
	int fd;

	SKIP_IF(memory_map(&file, MEMFD, true));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-EFAULT, dev_take_at(&self->dev, p, 1, variant->take,
				       GUP_HOLD_WRITE | GUP_HOLD_FORCE, 1));
	munmap(p, PAGE);
	close(fd);
	memory_unmap(&file);
}

/*
 * Giving back
 */

FIXTURE(give)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(give)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_SETUP(give)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	ASSERT_EQ(memory_pages(&self->m),
		  dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
			   GUP_HOLD_WRITE));
}

FIXTURE_TEARDOWN(give)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(give, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(give, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(give, thp_by_pte) { .kind = THP_BY_PTE };
FIXTURE_VARIANT_ADD(give, hugetlb_2m) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(give, hugetlb_1g) { .kind = HUGETLB_1G };
FIXTURE_VARIANT_ADD(give, memfd) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(give, ext4) { .kind = EXT4, .shared = true };

static int pinned_now(struct _test_data_give *self)
{
	return dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_GET_FAST, 0,
			   1) == 1 &&
	       dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED);
}

/* All of the pins are off the page afterwards, and the counters agree. */
static void give_by(struct __test_metadata *_metadata,
		    struct _test_data_give *self, int flags)
{
	ASSERT_EQ(has_pins(), pinned_now(self));
	dev_close(&self->dev);
	dev_open(&self->dev);
	ASSERT_EQ(memory_pages(&self->m),
		  dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
			   GUP_HOLD_WRITE));
	EXPECT_EQ(has_pins() ? memory_pages(&self->m) : 0, pins_held());
	ASSERT_EQ(0, dev_give(&self->dev, flags));
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(0, pinned_now(self));
}

TEST_F(give, given_back_one_by_one)
{
	give_by(_metadata, self, GUP_HOLD_SINGLE);
}

TEST_F(give, given_back_by_the_head)
{
	give_by(_metadata, self, GUP_HOLD_BY_HEAD);
}

TEST_F(give, given_back_by_the_last_tail)
{
	give_by(_metadata, self, GUP_HOLD_BY_TAIL);
}

TEST_F(give, given_back_by_ranges_of_memory)
{
	give_by(_metadata, self, GUP_HOLD_BY_RANGE);
}

TEST_F(give, given_back_by_ranges_of_memory_dirty)
{
	give_by(_metadata, self, GUP_HOLD_BY_RANGE | GUP_HOLD_DIRTY);
}

/* With the data marked as changed, also if it was written to disk since. */
TEST_F(give, given_back_dirty)
{
	if (variant->kind == EXT4)
		ASSERT_EQ(0, fsync(self->m.fd));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	ASSERT_EQ(1, dev_take_at(&self->dev, self->m.p, 1, GUP_HOLD_GET_FAST,
				 0, 1));
	EXPECT_TRUE(dev_is(&self->dev, 0, GUP_HOLD_IS_DIRTY));
	EXPECT_FALSE(dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED));
}

TEST_HARNESS_MAIN
