// SPDX-License-Identifier: GPL-2.0-only
/*
 * The holding half of gup_benchmark: takes pages of a process on its request,
 * keeps them, and reads and writes their data through the kernel's own mapping,
 * like a device that does DMA.  The tests in tools/testing/selftests/vm/ see
 * with it whether process and device keep looking at the same memory.
 *
 * It stands for a driver, so it uses what drivers can use, and is one file that
 * builds as a module of this kernel or of another one.  What user space says to
 * it is in gup_hold.h, and what pins are for in
 * Documentation/core-api/pin_user_pages.rst.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/page_pin.h>
#include <linux/pfn_t.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "gup_hold.h"

struct gup_hold {
	struct list_head list;
	u32 id;
	u32 kind;
	u32 times;
	bool write;
	unsigned long nr;
	struct page *pages[];		/* NULL: given back */
};

/* What an open file has. */
struct gup_hold_file {
	struct mutex lock;		/* protects all of this */
	struct list_head holds;
	u32 last_id;
	unsigned int nr;
	struct page *mapped;		/* for mmap() */
};

static bool is_get(u32 kind)
{
	return kind == GUP_HOLD_GET_FAST || kind == GUP_HOLD_GET_SLOW;
}

static bool is_ranges(u32 kind)
{
	return kind == GUP_HOLD_RANGES_FAST || kind == GUP_HOLD_RANGES_SLOW ||
	       kind == GUP_HOLD_RANGES_REMOTE;
}

static bool holds_mmap_lock(u32 kind)
{
	return kind == GUP_HOLD_PIN_SLOW || kind == GUP_HOLD_PIN_LOCKED ||
	       kind == GUP_HOLD_PIN_REMOTE || kind == GUP_HOLD_GET_SLOW;
}

static struct gup_hold *find_hold(struct gup_hold_file *file, u32 id)
{
	struct gup_hold *hold;

	lockdep_assert_held(&file->lock);
	list_for_each_entry(hold, &file->holds, list)
		if (hold->id == id)
			return hold;
	return NULL;
}

/* Do the pages @first to @first + @nr - 1 belong to the hold? */
static bool in_hold(struct gup_hold *hold, u64 first, u64 nr)
{
	return first <= hold->nr && nr <= hold->nr - first;
}

/*
 * Taking
 */

static long take_locked(u32 kind, unsigned long addr, unsigned long nr,
			unsigned int flags, struct page **pages)
{
	struct mm_struct *mm = current->mm;
	int locked = 1;
	long ret;

	if (mmap_read_lock_killable(mm))
		return -EINTR;

	switch (kind) {
	case GUP_HOLD_PIN_SLOW:
		ret = pin_user_pages(addr, nr, flags, pages, NULL);
		break;
	case GUP_HOLD_PIN_LOCKED:
		ret = pin_user_pages_locked(addr, nr, flags, pages, &locked);
		break;
	case GUP_HOLD_PIN_REMOTE:
		ret = pin_user_pages_remote(mm, addr, nr, flags, pages, NULL,
					    NULL);
		break;
	default:
		ret = get_user_pages(addr, nr, flags, pages, NULL);
	}

	if (locked)
		mmap_read_unlock(mm);
	return ret;
}

/* Write out the pages of the ranges; there may not be @nr of them. */
static bool ranges_to_pages(struct page_range *ranges, unsigned long nr_ranges,
			    struct page **pages, long nr)
{
	unsigned long i;

	for (; nr_ranges; nr_ranges--, ranges++) {
		if (!ranges->nr_pages || nr < (long)ranges->nr_pages)
			return false;
		for (i = 0; i < ranges->nr_pages; i++)
			*pages++ = nth_page(ranges->page, i);
		nr -= ranges->nr_pages;
	}
	return !nr;
}

