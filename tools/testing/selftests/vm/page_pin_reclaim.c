// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned memory and those who take memory away or clean it: reclaim, writeback,
 * and whoever wants to know what was written to.  They leave a pinned page as it
 * is.  See Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"

FIXTURE(reclaim)
{
	struct memory m;	/* pinned */
	struct memory other;	/* not pinned: what happens to it is the rule */
	struct device dev;
	long pfn;
	char *at;		/* the first page that is pinned */
};

FIXTURE_VARIANT(reclaim)
{
	enum memory_kind kind;
	bool shared;
	int flags;
	bool one_page;		/* pin one in the middle only */
};

FIXTURE_SETUP(reclaim)
{
	int nr, ret;

	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	SKIP_IF(memory_map(&self->other, variant->kind, variant->shared));

	nr = variant->one_page ? 1 : memory_pages(&self->m);
	self->dev.m = &self->m;
	self->dev.first = variant->one_page ? self->m.step : 0;
	self->at = self->m.p + self->dev.first;
	ret = dev_take_at(&self->dev, self->at, nr, GUP_HOLD_PIN_FAST,
			  variant->flags, 1);
	ASSERT_EQ(nr, ret);
	self->pfn = pfn_of(self->at);
	ASSERT_NE(0, self->pfn);
}

FIXTURE_TEARDOWN(reclaim)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->other);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(reclaim, anon) {
	.kind = ANON, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, anon_read_only) { .kind = ANON };
FIXTURE_VARIANT_ADD(reclaim, thp) {
	.kind = THP, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, thp_one_page) {
	.kind = THP, .flags = GUP_HOLD_WRITE, .one_page = true };
FIXTURE_VARIANT_ADD(reclaim, memfd_shared) {
	.kind = MEMFD, .shared = true, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, memfd_private) {
	.kind = MEMFD, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, ext4_shared) {
	.kind = EXT4, .shared = true, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, ext4_private) {
	.kind = EXT4, .flags = GUP_HOLD_WRITE };
FIXTURE_VARIANT_ADD(reclaim, xfs_shared) {
	.kind = XFS, .shared = true, .flags = GUP_HOLD_WRITE };

/* What both sides see, as far as the device may write. */
static int differs(struct _test_data_reclaim *self, bool writable,
		   bool one_page, __u64 seed)
{
	if (writable && !one_page)
		return incoherent(&self->dev, &self->m, seed);
	cpu_write(&self->m, seed);
	return dev_check(&self->dev, seed);
}

/* Until all that is not pinned went. Returns whether it did. */
static bool pageout(struct _test_data_reclaim *self)
{
	int i;

	for (i = 0; i < 10; i++) {
		if (self->m.fd >= 0) {
			fsync(self->m.fd);
			fsync(self->other.fd);
		}
		madvise(self->m.p, self->m.size, MADV_PAGEOUT);
		madvise(self->other.p, self->other.size, MADV_PAGEOUT);
	}
	return !pfn_of(self->other.p) && !pfn_of(self->other.p + PAGE);
}

#define PAGEOUT_OR_SKIP() do { \
	if (!pageout(self)) \
		SKIP_CASE("reclaim takes nothing here (is there swap?)"); \
} while (0)

/* Refusal: the page stays where the process and the device have it. */
TEST_F(reclaim, pageout_leaves_a_pinned_page_mapped)
{
	PAGEOUT_OR_SKIP();
	EXPECT_EQ(self->pfn, pfn_of(self->at));
	EXPECT_FALSE(dev_is(&self->dev, 0, GUP_HOLD_IS_SWAPCACHE));
	if (variant->kind == THP)
		EXPECT_TRUE(is_thp(self->at));
}

/* Coherent, also if the process reads before it writes. */
TEST_F(reclaim, pageout_leaves_process_and_device_coherent)
{
	PAGEOUT_OR_SKIP();
	EXPECT_EQ(0, cpu_check(&self->m, 0));
	EXPECT_EQ(0, differs(self, variant->flags, variant->one_page, 100));
}

/* And it is not for ever: what is pinned no more goes like the rest. */
TEST_F(reclaim, pageout_takes_it_when_the_pin_is_gone)
{
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	PAGEOUT_OR_SKIP();
	EXPECT_EQ(0, pfn_of(self->at));
	EXPECT_EQ(0, cpu_check(&self->m, 0));
}

/* Coherent: to learn who writes, the kernel makes pages read-only. */
TEST_F(reclaim, soft_dirty_leaves_process_and_device_coherent)
{
	if (!soft_dirty(self->other.p))
		SKIP_CASE("the kernel knows no soft-dirty");
	ASSERT_EQ(0, file_write("/proc/self/clear_refs", "4"));
	EXPECT_FALSE(soft_dirty(self->other.p));
	EXPECT_EQ(0, differs(self, variant->flags, variant->one_page, 100));
	EXPECT_EQ(self->pfn, pfn_of(self->at));
}

/*
 * Coherent: who forces his way into memory that may only be read brings it back
 * from swap first, and it is still there when it may be written to.
 */
