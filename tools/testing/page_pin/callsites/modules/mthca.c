// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/mthca without the HCA: the doorbell pages of user space, with a firmware
 * that says yes to everything.
 */
/* CFLAGS: -I$(srctree)/drivers/infiniband/hw/mthca -Wno-unused-function */
#include "drivers/infiniband/hw/mthca/mthca_memfree.c"

#include "callsite_dev.h"

/* What the module does, beyond one doorbell. */
#define HOW_AGAIN	1	/* the last doorbell goes, and a new one comes */

int mthca_MAP_ICM(struct mthca_dev *dev, struct mthca_icm *icm, u64 virt)
{
	return 0;
}

int mthca_MAP_ICM_page(struct mthca_dev *dev, u64 dma_addr, u64 virt)
{
	return 0;
}

int mthca_UNMAP_ICM(struct mthca_dev *dev, u64 virt, u32 page_count)
{
	return 0;
}

struct site {
	struct mthca_dev *dev;
	struct mthca_uar uar;
	struct mthca_user_db_table *table;
};

static int mthca_device(struct site *site)
{
	site->dev = kvzalloc(sizeof(*site->dev), GFP_KERNEL);
	if (!site->dev)
		return -ENOMEM;
	site->dev->pdev = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!site->dev->pdev) {
		kvfree(site->dev);
		return -ENOMEM;
	}
	site->dev->mthca_flags = MTHCA_FLAG_MEMFREE;
	site->dev->uar_table.uarc_size = 2 * MTHCA_ICM_PAGE_SIZE;
	return 0;
}

static void mthca_no_device(struct site *site)
{
	callsite_pci_put(site->dev->pdev);
	kvfree(site->dev);
}

static int mthca_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	int err = mthca_device(site);

	if (err)
		return err;
	site->table = mthca_init_user_db_tab(site->dev);
	if (IS_ERR(site->table)) {
		err = PTR_ERR(site->table);
		mthca_no_device(site);
		return err;
	}
	err = mthca_map_user_db(site->dev, &site->uar, site->table, 0,
				cs->addr);
	if (!err && cs->how == HOW_AGAIN) {
		mthca_unmap_user_db(site->dev, &site->uar, site->table, 0);
		err = mthca_map_user_db(site->dev, &site->uar, site->table, 0,
					cs->addr);
	}
	if (err) {
		mthca_cleanup_user_db_tab(site->dev, &site->uar, site->table);
		mthca_no_device(site);
	}
	return err;
}

static void mthca_release(struct callsite *cs)
{
	struct site *site = cs->priv;

	mthca_unmap_user_db(site->dev, &site->uar, site->table, 0);
	mthca_cleanup_user_db_tab(site->dev, &site->uar, site->table);
	mthca_no_device(site);
}

static struct page *mthca_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;

	return callsite_dma_page(sg_dma_address(&site->table->page[0].mem));
}

static const struct callsite_ops callsite_ops = {
	.name = "mthca",
	.priv_size = sizeof(struct site),
	.hold = mthca_hold,
	.release = mthca_release,
	.page = mthca_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