/* @room says how many ranges there may be, and then how many there are. */
static long take_ranges(u32 kind, unsigned long addr, unsigned long nr,
			unsigned int flags, struct page **pages, u32 *room)
{
	struct mm_struct *mm = current->mm;
	unsigned long nr_ranges = *room;
	struct page_range *ranges;
	long ret;

	*room = 0;
	ranges = kvcalloc(nr_ranges, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;

	if (kind == GUP_HOLD_RANGES_FAST) {
		ret = pin_user_page_ranges_fast(addr, nr, flags, ranges,
						&nr_ranges);
	} else if (mmap_read_lock_killable(mm)) {
		ret = -EINTR;
	} else {
		if (kind == GUP_HOLD_RANGES_SLOW)
			ret = pin_user_page_ranges(addr, nr, flags, ranges,
						   &nr_ranges);
		else
			ret = pin_user_page_ranges_remote(mm, addr, nr, flags,
							  ranges, &nr_ranges,
							  NULL);
		mmap_read_unlock(mm);
	}
	if (ret > 0 && !ranges_to_pages(ranges, nr_ranges, pages, ret)) {
		unpin_user_page_ranges(ranges, nr_ranges);
		ret = -EIO;
	}
	if (ret > 0)
		*room = nr_ranges;
	kvfree(ranges);
	return ret;
}

static long take(u32 kind, unsigned long addr, unsigned long nr,
		 unsigned int flags, struct page **pages)
{
	if (holds_mmap_lock(kind))
		return take_locked(kind, addr, nr, flags, pages);

	switch (kind) {
	case GUP_HOLD_PIN_FAST:
		return pin_user_pages_fast(addr, nr, flags, pages);
	case GUP_HOLD_PIN_FAST_ONLY:
		return pin_user_pages_fast_only(addr, nr, flags, pages);
	case GUP_HOLD_PIN_UNLOCKED:
		return pin_user_pages_unlocked(addr, nr, pages, flags);
	default:
		return get_user_pages_fast(addr, nr, flags, pages);
	}
}

/*
 * Pages that follow one another in memory, as some drivers keep them. There are
 * calls for many ranges, and one for a single one.
 */
static void give_ranges(struct page **pages, unsigned long nr, bool dirty,
			bool single)
{
	struct page_range range;
	unsigned long i, n;

	for (i = 0; i < nr; i += n) {
		for (n = 1; i + n < nr; n++)
			if (page_to_pfn(pages[i + n]) !=
			    page_to_pfn(pages[i]) + n)
				break;
		range = (struct page_range){ .page = pages[i], .nr_pages = n };
		if (single)
			unpin_user_page_range_dirty_lock(pages[i], n, dirty);
		else if (dirty)
			unpin_user_page_ranges_dirty_lock(&range, 1, true);
		else
			unpin_user_page_ranges(&range, 1);
	}
}

static void give(u32 kind, struct page **pages, unsigned long nr, bool dirty)
{
	unsigned long i;

	if (is_ranges(kind)) {
		give_ranges(pages, nr, dirty, false);
		return;
	}
	if (!is_get(kind)) {
		if (dirty)
			unpin_user_pages_dirty_lock(pages, nr, true);
		else
			unpin_user_pages(pages, nr);
		return;
	}

	for (i = 0; i < nr; i++) {
		if (dirty)
			set_page_dirty_lock(pages[i]);
		put_page(pages[i]);
	}
}

/*
 * take(), and no entry below the count may be unset. @pages starts out as NULLs.
 * If one is, the others are given back, which is the best that can be done.
 */
static long take_checked(u32 kind, unsigned long addr, unsigned long nr,
			 unsigned int flags, struct page **pages, u32 *room)
{
	bool unset = false;
	long i, ret;

	if (is_ranges(kind))
		ret = take_ranges(kind, addr, nr, flags, pages, room);
	else
		ret = take(kind, addr, nr, flags, pages);
	for (i = 0; i < ret; i++)
		if (!pages[i])
			unset = true;
	if (!unset)
		return ret;

	for (i = 0; i < ret; i++)
		if (pages[i])
			give(kind, &pages[i], 1, false);
	return -EIO;
}

/* Who got @ret of @nr pages has no right to the entries behind them. */
static u32 count_stale(struct page **pages, unsigned long nr, long ret)
{
	unsigned long i;
	u32 stale = 0;

	for (i = max(ret, 0L); i < nr; i++)
		if (pages[i])
			stale++;
	return stale;
}

/* How many ranges there may be for @nr pages. */
static u32 ranges_room(unsigned long nr, u32 flags)
{
	return flags & GUP_HOLD_FEW_RANGES ? 2 : nr;
}

static unsigned int gup_flags(u32 flags)
{
	unsigned int gup = 0;

	if (flags & GUP_HOLD_WRITE)
		gup |= FOLL_WRITE;
	if (flags & GUP_HOLD_LONGTERM)
		gup |= FOLL_LONGTERM;
	if (flags & GUP_HOLD_FORCE)
		gup |= FOLL_FORCE;
	return gup;
}

/* Take the pages of a new hold over and over. Returns what ended it, or 0. */
static long take_again(struct gup_hold *hold, struct gup_hold_take *arg)
{
	size_t size = hold->nr * sizeof(struct page *);
	struct page **pages;
	long ret = 0;
	u32 room;

	if (hold->times == arg->times)
		return 0;
	pages = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	for (; hold->times < arg->times; hold->times++) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		memset(pages, 0, size);
		room = ranges_room(hold->nr, arg->flags);
		ret = take_checked(hold->kind, arg->addr, hold->nr,
				   gup_flags(arg->flags), pages, &room);
		if (ret == hold->nr && !memcmp(pages, hold->pages, size)) {
			ret = 0;
			cond_resched();
			continue;
		}
		if (ret > 0)
			give(hold->kind, pages, ret, false);
		if (ret == hold->nr)
			ret = -EAGAIN;
		break;
	}
	kvfree(pages);
	return ret;
}

