// SPDX-License-Identifier: GPL-2.0-only
/*
 * kpc2000's DMA engine without the card: the driver's own read() and write(),
 * whose registers lead here.  When it starts the engine, the client has the
 * pages; then all descriptors are complete, and the driver's interrupt worker
 * gives the pages back.
 */
/* CFLAGS: -I$(srctree)/drivers/staging/kpc2000/kpc_dma */
/* CFLAGS: -Wno-unused-function -Wno-address-of-packed-member */
#include <linux/io.h>

#undef writel
#define writel(value, addr) card_write(value, addr)
#undef readl
#define readl(addr) card_read(addr)

static void card_write(u32 value, void __iomem *addr);
static u32 card_read(void __iomem *addr);

#include "drivers/staging/kpc2000/kpc_dma/dma.c"
#include "drivers/staging/kpc2000/kpc_dma/fileops.c"

#include "callsite_dev.h"

#define DESCRIPTORS		600
#define REG_SOFTWARE		3	/* where the driver stopped to fill in */
#define REG_COMPLETE		4	/* the last one that is complete */

struct site {
	u32 regs[8];
	struct callsite *cs;
	struct platform_device pldev;
	struct kpc_dma_device dev;
	struct dev_private_data priv;
	struct file file;
	struct kpc_dma_descriptor ring[DESCRIPTORS];
};

/* It is not registered anywhere. */
struct kpc_dma_device *kpc_dma_lookup_device(int minor)
{
	return NULL;
}

/* The registers are at the start of a page, and so is their site. */
static void card_write(u32 value, void __iomem *addr)
{
	struct site *site = (void *)((unsigned long)addr & PAGE_MASK);
	int i = (u32 __iomem *)addr - (__force u32 __iomem *)site->regs;

	BUILD_BUG_ON(offsetof(struct site, regs));
	site->regs[i] = value;
	if (i != REG_SOFTWARE || !site->cs)
		return;
	callsite_wait(site->cs);
	/* All that was filled in is complete: the one before desc_next. */
	for (i = 0; i < DESCRIPTORS; i++)
		if (site->ring[i].Next->MyDMAAddr == value)
			site->regs[REG_COMPLETE] = site->ring[i].MyDMAAddr;
	schedule_work(&site->dev.irq_work);
}

static u32 card_read(void __iomem *addr)
{
	return *(__force u32 *)addr;
}

static struct site *kpc2000_site(void)
{
	struct site *site = alloc_pages_exact(sizeof(*site),
					      GFP_KERNEL | __GFP_ZERO);
	struct kpc_dma_device *dev;
	u64 *mask;
	int i;

	if (!site)
		return NULL;
	dev = &site->dev;
	mask = &site->pldev.platform_dma_mask;
	*mask = DMA_BIT_MASK(64);
	site->pldev.dev.dma_mask = mask;
	site->pldev.dev.coherent_dma_mask = *mask;
	dev->pldev = &site->pldev;
	dev->eng_regs = (__force u32 __iomem *)site->regs;
	mutex_init(&dev->sem);
	INIT_WORK(&dev->irq_work, ndd_irq_worker);
	/* A ring, and addresses by which the card knows its entries. */
	for (i = 0; i < DESCRIPTORS; i++) {
		site->ring[i].MyDMAAddr = 0x1000 + i * DMA_DESC_ALIGNMENT;
		site->ring[i].Next = &site->ring[(i + 1) % DESCRIPTORS];
	}
	dev->desc_pool_cnt = DESCRIPTORS;
	dev->desc_pool_first = site->ring;
	dev->desc_pool_last = site->ring + DESCRIPTORS - 1;
	start_dma_engine(dev);
	site->priv.ldev = dev;
	site->file.private_data = &site->priv;
	return site;
}

static int kpc2000_hold(struct callsite *cs)
{
	struct site **p = cs->priv;
	struct site *site = *p;
	ssize_t ret;

	if (!site) {
		site = kpc2000_site();
		if (!site)
			return -ENOMEM;
		*p = site;
	}
	site->cs = cs;
	if (callsite_to_memory(cs)) {
		site->dev.dir = DMA_FROM_DEVICE;
		ret = kpc_dma_read(&site->file, (void __user *)cs->addr,
				   cs->len, NULL);
	} else {
		site->dev.dir = DMA_TO_DEVICE;
		ret = kpc_dma_write(&site->file, (void __user *)cs->addr,
				    cs->len, NULL);
	}
	return ret < 0 ? ret : 0;
}

/* Where the descriptors tell the card to look. */
static struct page *kpc2000_page(struct callsite *cs, unsigned long off)
{
	struct site *site = *(struct site **)cs->priv;
	struct kpc_dma_descriptor *desc = site->dev.desc_completed->Next;
	u64 addr;

	off -= offset_in_page(cs->addr);
	for (; desc != site->dev.desc_next; desc = desc->Next) {
		if (off < desc->DescByteCount) {
			addr = (u64)desc->DescSystemAddrMS << 32;
			addr |= desc->DescSystemAddrLS;
			return callsite_dma_page(addr + off);
		}
		off -= desc->DescByteCount;
	}
	return NULL;
}

static void kpc2000_close(struct callsite *cs)
{
	struct site *site = *(struct site **)cs->priv;

	if (!site)
		return;
	flush_work(&site->dev.irq_work);
	free_pages_exact(site, sizeof(*site));
}

static const struct callsite_ops callsite_ops = {
	.name = "kpc2000",
	.priv_size = sizeof(struct site *),
	.hold = kpc2000_hold,
	.page = kpc2000_page,
	.close = kpc2000_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