TEST(forced_write_swaps_in_a_page_that_stays)
{
	struct memory m;
	struct device dev;
	int i;

	SKIP_IF(dev_open(&dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&m, ANON, false));
	ASSERT_EQ(0, mprotect(m.p, m.size, PROT_READ));
	for (i = 0; i < 10; i++)
		madvise(m.p, m.size, MADV_PAGEOUT);
	if (pfn_of(m.p) || pfn_of(m.p + PAGE))
		SKIP_CASE("reclaim takes nothing here (is there swap?)");
	ASSERT_EQ(NR_SMALL, dev_take(&dev, &m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE | GUP_HOLD_FORCE));
	ASSERT_EQ(0, mprotect(m.p, m.size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, incoherent(&dev, &m, 100));
	dev_close(&dev);
	memory_unmap(&m);
	EXPECT_EQ(0, pins_left());
}

/* Tails are looked at through their head; with CONFIG_DEBUG_VM it warns. */
TEST(soft_dirty_clears_a_thp_mapped_by_ptes)
{
	struct memory m;

	SKIP_IF(memory_map(&m, THP, false));
	if (!soft_dirty(m.p))
		SKIP_CASE("the kernel knows no soft-dirty");
	ASSERT_EQ(0, mprotect(m.p, PAGE, PROT_READ));
	ASSERT_EQ(0, file_write("/proc/self/clear_refs", "4"));
	EXPECT_FALSE(soft_dirty(m.p));
	EXPECT_FALSE(soft_dirty(m.p + 2 * PAGE));
	EXPECT_EQ(0, mprotect(m.p, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, cpu_check(&m, 0));
	memory_unmap(&m);
}

/*
 * Anonymous memory that the process has given up with MADV_FREE
 */

FIXTURE(lazy_free)
{
	struct memory m;
	struct memory other;
	struct device dev;
};

FIXTURE_SETUP(lazy_free)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, ANON, false));
	SKIP_IF(memory_map(&self->other, ANON, false));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_WRITE));
}

FIXTURE_TEARDOWN(lazy_free)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->other);
	EXPECT_EQ(0, pins_left());
}

/* Coherent: a page that a device may write to is not as free as it looks. */
TEST_F(lazy_free, device_write_after_madv_free_is_not_lost)
{
	int i;

	ASSERT_EQ(0, madvise(self->m.p, self->m.size, MADV_FREE));
	ASSERT_EQ(0, madvise(self->other.p, self->other.size, MADV_FREE));
	ASSERT_EQ(0, dev_write(&self->dev, 100));
	for (i = 0; i < 10; i++) {
		madvise(self->m.p, self->m.size, MADV_PAGEOUT);
		madvise(self->other.p, self->other.size, MADV_PAGEOUT);
	}
	if (pfn_of(self->other.p))
		SKIP_CASE("reclaim takes nothing here");
	EXPECT_EQ(0, cpu_check(&self->m, 100));
	EXPECT_EQ(0, incoherent(&self->dev, &self->m, 200));
}

/*
 * Coherent, and a refusal: a huge page is not split while one of its pages is
 * pinned.
 */
TEST(split_leaves_a_pinned_huge_page)
{
	struct memory m, other;
	struct device dev;
	int i;

	SKIP_IF(dev_open(&dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&m, THP, false));
	SKIP_IF(memory_map(&other, THP, false));
	dev.m = &m;
	dev.first = m.step;
	ASSERT_EQ(1, dev_take_at(&dev, m.p + dev.first, 1, GUP_HOLD_PIN_FAST,
				 GUP_HOLD_WRITE, 1));
	/* Others may have a reference to the one that is to be split. */
	for (i = 0; i < 10 && is_thp(other.p); i++) {
		if (file_write("/sys/kernel/debug/split_huge_pages", "1"))
			SKIP_CASE("the kernel does not split huge pages");
	}
	EXPECT_FALSE(is_thp(other.p));
	EXPECT_TRUE(is_thp(m.p));
	cpu_write(&m, 100);
	EXPECT_EQ(0, dev_check(&dev, 100));
	dev_close(&dev);
	memory_unmap(&m);
	memory_unmap(&other);
	EXPECT_EQ(0, pins_left());
}

/*
 * Files: what the device writes has to get to the disk
 */

/*
 * Pin a file for writing, and leave its pages as what is dropped most easily:
 * clean, and mapped by nobody.  Returns NULL, or why it cannot be done.
 */
static const char *file_pin(struct memory *m, struct device *dev,
			    enum memory_kind kind)
{
	const char *why = dev_open(dev) ?: memory_map(m, kind, true);

	if (why)
		return why;
	if (dev_take(dev, m, GUP_HOLD_PIN_FAST, GUP_HOLD_WRITE) != NR_SMALL ||
	    fsync(m->fd) || munmap(m->area, m->area_size))
		return "it cannot be pinned and cleaned";
	m->area = NULL;
	return NULL;
}