static long gup_hold_take(struct gup_hold_file *file, struct gup_hold_take *arg)
{
	struct gup_hold *hold;
	long ret;
	u32 room;

	if (arg->kind >= GUP_HOLD_NR_KINDS || offset_in_page(arg->addr) ||
	    arg->addr > ULONG_MAX || arg->ranges || arg->stale ||
	    arg->reserved ||
	    !arg->nr_pages || arg->nr_pages > GUP_HOLD_MAX_PAGES ||
	    !arg->times || arg->times > GUP_HOLD_MAX_TIMES ||
	    arg->flags & ~(GUP_HOLD_WRITE | GUP_HOLD_LONGTERM | GUP_HOLD_FORCE |
			   GUP_HOLD_FEW_RANGES))
		return -EINVAL;
	/* These do not take pages for long, and warn whoever asks. */
	if (arg->flags & GUP_HOLD_LONGTERM &&
	    (is_get(arg->kind) || arg->kind == GUP_HOLD_PIN_LOCKED ||
	     arg->kind == GUP_HOLD_PIN_FAST_ONLY))
		return -EINVAL;
	if (file->nr >= GUP_HOLD_MAX_HOLDS)
		return -ENOMEM;

	hold = kvzalloc(struct_size(hold, pages, arg->nr_pages),
			GFP_KERNEL_ACCOUNT);
	if (!hold)
		return -ENOMEM;

	room = ranges_room(arg->nr_pages, arg->flags);
	ret = take_checked(arg->kind, arg->addr, arg->nr_pages,
			   gup_flags(arg->flags), hold->pages, &room);
	arg->ranges = is_ranges(arg->kind) ? room : 0;
	arg->stale = count_stale(hold->pages, arg->nr_pages, ret);
	arg->id = 0;
	arg->taken = 0;
	arg->last = 0;
	if (ret <= 0) {
		kvfree(hold);
		return ret;
	}

	hold->kind = arg->kind;
	hold->write = arg->flags & GUP_HOLD_WRITE;
	hold->nr = ret;
	hold->times = 1;
	if (!++file->last_id)
		file->last_id = 1;
	hold->id = file->last_id;
	file->nr++;
	list_add_tail(&hold->list, &file->holds);

	arg->last = take_again(hold, arg);
	arg->taken = hold->times;
	arg->id = hold->id;
	return ret;
}

/*
 * Giving back
 */

