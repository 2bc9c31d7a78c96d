// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/hfi1 without the chip: the functions that take user pages and give them
 * back, for receiving into them or for sending from them, and as pin_rcv_pages()
 * and pin_system_pages() call them.
 */
/* CFLAGS: -I$(srctree)/drivers/infiniband/hw/hfi1 -Wno-unused-function */
#include "drivers/infiniband/hw/hfi1/user_pages.c"

#include <linux/sched/mm.h>

#include "callsite_dev.h"

struct site {
	struct mm_struct *mm;
	struct page **pages;
};

static int hfi1_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	int pinned, n = callsite_pages(cs);

	site->pages = kvcalloc(n, sizeof(*site->pages), GFP_KERNEL);
	if (!site->pages)
		return -ENOMEM;
	pinned = hfi1_acquire_user_pages(current->mm, cs->addr & PAGE_MASK, n,
					 callsite_to_memory(cs), site->pages);
	if (pinned == n) {
		site->mm = current->mm;
		mmgrab(site->mm);
		return 0;
	}
	if (pinned > 0)
		hfi1_release_user_pages(current->mm, site->pages, pinned,
					false);
	kvfree(site->pages);
	return pinned < 0 ? pinned : -EFAULT;
}

static void hfi1_release(struct callsite *cs)
{
	struct site *site = cs->priv;

	hfi1_release_user_pages(site->mm, site->pages, callsite_pages(cs),
				callsite_to_memory(cs));
	mmdrop(site->mm);
	kvfree(site->pages);
}

static struct page *hfi1_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;

	return site->pages[off >> PAGE_SHIFT];
}

static const struct callsite_ops callsite_ops = {
	.name = "hfi1",
	.priv_size = sizeof(struct site),
	.hold = hfi1_hold,
	.release = hfi1_release,
	.page = hfi1_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
