// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/qib without the chip: the functions that take the buffers for its TIDs and
 * give them back, as qib_tid_update() and qib_tid_free() call them.
 */
/* CFLAGS: -I$(srctree)/drivers/infiniband/hw/qib -Wno-unused-function */
#include "drivers/infiniband/hw/qib/qib_user_pages.c"

#include "callsite_dev.h"

static int qib_hold(struct callsite *cs)
{
	struct page ***p = cs->priv;
	unsigned long n = callsite_pages(cs);
	int err;

	*p = kvcalloc(n, sizeof(**p), GFP_KERNEL);
	if (!*p)
		return -ENOMEM;
	err = qib_get_user_pages(cs->addr & PAGE_MASK, n, *p);
	if (err)
		kvfree(*p);
	return err;
}

static void qib_release(struct callsite *cs)
{
	struct page ***p = cs->priv;

	qib_release_user_pages(*p, callsite_pages(cs));
	kvfree(*p);
}

static struct page *qib_page(struct callsite *cs, unsigned long off)
{
	struct page ***p = cs->priv;

	return (*p)[off >> PAGE_SHIFT];
}

static const struct callsite_ops callsite_ops = {
	.name = "qib",
	.priv_size = sizeof(struct page **),
	.hold = qib_hold,
	.release = qib_release,
	.page = qib_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