/* The page that stands for @page when it is given back. */
static struct page *stand_in(struct page *page, u32 flags)
{
	struct page *head = compound_head(page);

	if (flags & GUP_HOLD_BY_HEAD)
		return head;
	if (flags & GUP_HOLD_BY_TAIL)
		return head + compound_nr(head) - 1;
	return page;
}

/* Give a run of pages back as often as they were taken. */
static void give_run(struct gup_hold *hold, unsigned long first,
		     unsigned long nr, u32 flags)
{
	struct page **pages = hold->pages + first;
	unsigned long i;
	u32 times;

	if (flags & (GUP_HOLD_BY_HEAD | GUP_HOLD_BY_TAIL))
		for (i = 0; i < nr; i++)
			pages[i] = stand_in(pages[i], flags);

	for (times = hold->times; times; times--) {
		if (flags & GUP_HOLD_SINGLE)
			for (i = 0; i < nr; i++)
				unpin_user_page(pages[i]);
		else if (flags & GUP_HOLD_BY_RANGE)
			give_ranges(pages, nr, flags & GUP_HOLD_DIRTY, true);
		else
			give(hold->kind, pages, nr, flags & GUP_HOLD_DIRTY);
		cond_resched();
	}
	memset(pages, 0, nr * sizeof(struct page *));
}

static void give_pages(struct gup_hold *hold, unsigned long first,
		       unsigned long nr, u32 flags)
{
	unsigned long i = first, end = first + nr, start;

	while (i < end) {
		for (; i < end && !hold->pages[i]; i++)
			;
		for (start = i; i < end && hold->pages[i]; i++)
			;
		if (i > start)
			give_run(hold, start, i - start, flags);
	}
}

static void forget_if_empty(struct gup_hold_file *file, struct gup_hold *hold)
{
	unsigned long i;

	for (i = 0; i < hold->nr; i++)
		if (hold->pages[i])
			return;
	list_del(&hold->list);
	file->nr--;
	kvfree(hold);
}

static void give_all(struct gup_hold_file *file, u32 flags)
{
	struct gup_hold *hold, *next;

	list_for_each_entry_safe(hold, next, &file->holds, list) {
		give_pages(hold, 0, hold->nr, flags);
		forget_if_empty(file, hold);
	}
}

static long gup_hold_give(struct gup_hold_file *file, struct gup_hold_give *arg)
{
	struct gup_hold *hold;
	u32 nr = arg->nr_pages;

	if (arg->flags & ~(GUP_HOLD_DIRTY | GUP_HOLD_SINGLE | GUP_HOLD_BY_HEAD |
			   GUP_HOLD_BY_TAIL | GUP_HOLD_BY_RANGE) ||
	    (arg->flags & GUP_HOLD_SINGLE &&
	     arg->flags & (GUP_HOLD_DIRTY | GUP_HOLD_BY_RANGE)))
		return -EINVAL;

	if (!arg->id) {
		if (arg->first || nr || arg->flags & ~GUP_HOLD_DIRTY)
			return -EINVAL;
		give_all(file, arg->flags);
		return 0;
	}

	hold = find_hold(file, arg->id);
	if (!hold)
		return -ENOENT;
	if (!nr && arg->first < hold->nr)
		nr = hold->nr - arg->first;
	if (!nr || !in_hold(hold, arg->first, nr) ||
	    (hold->times > 1 && nr != hold->nr) ||
	    (is_get(hold->kind) && arg->flags & ~GUP_HOLD_DIRTY))
		return -EINVAL;

	give_pages(hold, arg->first, nr, arg->flags);
	forget_if_empty(file, hold);
	return 0;
}

/*
 * Asking
 */

