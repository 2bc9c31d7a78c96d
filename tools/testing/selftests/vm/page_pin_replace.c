// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned memory and those who put another page in the place of the one that is
 * there: by a later COW, to merge, to make larger, or to have it elsewhere.  They
 * leave it alone or fail.  See Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"
#include "page_pin_numa.h"

FIXTURE(replace)
{
	struct memory m;	/* pinned */
	struct memory other;	/* not pinned: what happens to it is the rule */
	struct device dev;
	long pfn;
	bool writable;
};

FIXTURE_VARIANT(replace)
{
	enum memory_kind kind;
	bool shared;
	bool read_only;
	int longterm;
};

FIXTURE_SETUP(replace)
{
	int flags = variant->longterm;

	stay_on_cpu(0);
	self->writable = !variant->read_only;
	if (self->writable)
		flags |= GUP_HOLD_WRITE;
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, variant->kind, variant->shared));
	SKIP_IF(memory_map(&self->other, variant->kind, variant->shared));
	ASSERT_EQ(memory_pages(&self->m),
		  dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST, flags));
	self->pfn = pfn_of(self->m.p);
	ASSERT_NE(0, self->pfn);
}

FIXTURE_TEARDOWN(replace)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->other);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(replace, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(replace, anon_longterm) {
	.kind = ANON, .longterm = GUP_HOLD_LONGTERM };
FIXTURE_VARIANT_ADD(replace, anon_read_only) {
	.kind = ANON, .read_only = true };
FIXTURE_VARIANT_ADD(replace, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(replace, thp_by_pte) { .kind = THP_BY_PTE };
FIXTURE_VARIANT_ADD(replace, hugetlb_2m) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(replace, memfd_private) { .kind = MEMFD };
FIXTURE_VARIANT_ADD(replace, ext4_private) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(replace, memfd_shared) { .kind = MEMFD, .shared = true };
FIXTURE_VARIANT_ADD(replace, ext4_shared) { .kind = EXT4, .shared = true };
FIXTURE_VARIANT_ADD(replace, xfs_shared) { .kind = XFS, .shared = true };

static int differs(struct _test_data_replace *self, __u64 seed)
{
	if (self->writable)
		return incoherent(&self->dev, &self->m, seed);
	cpu_write(&self->m, seed);
	return dev_check(&self->dev, seed);
}

/* Coherent: write access that goes and comes back finds the same page. */
TEST_F(replace, mprotect_and_back_is_coherent)
{
	struct memory *m = &self->m;

	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ));
	EXPECT_EQ(0, cpu_check(m, 0));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, differs(self, 100));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_NONE));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, differs(self, 200));
	EXPECT_EQ(self->pfn, pfn_of(m->p));
}

/* Coherent: the same by way of userfaultfd, which a debugger may do. */
TEST_F(replace, userfault_protection_and_back_is_coherent)
{
	struct memory *m = &self->m;
	int fd;

	SKIP_IF(uffd_open(m, &fd));
	ASSERT_EQ(0, uffd_protect(fd, m, true));
	EXPECT_EQ(0, cpu_check(m, 0));
	ASSERT_EQ(0, uffd_protect(fd, m, false));
	EXPECT_EQ(0, differs(self, 100));
	EXPECT_EQ(self->pfn, pfn_of(m->p));
	close(fd);
}

/* Coherent, or a refusal (EINVAL for hugetlb): the page goes along. */
TEST_F(replace, mremap_is_coherent)
{
	struct memory *m = &self->m;
	size_t align = m->page;
	char *room, *to;

	room = mmap(NULL, m->size + align, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, room);
	to = (char *)(((uintptr_t)room + align - 1) & ~(align - 1));
	if (mremap(m->p, m->size, m->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to) == MAP_FAILED) {
		ASSERT_EQ(EINVAL, errno);
		ASSERT_TRUE(variant->kind == HUGETLB_2M);
	} else {
		m->p = to;
	}
	EXPECT_EQ(0, cpu_check(m, 0));
	EXPECT_EQ(0, differs(self, 100));
	EXPECT_EQ(self->pfn, pfn_of(m->p));
	munmap(room, m->size + align);
}

