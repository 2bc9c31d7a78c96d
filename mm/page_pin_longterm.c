// SPDX-License-Identifier: GPL-2.0-only
/*
 * FOLL_LONGTERM: what gup has found is kept only if none of it lies in CMA or
 * ZONE_MOVABLE; what does is moved, and gup looks again.  What that means for
 * a caller stands in Documentation/core-api/pin_user_pages.rst.
 */
#include <linux/atomic.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/wait.h>

#include "internal.h"
#include "page_pin.h"
#include "page_pin_longterm.h"

/*
 * How often one call tries to move pages. Once is enough, unless
 *
 * - pages sit in the batches of other CPUs, which takes a drain;
 * - others are at work on them: reclaim, compaction, a short pin. That takes
 *   milliseconds, so the wait after the second try is 2 ms and doubles from
 *   then on;
 * - another long-term pin of the same memory is moving it, see below;
 * - other threads have faulted in new pages behind our back.
 *
 * What has not moved after six tries, of ten passes each in migrate_pages(), and
 * 30 ms of waiting is held by somebody who does not let go.
 */
#define PAGE_PIN_LONGTERM_TRIES		6

/*
 * Two that pin the same memory for long would keep each other from moving it:
 * what the one has isolated the other pins while it looks. So whoever has met
 * pages that are isolated gives back all that it holds, and waits until nobody
 * moves pages here. It does not wait for ever, as that may be somebody else,
 * who is stuck in a filesystem. A second is enough to move a gigabyte or more.
 */
#define PAGE_PIN_MOVERS_TIMEOUT		HZ

static atomic_t page_pin_movers;
static DECLARE_WAIT_QUEUE_HEAD(page_pin_movers_idle);

/*
 * See page_pin_longterm_allowed(). A page of more than one block comes from the
 * buddy allocator, which keeps CMA areas apart up to its largest order, or, if
 * hugetlb wants a gigabyte, all of it from one area (hugetlb_cma=), from memblock
 * at boot, which has given away no area, or from alloc_contig_pages(), which does
 * not go into one. So if it is in CMA its first block is. Only isolation can begin
 * anywhere, and where nothing in the zone is isolated there is no need to look.
 */
bool __page_pin_longterm_allowed(struct page *head)
{
	unsigned long i;

	/* It never moves and is never pinned, so it is in nobody's way. */
	if (page_pin_exempt(head))
		return true;

	if (!page_pin_block_allowed(head))
		return false;

	if (likely(!has_isolate_pageblock(page_zone(head))))
		return true;

	for (i = pageblock_nr_pages; i < compound_nr(head);
	     i += pageblock_nr_pages)
		if (!page_pin_block_allowed(nth_page(head, i)))
			return false;
	return true;
}

/* Drop from @set what comes before the first page that may not be kept. */
static void page_pin_longterm_skip(struct page_pin_set *set)
{
	struct page_pin_set next = *set;
	struct page *head, *prev = NULL;
	unsigned long run;

	for (; set->nr; *set = next, prev = head) {
		head = page_pin_next(&next, &run);
		if (head != prev && !page_pin_longterm_allowed(head))
			break;
	}
}

/*
 * The caller has a reference to @head. A page of a driver is neither hugetlb nor
 * on an LRU list: it stays where it is.
 */
static bool page_pin_isolate(struct page *head, struct list_head *list)
{
	if (PageHuge(head))
		return !isolate_hugetlb(head, list);

	if (isolate_lru_page(head))
		return false;

	list_add_tail(&head->lru, list);
	mod_node_page_state(page_pgdat(head),
			    NR_ISOLATED_ANON + page_is_file_lru(head),
			    thp_nr_pages(head));
	return true;
}

/*
 * Put on @list what is not to stay. False if something was left behind: others
 * have it, or it is on the list already and was met again.
 */
static bool page_pin_isolate_all(struct page_pin_set set,
				 struct list_head *list)
{
	struct page *head, *prev = NULL;
	unsigned long run;
	bool all = true;

	for (; set.nr; prev = head) {
		head = page_pin_next(&set, &run);
		if (head == prev || page_pin_longterm_allowed(head))
			continue;
		if (!page_pin_isolate(head, list))
			all = false;
		cond_resched();
	}
	return all;
}

/**
 * page_pin_longterm_abandon() - give back what a gup call has taken
 * @set: the pages
 * @gup_flags: what was taken: pins with FOLL_PIN, references without
 *
 * gup has counted the pins as acquired by now, so they count as released too.
 *
 * Context: Process context.
 */