static u32 page_is(struct page *page)
{
	struct page *head = compound_head(page);
	u32 is = 0;

	if (page_maybe_dma_pinned(page))
		is |= GUP_HOLD_IS_PINNED;
	if (PageDirty(head))
		is |= GUP_HOLD_IS_DIRTY;
	if (PageWriteback(head))
		is |= GUP_HOLD_IS_WRITEBACK;
	if (PageSwapCache(page))
		is |= GUP_HOLD_IS_SWAPCACHE;
	if (PageAnon(page))
		is |= GUP_HOLD_IS_ANON;
	if (PageKsm(page))
		is |= GUP_HOLD_IS_KSM;
	if (is_zero_pfn(page_to_pfn(page)))
		is |= GUP_HOLD_IS_ZERO;
	if (PageHuge(page))
		is |= GUP_HOLD_IS_HUGETLB;
	else if (PageTransCompound(page))
		is |= GUP_HOLD_IS_THP;
	if (page_zonenum(page) == ZONE_MOVABLE)
		is |= GUP_HOLD_IS_MOVABLE;
	if (page_has_private(head))
		is |= GUP_HOLD_HAS_PRIVATE;
	if (PageMlocked(page))
		is |= GUP_HOLD_IS_MLOCKED;
	if (PageLRU(head))
		is |= GUP_HOLD_IS_LRU;
	return is;
}

static void ask_page(struct page *page, struct gup_hold_page *out)
{
	struct page *head;

	memset(out, 0, sizeof(*out));
	if (!page) {
		out->flags = GUP_HOLD_IS_GIVEN;
		return;
	}

	head = compound_head(page);
	out->pfn = page_to_pfn(page);
	out->head_pfn = page_to_pfn(head);
	out->flags = page_is(page);
	out->order = compound_order(head);
	out->count = page_count(page);
	out->mapcount = page_mapcount(page);
	out->nid = page_to_nid(page);
	out->zone = page_zonenum(page);
}

static long gup_hold_ask(struct gup_hold_file *file, struct gup_hold_ask *arg)
{
	struct gup_hold_page __user *to = u64_to_user_ptr(arg->pages);
	struct gup_hold *hold = find_hold(file, arg->id);
	struct gup_hold_page out;
	u32 i;

	if (!hold)
		return -ENOENT;
	if (arg->reserved || !in_hold(hold, arg->first, arg->nr_pages))
		return -EINVAL;

	for (i = 0; i < arg->nr_pages; i++) {
		ask_page(hold->pages[arg->first + i], &out);
		if (copy_to_user(to + i, &out, sizeof(out)))
			return -EFAULT;
	}
	return 0;
}

static long gup_hold_dump(struct gup_hold_file *file, struct gup_hold_ask *arg)
{
	struct gup_hold *hold = find_hold(file, arg->id);

	if (!hold)
		return -ENOENT;
	if (!in_hold(hold, arg->first, 1) || !hold->pages[arg->first])
		return -EINVAL;
	dump_page(hold->pages[arg->first], "gup_hold");
	return 0;
}

/*
 * The device
 */

static long gup_hold_io(struct gup_hold_file *file, struct gup_hold_io *arg,
			bool write)
{
	char __user *buf = u64_to_user_ptr(arg->buf);
	struct gup_hold *hold = find_hold(file, arg->id);
	u64 pos = arg->offset, end = pos + arg->len;
	unsigned long left;

	if (!hold)
		return -ENOENT;
	if (end < pos || end > (u64)hold->nr << PAGE_SHIFT)
		return -EINVAL;
	if (write && !hold->write)
		return -EACCES;

	while (pos < end) {
		struct page *page = hold->pages[pos >> PAGE_SHIFT];
		unsigned int offset = offset_in_page(pos);
		unsigned int len = min_t(u64, end - pos, PAGE_SIZE - offset);
		char *data;

		if (!page)
			return -EINVAL;
		data = kmap(page);
		if (write)
			left = copy_from_user(data + offset, buf, len);
		else
			left = copy_to_user(buf, data + offset, len);
		kunmap(page);
		if (left)
			return -EFAULT;
		pos += len;
		buf += len;
		cond_resched();
	}
	return 0;
}

/*
 * Mistakes
 */

static long unpin_of_get(struct gup_hold_file *file, u32 id)
{
	struct gup_hold *hold = find_hold(file, id);

	if (!hold)
		return -ENOENT;
	if (!is_get(hold->kind) || !hold->pages[0])
		return -EINVAL;
	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		return -EOPNOTSUPP;
	unpin_user_page(hold->pages[0]);
	return 0;
}

