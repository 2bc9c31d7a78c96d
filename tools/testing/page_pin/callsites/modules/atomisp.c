// SPDX-License-Identifier: GPL-2.0-only
/*
 * atomisp without the ISP: the driver's own functions take the pages of a buffer
 * object in user memory, and free them.
 */
/* CFLAGS: -I$(srctree)/drivers/staging/media/atomisp/include */
/* CFLAGS: -I$(srctree)/drivers/staging/media/atomisp/pci */
/* CFLAGS: -Wno-unused-function */
#include <linux/device.h>

/* The headers of the ISP, of which this part of the driver needs no more than */
#define __ATOMISP_INTERNAL_H__
#define _IA_CSS_TYPES_H
typedef u32 ia_css_ptr;
struct device *atomisp_dev;

#include "drivers/staging/media/atomisp/pci/hmm/hmm_bo.c"

#include "callsite_dev.h"

struct _hmm_mem_stat hmm_mem_stat;
struct hmm_pool dynamic_pool;
struct hmm_pool reserved_pool;

/* The ISP's page table, which nobody asks to map anything. */
int isp_mmu_init(struct isp_mmu *mmu, struct isp_mmu_client *driver)
{
	return -ENODEV;
}

void isp_mmu_exit(struct isp_mmu *mmu)
{
}

int isp_mmu_map(struct isp_mmu *mmu, unsigned int isp_virt, phys_addr_t phys,
		unsigned int pgnr)
{
	return -ENODEV;
}

void isp_mmu_unmap(struct isp_mmu *mmu, unsigned int isp_virt,
		   unsigned int pgnr)
{
}

static int atomisp_hold(struct callsite *cs)
{
	struct hmm_buffer_object *bo = cs->priv;

	memset(bo, 0, sizeof(*bo));
	mutex_init(&bo->mutex);
	bo->status = HMM_BO_ALLOCED;
	bo->pgnr = callsite_pages(cs);
	return hmm_bo_alloc_pages(bo, HMM_BO_USER, 0,
				  (void __user *)(cs->addr & PAGE_MASK), false);
}

static void atomisp_release(struct callsite *cs)
{
	hmm_bo_free_pages(cs->priv);
}

static struct page *atomisp_page(struct callsite *cs, unsigned long off)
{
	struct hmm_buffer_object *bo = cs->priv;
	unsigned long i = off >> PAGE_SHIFT;

	return i < bo->pgnr ? bo->page_obj[i].page : NULL;
}

static const struct callsite_ops callsite_ops = {
	.name = "atomisp",
	.priv_size = sizeof(struct hmm_buffer_object),
	.hold = atomisp_hold,
	.release = atomisp_release,
	.page = atomisp_page,
};

static int __init atomisp_init(void)
{
	struct pci_dev *isp = callsite_pci_dev(DMA_BIT_MASK(64));
	int err;

	if (!isp)
		return -ENOMEM;
	atomisp_dev = &isp->dev;
	err = callsite_register();
	if (err)
		callsite_pci_put(isp);
	return err;
}

static void __exit atomisp_exit(void)
{
	callsite_unregister();
	callsite_pci_put(to_pci_dev(atomisp_dev));
}

module_init(atomisp_init);
module_exit(atomisp_exit);
MODULE_LICENSE("GPL");
