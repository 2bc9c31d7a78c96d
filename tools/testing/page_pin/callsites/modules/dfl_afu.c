// SPDX-License-Identifier: GPL-2.0-only
/*
 * An FPGA's accelerator without the FPGA: the driver's own functions that map
 * memory for it (DFL_FPGA_PORT_DMA_MAP) and unmap it.
 */
/* CFLAGS: -I$(srctree)/drivers/fpga -Wno-unused-function */
#include "drivers/fpga/dfl-afu-dma-region.c"

#include "callsite_dev.h"

/* A region has to be contiguous in memory, and small pages are not. */
#define HOW_BY_PAGE	0	/* each page is a region, unmapped by itself */
#define HOW_WHOLE	1	/* one region, which goes when the port is closed */
#define HOW_TOO_LONG	2	/* that, and 2^32 pages more */

struct site {
	struct dfl_feature_platform_data pdata;
	struct dfl_afu afu;
	struct platform_device port;
	struct device between;		/* the port's parent */
	struct pci_dev *card;		/* and its parent */
	u64 *iova;			/* of each page */
	unsigned long mapped;		/* regions */
};

static int dfl_afu_init_site(struct site *site)
{
	site->card = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!site->card)
		return -ENOMEM;
	site->between.parent = &site->card->dev;
	site->port.dev.parent = &site->between;
	site->port.dev.init_name = "port";
	site->pdata.dev = &site->port;
	site->pdata.private = &site->afu;
	mutex_init(&site->pdata.lock);
	afu_dma_region_init(&site->pdata);
	return 0;
}

static void dfl_afu_release(struct callsite *cs)
{
	struct site *site = cs->priv;

	if (cs->how == HOW_BY_PAGE) {
		while (site->mapped)
			WARN_ON(afu_dma_unmap_region(&site->pdata,
						     site->iova[--site->mapped]));
	} else {
		mutex_lock(&site->pdata.lock);
		afu_dma_region_destroy(&site->pdata);
		mutex_unlock(&site->pdata.lock);
	}
	kvfree(site->iova);
	site->iova = NULL;
}

static int dfl_afu_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	unsigned long i, nr = callsite_pages(cs);
	u64 len = cs->len;
	int err = 0;

	if (!site->card)
		err = dfl_afu_init_site(site);
	if (err)
		return err;
	site->iova = kvcalloc(nr, sizeof(*site->iova), GFP_KERNEL);
	if (!site->iova)
		return -ENOMEM;

	if (cs->how == HOW_BY_PAGE) {
		for (i = 0; i < nr && !err; i++) {
			err = afu_dma_map_region(&site->pdata,
						 cs->addr + i * PAGE_SIZE,
						 PAGE_SIZE, &site->iova[i]);
			site->mapped += !err;
		}
	} else {
		if (cs->how == HOW_TOO_LONG)
			len += 1ULL << (32 + PAGE_SHIFT);
		err = afu_dma_map_region(&site->pdata, cs->addr, len,
					 &site->iova[0]);
		for (i = 1; i < nr; i++)
			site->iova[i] = site->iova[0] + i * PAGE_SIZE;
	}
	if (err)
		dfl_afu_release(cs);
	return err;
}

/* By the address that the accelerator would be told. */
static struct page *dfl_afu_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;

	return callsite_dma_page(site->iova[off >> PAGE_SHIFT]);
}

static void dfl_afu_close(struct callsite *cs)
{
	struct site *site = cs->priv;

	if (site->card)
		callsite_pci_put(site->card);
}

static const struct callsite_ops callsite_ops = {
	.name = "dfl_afu",
	.priv_size = sizeof(struct site),
	.hold = dfl_afu_hold,
	.release = dfl_afu_release,
	.page = dfl_afu_page,
	.close = dfl_afu_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL v2");