static void drop_clean_pages(int fd)
{
	file_write("/proc/sys/vm/drop_caches", "1");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* Refusal: buffers, which ext4 has, are not taken off a pinned page. */
TEST(buffers_stay_while_the_page_is_pinned)
{
	struct device dev;
	struct memory m;
	int i;

	SKIP_IF(file_pin(&m, &dev, EXT4));
	for (i = 0; i < NR_SMALL; i++)
		ASSERT_TRUE(dev_is(&dev, i, GUP_HOLD_HAS_PRIVATE));
	drop_clean_pages(m.fd);
	for (i = 0; i < NR_SMALL; i++)
		EXPECT_TRUE(dev_is(&dev, i, GUP_HOLD_HAS_PRIVATE));
	dev_close(&dev);
	memory_unmap(&m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE(file)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(file)
{
	enum memory_kind kind;
};

FIXTURE_SETUP(file)
{
	stay_on_cpu(0);
	ASSERT_EQ(0, pins_left());
	SKIP_IF(file_pin(&self->m, &self->dev, variant->kind));
}

FIXTURE_TEARDOWN(file)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(file, xfs) { .kind = XFS };

/* Probes in the file that are not what cpu_write() with @seed would write. */
static int file_check(struct memory *m, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < m->size; off += m->step) {
		__u64 value = 0;

		wrong += pread(m->fd, &value, sizeof(value), off) !=
				sizeof(value) ||
			 value != probe_value(seed, off);
	}
	return wrong;
}

/* Coherent with the disk: fsync() does what it says. */
TEST_F(file, what_the_device_writes_gets_to_the_disk)
{
	drop_clean_pages(self->m.fd);
	ASSERT_EQ(0, dev_write(&self->dev, 100));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, fsync(self->m.fd));
	/* Now that the pages are free to go the next read is from the disk. */
	drop_clean_pages(self->m.fd);
	EXPECT_EQ(0, file_check(&self->m, 100));
}

/* The same for a page that the process has written to in the meantime. */
TEST_F(file, device_and_write_do_not_lose_each_others_data)
{
	long value = 42;

	drop_clean_pages(self->m.fd);
	ASSERT_EQ(0, dev_write(&self->dev, 100));
	ASSERT_EQ(8, pwrite(self->m.fd, &value, 8, 2048));
	EXPECT_EQ(0, fsync(self->m.fd));
	ASSERT_EQ(0, dev_write(&self->dev, 200));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, fsync(self->m.fd));
	drop_clean_pages(self->m.fd);
	EXPECT_EQ(0, file_check(&self->m, 200));
	value = 0;
	EXPECT_EQ(8, pread(self->m.fd, &value, 8, 2048));
	EXPECT_EQ(42, value);
}

/* No refusal: truncation works, and the pages live on for the device only. */
TEST_F(file, truncate_does_not_wait_for_the_device)
{
	long value = 1;

	ASSERT_EQ(0, ftruncate(self->m.fd, 0));
	EXPECT_EQ(0, dev_write(&self->dev, 100));
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	ASSERT_EQ(0, ftruncate(self->m.fd, self->m.size));
	EXPECT_EQ(8, pread(self->m.fd, &value, 8, FIRST_PROBE));
	EXPECT_EQ(0, value);
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(0, fsync(self->m.fd));
	EXPECT_EQ(8, pread(self->m.fd, &value, 8, FIRST_PROBE));
	EXPECT_EQ(0, value);
}

/*
 * A write pin of a page that is on its way to a disk that wants stable pages
 * waits like a write of the process does: the device would change the data
 * under the disk's checksum otherwise.
 */
TEST(write_pin_waits_for_writeback)
{
	struct device look, dev;
	struct memory m;
	bool seen = false;
	size_t size;
	int i;

	SKIP_IF(dev_open(&dev));
	SKIP_IF(dev_open(&look));
	SKIP_IF(memory_map(&m, SLOW, true));
	size = m.size;
	ASSERT_EQ(NR_SMALL, dev_take(&look, &m, GUP_HOLD_GET_FAST, 0));
	for (i = 0; i < 100 && !seen; i++) {
		cpu_write(&m, i);
		ASSERT_EQ(0, sync_file_range(m.fd, 0, size,
					     SYNC_FILE_RANGE_WRITE));
		seen = dev_is(&look, NR_SMALL - 1, GUP_HOLD_IS_WRITEBACK);
		ASSERT_EQ(NR_SMALL, dev_take(&dev, &m, GUP_HOLD_PIN_FAST,
					     GUP_HOLD_WRITE));
		EXPECT_FALSE(dev_is(&look, NR_SMALL - 1,
				    GUP_HOLD_IS_WRITEBACK));
		EXPECT_TRUE(dev_is(&look, NR_SMALL - 1, GUP_HOLD_IS_DIRTY));
		ASSERT_EQ(0, dev_give(&dev, 0));
	}
	dev_close(&look);
	dev_close(&dev);
	memory_unmap(&m);
	EXPECT_EQ(0, pins_left());
	if (!seen)
		SKIP_CASE("no page was seen under writeback");
}

TEST_HARNESS_MAIN
