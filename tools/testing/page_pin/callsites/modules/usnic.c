// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/usnic without the adapter: the driver's memory regions, in a domain of the
 * guest's IOMMU to which no device is attached.
 */
/* CFLAGS: -I$(srctree)/drivers/infiniband/hw/usnic -Wno-unused-function */
#include "drivers/infiniband/hw/usnic/usnic_uiom.c"
#undef START
#undef LAST
#include "drivers/infiniband/hw/usnic/usnic_uiom_interval_tree.c"

#include "callsite_dev.h"

/* Errors that the client provokes are no news. */
unsigned int usnic_log_lvl = USNIC_LOG_LVL_NONE;

struct site {
	struct usnic_uiom_pd *pd;
	struct usnic_uiom_reg *reg;
};

static int usnic_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	int err;

	site->pd = usnic_uiom_alloc_pd();
	if (IS_ERR(site->pd))
		return PTR_ERR(site->pd);
	site->reg = usnic_uiom_reg_get(site->pd, cs->addr, cs->len, 1, 0);
	if (!IS_ERR(site->reg))
		return 0;
	err = PTR_ERR(site->reg);
	usnic_uiom_dealloc_pd(site->pd);
	return err;
}

static void usnic_release(struct callsite *cs)
{
	struct site *site = cs->priv;

	usnic_uiom_reg_release(site->reg);
	usnic_uiom_dealloc_pd(site->pd);
}

/* Where the IOMMU leads */
static struct page *usnic_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;
	phys_addr_t pa = iommu_iova_to_phys(site->pd->domain,
					    (cs->addr & PAGE_MASK) + off);

	return pa ? pfn_to_page(PHYS_PFN(pa)) : NULL;
}

static const struct callsite_ops callsite_ops = {
	.name = "usnic",
	.priv_size = sizeof(struct site),
	.hold = usnic_hold,
	.release = usnic_release,
	.page = usnic_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
