// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenWQE without the card: the driver's own genwqe_user_vmap(), as it is called
 * by GENWQE_PIN_MEM and for a single request, and genwqe_user_vunmap().
 */
/* CFLAGS: -I$(srctree)/drivers/misc/genwqe -Wno-unused-function */
#include "drivers/misc/genwqe/card_utils.c"

#include "callsite_dev.h"

/* What the memory is for. */
#define HOW_PINNED	0
#define HOW_REQUEST	1

struct site {
	struct genwqe_dev cd;
	struct dma_mapping mapping;
};

/* card_base.c has it, for a card that is reset. */
bool genwqe_need_err_masking(struct genwqe_dev *cd)
{
	return false;
}

static int genwqe_hold(struct callsite *cs)
{
	struct site *site = cs->priv;

	if (!site->cd.pci_dev)
		site->cd.pci_dev = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!site->cd.pci_dev)
		return -ENOMEM;

	genwqe_mapping_init(&site->mapping, cs->how == HOW_REQUEST ?
			    GENWQE_MAPPING_SGL_TEMP :
			    GENWQE_MAPPING_SGL_PINNED);
	if (!callsite_to_memory(cs))
		site->mapping.write = 0;
	return genwqe_user_vmap(&site->cd, &site->mapping, (void *)cs->addr,
				cs->len);
}

static void genwqe_release(struct callsite *cs)
{
	struct site *site = cs->priv;

	genwqe_user_vunmap(&site->cd, &site->mapping);
}

/* By the address that the card would be told. */
static struct page *genwqe_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;

	return callsite_dma_page(site->mapping.dma_list[off >> PAGE_SHIFT]);
}

static void genwqe_close(struct callsite *cs)
{
	struct site *site = cs->priv;

	if (site->cd.pci_dev)
		callsite_pci_put(site->cd.pci_dev);
}

static const struct callsite_ops callsite_ops = {
	.name = "genwqe",
	.priv_size = sizeof(struct site),
	.hold = genwqe_hold,
	.release = genwqe_release,
	.page = genwqe_page,
	.close = genwqe_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL v2");