/*
 * Private memory: the process asked for it, and gets other pages, but the device
 * keeps those it has. Shared memory: coherent. hugetlb: refused with EINVAL.
 */
TEST_F(replace, dontneed_leaves_the_page_to_the_device)
{
	struct memory *m = &self->m;

	if (madvise(m->p, m->size, MADV_DONTNEED)) {
		ASSERT_EQ(EINVAL, errno);
		ASSERT_TRUE(variant->kind == HUGETLB_2M);
	}
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	if (m->shared || variant->kind == HUGETLB_2M) {
		EXPECT_EQ(0, differs(self, 100));
		return;
	}
	EXPECT_NE(0, cpu_check(m, 0));
	cpu_write(m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	EXPECT_NE(self->pfn, pfn_of(m->p));
}

/* A refusal by move_pages(), which tells so, and coherent. */
TEST_F(replace, move_pages_leaves_a_pinned_page)
{
	int home = node_of(self->m.p);
	int away = other_node(home);
	int ret;

	if (away < 0)
		SKIP_CASE("there is only one node");
	ret = move_page(self->other.p, other_node(node_of(self->other.p)));
	if (ret < 0)
		SKIP_CASE("pages of this kind do not move: %s", strerror(-ret));

	ret = move_page(self->m.p, away);
	EXPECT_NE(away, ret);
	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_EQ(0, differs(self, 100));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
	EXPECT_EQ(away, move_page(self->m.p, away));
}

/* Coherent: compaction takes other pages. */
TEST_F(replace, compaction_leaves_a_pinned_page)
{
	ASSERT_EQ(0, file_write("/proc/sys/vm/compact_memory", "1"));
	EXPECT_EQ(self->pfn, pfn_of(self->m.p));
	EXPECT_EQ(0, differs(self, 100));
}

/* The process unmaps the memory: it is the device's until it is given back. */
TEST_F(replace, munmap_leaves_the_page_to_the_device)
{
	ASSERT_EQ(0, munmap(self->m.area, self->m.area_size));
	self->m.area = NULL;
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	if (self->writable) {
		EXPECT_EQ(0, dev_write(&self->dev, 100));
		EXPECT_EQ(0, dev_check(&self->dev, 100));
	}
	EXPECT_TRUE(dev_is(&self->dev, 0, GUP_HOLD_IS_PINNED));
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
}

/*
 * So does the whole process when it ends: its child took the pages, through an
 * open file that outlives it.
 */
TEST_F(replace, exit_leaves_the_page_to_the_device)
{
	int flags = variant->longterm | (self->writable ? GUP_HOLD_WRITE : 0);
	int nr = memory_pages(&self->m), status;
	struct memory mine;
	int to_parent[2];
	pid_t pid;

	ASSERT_EQ(0, dev_give(&self->dev, 0));
	ASSERT_EQ(0, pipe2(to_parent, O_CLOEXEC));
	memory_unmap(&self->m);
	pid = fork();
	if (!pid) {
		if (memory_map(&mine, variant->kind, variant->shared) ||
		    dev_take(&self->dev, &mine, GUP_HOLD_PIN_FAST, flags) !=
				nr ||
		    write(to_parent[1], &self->dev.id, sizeof(__u32)) !=
				sizeof(__u32))
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(4, read(to_parent[0], &self->dev.id, sizeof(__u32)));
	self->dev.m = &self->m;
	self->dev.size = nr * PAGE;
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	if (self->writable) {
		EXPECT_EQ(0, dev_write(&self->dev, 100));
		EXPECT_EQ(0, dev_check(&self->dev, 100));
	}
	ASSERT_EQ(0, dev_give(&self->dev, GUP_HOLD_DIRTY));
}

TEST_HARNESS_MAIN
