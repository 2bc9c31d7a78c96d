// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read-only long-term pins.  A device that reads for long wants to see what the
 * process writes later.  In a private mapping that write goes to another page,
 * unless the process has a page of its own already, so the pin has to see to
 * that.  See Documentation/core-api/pin_user_pages.rst.
 */
#include "page_pin_memory.h"

/* What is mapped when the pin is taken. */
enum state {
	UNTOUCHED,		/* nothing yet */
	ZERO,			/* the zero page */
	ZERO_HUGE,		/* the huge zero page */
	FILE_MEMFD,		/* a page of the page cache */
	FILE_EXT4,
	FILE_HUGETLB,
	AFTER_FORK,		/* anonymous, shared with a child */
	AFTER_FORK_THP,
	AFTER_FORK_HUGETLB,
};

FIXTURE(read_only)
{
	struct memory m;
	struct memory file;	/* the same file, mapped shared */
	struct device dev;
	struct child child;
	bool zeroes;		/* what is there before */
};

FIXTURE_VARIANT(read_only)
{
	enum state state;
	int take;
};

static const char *map_untouched(struct memory *m, enum memory_kind kind)
{
	memset(m, 0, sizeof(*m));
	m->fd = -1;
	memory_size(m, kind);
	m->area_size = m->page == PAGE ? m->size : 2 * m->size;
	if (map_area(m, 0))
		return "no memory";
	m->p = (char *)(((uintptr_t)m->area + m->page - 1) & ~(m->page - 1));
	madvise(m->area, m->area_size, kind == THP ? MADV_HUGEPAGE :
						     MADV_NOHUGEPAGE);
	return NULL;
}

/* A private mapping of a file that has data, with its pages mapped to read. */
static const char *map_private_file(struct memory *m, struct memory *file,
				    enum memory_kind kind)
{
	if (kind == HUGETLB_2M) {
		memset(file, 0, sizeof(*file));
		memory_size(file, kind);
		file->shared = true;
		file->area_size = file->size;
		file->fd = memfd_create("page_pin",
					MFD_HUGETLB | MFD_CLOEXEC);
		if (file->fd < 0 || ftruncate(file->fd, file->size) ||
		    map_area(file, 0))
			return "no free huge page";
		cpu_write(file, 0);
	} else if (memory_map(file, kind, true)) {
		return "no file of this kind";
	}

	*m = *file;
	m->shared = false;
	m->fd = dup(file->fd);
	if (map_area(m, 0))
		return "the file cannot be mapped";
	return cpu_check(m, 0) ? "the file has other data" : NULL;
}

static int read_all(struct memory *m)
{
	size_t off;
	int sum = 0;

	for (off = 0; off < m->size; off += PAGE)
		sum += __atomic_load_n(m->p + off, __ATOMIC_RELAXED);
	return sum;
}

static const char *make_state(struct _test_data_read_only *self,
			      enum state state)
{
	struct memory *m = &self->m;
	const char *why;

	self->zeroes = state <= ZERO_HUGE;
	switch (state) {
	case UNTOUCHED:
		return map_untouched(m, ANON);
	case ZERO:
	case ZERO_HUGE:
		why = map_untouched(m, state == ZERO ? ANON : THP);
		if (!why && read_all(m))
			why = "new memory is not zero";
		return why;
	case FILE_MEMFD:
		return map_private_file(m, &self->file, MEMFD);
	case FILE_EXT4:
		return map_private_file(m, &self->file, EXT4);
	case FILE_HUGETLB:
		return map_private_file(m, &self->file, HUGETLB_2M);
	default:
		why = memory_map(m, state == AFTER_FORK ? ANON :
				    state == AFTER_FORK_THP ? THP :
							      HUGETLB_2M,
				 false);
		if (!why && child_fork(&self->child, m))
			why = "fork failed";
		return why;
	}
}

FIXTURE_SETUP(read_only)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(make_state(self, variant->state));
}

FIXTURE_TEARDOWN(read_only)
{
	if (self->child.pid)
		child_end(&self->child);
	dev_close(&self->dev);
	memory_unmap(&self->m);
	memory_unmap(&self->file);
	EXPECT_EQ(0, pins_left());
}