void page_pin_longterm_abandon(struct page_pin_set set, unsigned int gup_flags)
{
	unsigned long run;
	struct page *head;

	if (gup_flags & FOLL_PIN) {
		page_pin_release(set);
		return;
	}

	while (set.nr)
		for (head = page_pin_next(&set, &run); run; run--)
			put_page(head);
}

/* Between two tries. A pagevec holds a reference on each of its pages. */
static void page_pin_longterm_wait(unsigned int tries)
{
	lru_add_drain_all();
	if (tries > 1)
		schedule_timeout_killable(msecs_to_jiffies(1U << (tries - 1)));
}

/*
 * Move what is on @list to the node that it is on, or else to another one. What
 * cannot be moved is put back, nothing stays isolated.
 *
 * The allocation must fail rather than have somebody killed: the page has a
 * home, it is only to get a better one. Some kinds of pages have a gfp mask of
 * their own, which is movable; memalloc_pin_save() has the last word on that.
 */
static int page_pin_migrate(struct list_head *list, unsigned int *tries)
{
	struct migration_target_control mtc = {
		.nid = NUMA_NO_NODE,
		.gfp_mask = GFP_USER | __GFP_NOWARN | __GFP_RETRY_MAYFAIL,
	};
	unsigned int flags = memalloc_pin_save();
	int ret;

	for (;;) {
		ret = migrate_pages(list, alloc_migration_target, NULL,
				    (unsigned long)&mtc, MIGRATE_SYNC,
				    MR_CONTIG_RANGE);
		++*tries;
		/* What is left on the list has references that may go. */
		if (list_empty(list) || ret == -ENOMEM ||
		    *tries >= PAGE_PIN_LONGTERM_TRIES ||
		    fatal_signal_pending(current))
			break;
		page_pin_longterm_wait(*tries);
	}
	putback_movable_pages(list);
	memalloc_pin_restore(flags);
	return ret;
}

/*
 * Have all of @set moved that is not to stay, and hold none of it any more. The
 * first page that has to be moved is the first one of @rest. An error is final.
 */
static int page_pin_longterm_move(struct page_pin_set set,
				  struct page_pin_set rest,
				  unsigned int gup_flags, unsigned int *tries)
{
	LIST_HEAD(list);
	int ret = 0;
	bool all;

	atomic_inc(&page_pin_movers);
	/* What gup has marked as accessed may be in a pagevec of this CPU. */
	lru_add_drain();
	all = page_pin_isolate_all(rest, &list);
	page_pin_longterm_abandon(set, gup_flags);
	if (!list_empty(&list))
		ret = page_pin_migrate(&list, tries);
	else
		++*tries;
	if (atomic_dec_and_test(&page_pin_movers))
		wake_up_all(&page_pin_movers_idle);

	if (ret == -ENOMEM)
		return ret;

	if (!all)
		wait_event_killable_timeout(page_pin_movers_idle,
					    !atomic_read(&page_pin_movers),
					    PAGE_PIN_MOVERS_TIMEOUT);
	if (!all || ret)
		page_pin_longterm_wait(*tries);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * page_pin_longterm_check() - keep pages for long, or have them moved
 * @set: pages that gup has just taken
 * @gup_flags: see page_pin_longterm_abandon()
 * @tries: points to 0 at the first call, and is left alone between calls
 *
 * Whenever the result is not 0 nothing is held any more: a page with a pin, be
 * it ours, does not move.
 *
 * Context: Process context, may sleep; mmap_lock is held.
 * Return: 0 if all of @set may be kept. -EAGAIN if gup has to look again.
 * -ENOMEM if there is no memory to move a page to, -EBUSY if one does not move
 * or the kernel cannot move pages, -EINTR for a fatal signal.
 */
int page_pin_longterm_check(struct page_pin_set set, unsigned int gup_flags,
			    unsigned int *tries)
{
	struct page_pin_set rest = set;

	page_pin_longterm_skip(&rest);
	if (likely(!rest.nr))
		return 0;

	if (!IS_ENABLED(CONFIG_MIGRATION) ||
	    *tries >= PAGE_PIN_LONGTERM_TRIES) {
		page_pin_longterm_abandon(set, gup_flags);
		return -EBUSY;
	}

	return page_pin_longterm_move(set, rest, gup_flags, tries) ? : -EAGAIN;
}