/* A pin was taken of which nobody was told: find the page by its address. */
static void find_and_unpin(unsigned long addr)
{
	struct page *page;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return;
	if (page_maybe_dma_pinned(page))
		give(GUP_HOLD_PIN_SLOW, &page, 1, false);
	put_page(page);
}

/*
 * All of them have to refuse it and leave @nr alone. Returns what the first one
 * did that has not; what that has pinned is given back.
 */
static long misuse_ranges(unsigned long addr, struct page_range *ranges,
			  unsigned long room)
{
	struct mm_struct *mm = current->mm;
	unsigned long nr = room;
	long ret;

	ret = pin_user_page_ranges_fast(addr, 1, 0, ranges, &nr);
	if (ret == -EINVAL) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		ret = pin_user_page_ranges(addr, 1, 0, ranges, &nr);
		if (ret == -EINVAL)
			ret = pin_user_page_ranges_remote(mm, addr, 1, 0,
							  ranges, &nr, NULL);
		mmap_read_unlock(mm);
	}
	if (ret > 0 && ranges)
		unpin_user_page_ranges(ranges, 1);
	return nr == room ? ret : -EIO;
}

static long gup_hold_misuse(struct gup_hold_file *file,
			    struct gup_hold_misuse *arg)
{
	u32 kind = GUP_HOLD_PIN_SLOW;
	struct page_range range;
	struct page *page = NULL;
	unsigned int flags = 0;
	bool no_pages = false;
	long ret;

	switch (arg->what) {
	case GUP_HOLD_GET_FOLL_PIN:
		kind = GUP_HOLD_GET_SLOW;
		flags = FOLL_PIN;
		break;
	case GUP_HOLD_GET_FAST_FOLL_PIN:
		kind = GUP_HOLD_GET_FAST;
		flags = FOLL_PIN;
		break;
	case GUP_HOLD_GET_LONGTERM:
		kind = GUP_HOLD_GET_SLOW;
		flags = FOLL_LONGTERM;
		break;
	case GUP_HOLD_GET_FAST_LONGTERM:
		kind = GUP_HOLD_GET_FAST;
		flags = FOLL_LONGTERM;
		break;
	case GUP_HOLD_PIN_FOLL_PIN:
		flags = FOLL_PIN;
		break;
	case GUP_HOLD_PIN_FOLL_GET:
		flags = FOLL_GET;
		break;
	case GUP_HOLD_PIN_FAST_FOLL_GET:
		kind = GUP_HOLD_PIN_FAST;
		flags = FOLL_GET;
		break;
	case GUP_HOLD_PIN_NO_PAGES:
		no_pages = true;
		break;
	case GUP_HOLD_PIN_FAST_NO_PAGES:
		kind = GUP_HOLD_PIN_FAST;
		no_pages = true;
		break;
	case GUP_HOLD_RANGES_NO_ROOM:
		return misuse_ranges(arg->addr, &range, 0);
	case GUP_HOLD_RANGES_NULL:
		return misuse_ranges(arg->addr, NULL, 1);
	case GUP_HOLD_UNPIN_ERROR:
		unpin_user_pages(&page, (unsigned long)-ENOMEM);
		return 0;
	case GUP_HOLD_UNPIN_OF_GET:
		return unpin_of_get(file, arg->id);
	default:
		return -EINVAL;
	}

	ret = take(kind, arg->addr, 1, flags, no_pages ? NULL : &page);
	if (ret > 0 && page)
		give(kind, &page, 1, false);
	else if (ret > 0)
		find_and_unpin(arg->addr);
	return ret;
}