FIXTURE_VARIANT_ADD(read_only, untouched) {
	.state = UNTOUCHED, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, zero_page_fast) {
	.state = ZERO, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, zero_page_slow) {
	.state = ZERO, .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(read_only, zero_page_unlocked) {
	.state = ZERO, .take = GUP_HOLD_PIN_UNLOCKED };
FIXTURE_VARIANT_ADD(read_only, zero_page_remote) {
	.state = ZERO, .take = GUP_HOLD_PIN_REMOTE };
FIXTURE_VARIANT_ADD(read_only, zero_page_ranges) {
	.state = ZERO, .take = GUP_HOLD_RANGES_FAST };
FIXTURE_VARIANT_ADD(read_only, huge_zero_page_ranges) {
	.state = ZERO_HUGE, .take = GUP_HOLD_RANGES_SLOW };
FIXTURE_VARIANT_ADD(read_only, huge_zero_page_fast) {
	.state = ZERO_HUGE, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, huge_zero_page_slow) {
	.state = ZERO_HUGE, .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(read_only, memfd_fast) {
	.state = FILE_MEMFD, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, memfd_slow) {
	.state = FILE_MEMFD, .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(read_only, ext4_fast) {
	.state = FILE_EXT4, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, hugetlb_file_fast) {
	.state = FILE_HUGETLB, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, hugetlb_file_slow) {
	.state = FILE_HUGETLB, .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(read_only, after_fork_fast) {
	.state = AFTER_FORK, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, after_fork_slow) {
	.state = AFTER_FORK, .take = GUP_HOLD_PIN_SLOW };
FIXTURE_VARIANT_ADD(read_only, thp_after_fork_fast) {
	.state = AFTER_FORK_THP, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, hugetlb_after_fork_fast) {
	.state = AFTER_FORK_HUGETLB, .take = GUP_HOLD_PIN_FAST };
FIXTURE_VARIANT_ADD(read_only, hugetlb_after_fork_slow) {
	.state = AFTER_FORK_HUGETLB, .take = GUP_HOLD_PIN_SLOW };

/* Bytes that are not zero, as the device sees it. */
static int device_sees(struct device *dev, size_t bytes)
{
	char page[PAGE];
	size_t off, i;
	int seen = 0;

	for (off = 0; off < bytes; off += PAGE) {
		if (dev_io(dev, GUP_HOLD_READ, page, off, PAGE))
			return -1;
		for (i = 0; i < PAGE; i++)
			seen += !!page[i];
	}
	return seen;
}

/*
 * Coherent: the pin changes nothing of what is there, the device sees what the
 * process writes later, and nobody else does.
 */
TEST_F(read_only, longterm_pin_sees_what_is_written_later)
{
	struct memory *m = &self->m;

	ASSERT_EQ(memory_pages(m), dev_take(&self->dev, m, variant->take,
					    GUP_HOLD_LONGTERM));
	EXPECT_EQ(0, self->zeroes ? device_sees(&self->dev, m->size) :
				    dev_check(&self->dev, 0));
	EXPECT_EQ(0, self->zeroes ? read_all(m) : cpu_check(m, 0));

	cpu_write(m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	EXPECT_EQ(0, self->file.area ? cpu_check(&self->file, 0) : 0);
	EXPECT_EQ(0, self->child.pid ? child_do(&self->child, 'c', 0) : 0);
}

/*
 * Memory that is write-protected, and whose it is
 */

FIXTURE(protected)
{
	struct memory m;
	struct device dev;
};

FIXTURE_VARIANT(protected)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(protected, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(protected, thp) { .kind = THP };

FIXTURE_SETUP(protected)
{
	stay_on_cpu(0);
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	SKIP_IF(memory_map(&self->m, variant->kind, false));
}

FIXTURE_TEARDOWN(protected)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* Coherent: userfaultfd is not asked, as nobody can wait for it here. */
TEST_F(protected, longterm_pin_of_what_userfaultfd_protects)
{
	struct memory *m = &self->m;
	int fd;

	SKIP_IF(uffd_open(m, &fd));
	ASSERT_EQ(0, uffd_protect(fd, m, true));
	ASSERT_EQ(memory_pages(m), dev_take(&self->dev, m, GUP_HOLD_PIN_FAST,
					    GUP_HOLD_LONGTERM));
	ASSERT_EQ(0, uffd_protect(fd, m, false));
	cpu_write(m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
	close(fd);
}

/* Coherent: to be allowed to write to one page only takes a huge one apart. */
TEST_F(protected, page_stays_when_its_mapping_is_split_meanwhile)
{
	struct memory *m = &self->m;

	ASSERT_EQ(memory_pages(m), dev_take(&self->dev, m, GUP_HOLD_PIN_FAST,
					    GUP_HOLD_WRITE));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ));
	ASSERT_EQ(0, mprotect(m->p + PAGE, PAGE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, incoherent(&self->dev, m, 100));
}

/*
 * A child has pinned what it had in common with us, for reading and not for long,
 * and is gone: the page is ours alone, and what we write is still none of its
 * business.
 */
TEST_F(protected, pin_of_a_child_that_unmapped_it_sees_no_more)
{
	struct memory *m = &self->m;
	char old[PAGE], seen[PAGE];
	int status;
	pid_t pid;

	memcpy(old, m->p, PAGE);
	pid = fork();
	if (!pid)
		_exit(dev_take_at(&self->dev, m->p, 1, GUP_HOLD_PIN_FAST, 0,
				  1) == 1 ? self->dev.id : 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	self->dev.id = WEXITSTATUS(status);
	ASSERT_NE(0, self->dev.id);
	self->dev.size = PAGE;

	ASSERT_EQ(0, madvise(m->p + PAGE, PAGE, MADV_DONTNEED));
	memset(m->p, 'x', PAGE);
	ASSERT_EQ(0, dev_io(&self->dev, GUP_HOLD_READ, seen, 0, PAGE));
	EXPECT_EQ(0, memcmp(old, seen, PAGE));
	EXPECT_EQ(0, dev_give(&self->dev, 0));
}

/*
 * What must not be dragged into this
 */

FIXTURE(plain)
{
	struct memory m;
	struct device dev;
};

FIXTURE_SETUP(plain)
{
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(plain)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

/* A pin for a short time takes what is there, and makes no copies. */
TEST_F(plain, short_read_only_pin_takes_the_zero_page)
{
	int i;

	SKIP_IF(map_untouched(&self->m, ANON));
	ASSERT_EQ(0, read_all(&self->m));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
				     0));
	for (i = 0; i < NR_SMALL; i++)
		EXPECT_TRUE(dev_is(&self->dev, i, GUP_HOLD_IS_ZERO));
}

/* Coherent: a shared mapping needs no copy, and may be of a read-only file. */
TEST_F(plain, longterm_pin_of_a_shared_read_only_file)
{
	struct memory *m = &self->m;
	char path[32];
	__u64 value;
	int fd;

	SKIP_IF(memory_map(m, MEMFD, true));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	munmap(m->area, m->area_size);
	m->area = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
	m->p = m->area;
	ASSERT_NE(MAP_FAILED, m->area);
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_LONGTERM));
	EXPECT_EQ(0, dev_check(&self->dev, 0));
	value = probe_value(100, FIRST_PROBE);
	ASSERT_EQ(8, pwrite(m->fd, &value, 8, FIRST_PROBE));
	EXPECT_EQ(NR_SMALL - 1, dev_check(&self->dev, 100));
	close(fd);
}

/* Coherent: write access that comes only after the pin changes nothing. */
TEST_F(plain, longterm_pin_of_memory_that_becomes_writable)
{
	struct memory *m = &self->m;

	SKIP_IF(map_untouched(m, ANON));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ));
	ASSERT_EQ(0, read_all(m));
	ASSERT_EQ(NR_SMALL, dev_take(&self->dev, m, GUP_HOLD_PIN_FAST,
				     GUP_HOLD_LONGTERM));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_READ | PROT_WRITE));
	cpu_write(m, 100);
	EXPECT_EQ(0, dev_check(&self->dev, 100));
}

/* Refusal: what may not be read cannot be pinned, COW or not. */
TEST_F(plain, longterm_pin_needs_read_access)
{
	struct memory *m = &self->m;

	SKIP_IF(memory_map(m, ANON, false));
	ASSERT_EQ(0, mprotect(m->p, m->size, PROT_NONE));
	EXPECT_EQ(-EFAULT, dev_take(&self->dev, m, GUP_HOLD_PIN_FAST,
				    GUP_HOLD_LONGTERM));
	EXPECT_EQ(-EFAULT, dev_take(&self->dev, m, GUP_HOLD_PIN_SLOW,
				    GUP_HOLD_LONGTERM));
}

TEST_HARNESS_MAIN
