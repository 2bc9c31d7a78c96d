// SPDX-License-Identifier: GPL-2.0-only
/*
 * drm/via without the chip: the driver's own blits, whose registers lead here.
 * A blit is done when the client gives its pages back; the engine does not let
 * itself be stopped, as the driver would have it after a second.
 */
/* CFLAGS: -I$(srctree)/drivers/gpu/drm/via -Wno-unused-function */
#include <linux/io.h>
#include <linux/pci.h>

#undef writel
#define writel(value, addr) engine_write(value, addr)
#undef readl
#define readl(addr) engine_read(addr)
/* It is on no bus. */
#define pci_set_master(pdev) ((void)(pdev))

static void engine_write(u32 value, void __iomem *addr);
static u32 engine_read(void __iomem *addr);

#include "drivers/gpu/drm/via/via_dmablit.c"

#include "callsite_dev.h"

/* What the module does, beyond a blit of one line. */
#define HOW_TWO_LINES		1	/* callsite.len bytes apart */

#define REGISTERS		0x1000

struct site {
	u8 regs[REGISTERS];
	drm_via_private_t priv;
	struct drm_local_map mmio;
	struct drm_device dev;
	int engine;
};

/* Only the control and status registers do anything. */
static void engine_write(u32 value, void __iomem *addr)
{
	u32 reg = (unsigned long)addr & (REGISTERS - 1);
	u32 *status = (__force u32 *)addr;

	if (reg != VIA_PCI_DMA_CSR0 && reg != VIA_PCI_DMA_CSR1) {
		*status = value;
		return;
	}
	if (value & VIA_DMA_CSR_TA)
		return;
	if (value & VIA_DMA_CSR_TD)
		*status &= ~VIA_DMA_CSR_TD;
	if (value & VIA_DMA_CSR_TS)
		*status |= VIA_DMA_CSR_DE;
}

static u32 engine_read(void __iomem *addr)
{
	return *(__force u32 *)addr;
}

static int via_site_init(struct site *site)
{
	site->dev.pdev = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!site->dev.pdev)
		return -ENOMEM;
	site->mmio.handle = (__force void __iomem *)site->regs;
	site->priv.mmio = &site->mmio;
	site->dev.dev_private = &site->priv;
	via_init_dmablit(&site->dev);
	return 0;
}

static int via_hold(struct callsite *cs)
{
	struct site **p = cs->priv;
	struct site *site = *p;
	drm_via_dmablit_t blit = {
		.num_lines = 1,
		.line_length = cs->len,
		.fb_stride = cs->len,
		.mem_addr = (void *)cs->addr,
		.mem_stride = cs->len,
		.to_fb = !callsite_to_memory(cs),
	};
	int err;

	/* The registers are told from each other by their place in a page. */
	BUILD_BUG_ON(offsetof(struct site, regs));
	if (!site) {
		site = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
						get_order(sizeof(*site)));
		if (!site)
			return -ENOMEM;
		err = via_site_init(site);
		if (err) {
			free_pages((unsigned long)site,
				   get_order(sizeof(*site)));
			return err;
		}
		*p = site;
	}
	if (cs->how == HOW_TWO_LINES) {
		/* Their product is 4096, in 32 bits. */
		blit.num_lines = 2;
		blit.line_length = 0x80000000U;
		blit.mem_stride = 0x80000800U;
		blit.fb_stride = 0x80000800U;
	}
	site->engine = blit.to_fb ? 0 : 1;
	return via_dma_blit(&site->dev, &blit, NULL);
}

/* The engine is done, and says so by an interrupt; a work queue cleans up. */
static void via_release(struct callsite *cs)
{
	struct site *site = *(struct site **)cs->priv;
	u32 *status = (u32 *)(site->regs + VIA_PCI_DMA_CSR0 +
			      4 * site->engine);
	drm_via_blitq_t *queue = site->priv.blit_queues + site->engine;

	spin_lock_irq(&queue->blit_lock);
	*status &= ~VIA_DMA_CSR_DE;
	*status |= VIA_DMA_CSR_TD;
	spin_unlock_irq(&queue->blit_lock);
	via_dmablit_handler(&site->dev, site->engine, 0);
	flush_work(&queue->wq);
}

static struct page *via_page(struct callsite *cs, unsigned long off)
{
	struct site *site = *(struct site **)cs->priv;
	drm_via_blitq_t *queue = site->priv.blit_queues + site->engine;

	return queue->blits[queue->cur]->pages[off >> PAGE_SHIFT];
}

static void via_close(struct callsite *cs)
{
	struct site *site = *(struct site **)cs->priv;
	int i;

	if (!site)
		return;
	for (i = 0; i < VIA_NUM_BLIT_ENGINES; i++) {
		del_timer_sync(&site->priv.blit_queues[i].poll_timer);
		flush_work(&site->priv.blit_queues[i].wq);
	}
	callsite_pci_put(site->dev.pdev);
	free_pages((unsigned long)site, get_order(sizeof(*site)));
}

static const struct callsite_ops callsite_ops = {
	.name = "via",
	.priv_size = sizeof(struct site *),
	.hold = via_hold,
	.release = via_release,
	.page = via_page,
	.close = via_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL and additional rights");