static long gup_hold_ioctl(struct file *filep, unsigned int cmd,
			   unsigned long user)
{
	struct gup_hold_file *file = filep->private_data;
	union {
		struct gup_hold_take take;
		struct gup_hold_ask ask;
		struct gup_hold_io io;
		struct gup_hold_give give;
		struct gup_hold_misuse misuse;
	} arg;
	long ret;

	switch (cmd) {
	case GUP_HOLD_TAKE:
	case GUP_HOLD_ASK:
	case GUP_HOLD_READ:
	case GUP_HOLD_WRITE_DATA:
	case GUP_HOLD_GIVE:
	case GUP_HOLD_MISUSE:
	case GUP_HOLD_DUMP:
		break;
	default:
		return -EINVAL;
	}
	if (copy_from_user(&arg, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (mutex_lock_killable(&file->lock))
		return -EINTR;

	switch (cmd) {
	case GUP_HOLD_TAKE:
		ret = gup_hold_take(file, &arg.take);
		if (!copy_to_user((void __user *)user, &arg, sizeof(arg.take)) ||
		    ret < 0)
			break;
		/* Nobody would know what it is called. */
		if (arg.take.id) {
			struct gup_hold_give all = { .id = arg.take.id };

			gup_hold_give(file, &all);
		}
		ret = -EFAULT;
		break;
	case GUP_HOLD_ASK:
		ret = gup_hold_ask(file, &arg.ask);
		break;
	case GUP_HOLD_DUMP:
		ret = gup_hold_dump(file, &arg.ask);
		break;
	case GUP_HOLD_GIVE:
		ret = gup_hold_give(file, &arg.give);
		break;
	case GUP_HOLD_MISUSE:
		ret = gup_hold_misuse(file, &arg.misuse);
		break;
	default:
		ret = gup_hold_io(file, &arg.io, cmd == GUP_HOLD_WRITE_DATA);
	}
	mutex_unlock(&file->lock);
	return ret;
}

/*
 * A mapping in which every second page has no struct page, as far as a walk of
 * the page tables can tell. Drivers make such mappings, gup has to stop there.
 */
static vm_fault_t gup_hold_fault(struct vm_fault *vmf)
{
	struct gup_hold_file *file = vmf->vma->vm_private_data;
	struct page *page = file->mapped;

	if (vmf->pgoff & 1)
		return vmf_insert_mixed(vmf->vma, vmf->address,
					pfn_to_pfn_t(page_to_pfn(page)));
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct gup_hold_vm_ops = {
	.fault = gup_hold_fault,
};

static int gup_hold_mmap(struct file *filep, struct vm_area_struct *vma)
{
	struct gup_hold_file *file = filep->private_data;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_flags |= VM_MIXEDMAP | VM_DONTEXPAND;
	vma->vm_private_data = file;
	vma->vm_ops = &gup_hold_vm_ops;
	return 0;
}

static int gup_hold_open(struct inode *inode, struct file *filep)
{
	struct gup_hold_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->mapped = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!file->mapped) {
		kfree(file);
		return -ENOMEM;
	}
	mutex_init(&file->lock);
	INIT_LIST_HEAD(&file->holds);
	filep->private_data = file;
	return nonseekable_open(inode, filep);
}

static int gup_hold_release(struct inode *inode, struct file *filep)
{
	struct gup_hold_file *file = filep->private_data;

	mutex_lock(&file->lock);
	give_all(file, 0);
	mutex_unlock(&file->lock);
	put_page(file->mapped);
	kfree(file);
	return 0;
}

static const struct file_operations gup_hold_fops = {
	.owner = THIS_MODULE,
	.open = gup_hold_open,
	.release = gup_hold_release,
	.unlocked_ioctl = gup_hold_ioctl,
	.mmap = gup_hold_mmap,
};

static struct dentry *gup_hold_dentry;

static int __init gup_hold_init(void)
{
	gup_hold_dentry = debugfs_create_file_unsafe("gup_hold", 0600, NULL,
						     NULL, &gup_hold_fops);
	return PTR_ERR_OR_ZERO(gup_hold_dentry);
}
module_init(gup_hold_init);

static void __exit gup_hold_exit(void)
{
	debugfs_remove(gup_hold_dentry);
}
module_exit(gup_hold_exit);

MODULE_DESCRIPTION("Hold pages of processes like a device, for tests");
MODULE_LICENSE("GPL");
