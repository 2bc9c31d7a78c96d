// SPDX-License-Identifier: GPL-2.0-only
/*
 * A RapidIO master port with DMA channels, for /dev/rio_mport0 and the real
 * ioctls of drivers/rapidio/devices/rio_mport_cdev.c.  On the other side of the
 * wire is a buffer of this module; addresses are bytes in it.
 *
 * A transfer takes delay_ms and is over in a softirq, as with a real one.  It
 * copies by the addresses that the driver mapped for DMA, and marks nothing
 * dirty.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/rio.h>
#include <linux/rio_drv.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

#include "drivers/dma/dmaengine.h"

#define REMOTE_SIZE	(4UL << 20)
#define NR_CHANNELS	4

static unsigned int delay_ms;
module_param(delay_ms, uint, 0600);

struct fake_chan {
	struct dma_chan chan;
	spinlock_t lock;		/* protects the lists and the cookies */
	struct list_head submitted;
	struct list_head running;
};

struct fake_transfer {
	struct dma_async_tx_descriptor tx;
	struct timer_list timer;
	struct list_head node;
	struct scatterlist *sg;		/* the driver's */
	unsigned int nents;
	enum dma_transfer_direction dir;
	u64 remote;			/* byte in the buffer */
};

static struct platform_device *fake_parent;
static struct rio_mport fake_mport;
static struct fake_chan fake_chans[NR_CHANNELS];
static void *fake_remote;
static DECLARE_COMPLETION(fake_mport_gone);

static struct fake_chan *to_fake(struct dma_chan *chan)
{
	return container_of(chan, struct fake_chan, chan);
}

/* Between the buffer and memory, page by page of what is mapped for DMA. */
static void fake_copy(struct fake_transfer *t)
{
	void *remote = fake_remote + t->remote;
	struct scatterlist *sg;
	dma_addr_t addr, end;
	unsigned int len, i;
	void *data;

	for_each_sg(t->sg, sg, t->nents, i) {
		end = sg_dma_address(sg) + sg_dma_len(sg);
		for (addr = sg_dma_address(sg); addr < end; addr += len) {
			len = min_t(u64, end - addr,
				    PAGE_SIZE - offset_in_page(addr));
			data = kmap_atomic(pfn_to_page(PHYS_PFN(addr)));
			if (t->dir == DMA_DEV_TO_MEM)
				memcpy(data + offset_in_page(addr), remote,
				       len);
			else
				memcpy(remote, data + offset_in_page(addr),
				       len);
			kunmap_atomic(data);
			remote += len;
		}
	}
}

static void fake_done(struct timer_list *timer)
{
	struct fake_transfer *t = from_timer(t, timer, timer);
	struct fake_chan *fc = to_fake(t->tx.chan);
	unsigned long flags;

	fake_copy(t);
	spin_lock_irqsave(&fc->lock, flags);
	list_del(&t->node);
	dma_cookie_complete(&t->tx);
	spin_unlock_irqrestore(&fc->lock, flags);
	dmaengine_desc_get_callback_invoke(&t->tx, NULL);
	kfree(t);
}

static dma_cookie_t fake_submit(struct dma_async_tx_descriptor *tx)
{
	struct fake_transfer *t = container_of(tx, struct fake_transfer, tx);
	struct fake_chan *fc = to_fake(tx->chan);
	dma_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&fc->lock, flags);
	cookie = dma_cookie_assign(tx);
	list_add_tail(&t->node, &fc->submitted);
	spin_unlock_irqrestore(&fc->lock, flags);
	return cookie;
}

static struct dma_async_tx_descriptor *
fake_prep(struct dma_chan *chan, struct scatterlist *sg, unsigned int nents,
	  enum dma_transfer_direction dir, unsigned long flags, void *context)
{
	struct rio_dma_ext *ext = context;
	struct fake_transfer *t;
	struct scatterlist *each;
	unsigned int i;
	u64 len = 0;

	for_each_sg(sg, each, nents, i)
		len += sg_dma_len(each);
	if (len > REMOTE_SIZE || ext->rio_addr > REMOTE_SIZE - len)
		return ERR_PTR(-EINVAL);

	t = kzalloc(sizeof(*t), GFP_NOWAIT);
	if (!t)
		return NULL;
	dma_async_tx_descriptor_init(&t->tx, chan);
	t->tx.flags = flags;
	t->tx.tx_submit = fake_submit;
	t->sg = sg;
	t->nents = nents;
	t->dir = dir;
	t->remote = ext->rio_addr;
	timer_setup(&t->timer, fake_done, 0);
	return &t->tx;
}

static void fake_issue(struct dma_chan *chan)
{
	struct fake_chan *fc = to_fake(chan);
	struct fake_transfer *t, *next;
	unsigned long flags;

	spin_lock_irqsave(&fc->lock, flags);
	list_for_each_entry_safe(t, next, &fc->submitted, node) {
		list_move_tail(&t->node, &fc->running);
		mod_timer(&t->timer, jiffies + msecs_to_jiffies(delay_ms));
	}
	spin_unlock_irqrestore(&fc->lock, flags);
}

static enum dma_status fake_status(struct dma_chan *chan, dma_cookie_t cookie,
				   struct dma_tx_state *state)
{
	return dma_cookie_status(chan, cookie, state);
}

static int fake_alloc(struct dma_chan *chan)
{
	dma_cookie_init(chan);
	return 1;
}

/* A driver does not let go of a channel with a transfer under way. */
static void fake_free(struct dma_chan *chan)
{
	struct fake_chan *fc = to_fake(chan);

	WARN_ON(!list_empty(&fc->submitted) || !list_empty(&fc->running));
}

/* Registers of the port and of others, which all read as 0. */
static int fake_lcread(struct rio_mport *mport, int index, u32 offset, int len,
		       u32 *data)
{
	*data = 0;
	return 0;
}

static int fake_lcwrite(struct rio_mport *mport, int index, u32 offset, int len,
			u32 data)
{
	return 0;
}

static int fake_cread(struct rio_mport *mport, int index, u16 destid,
		      u8 hopcount, u32 offset, int len, u32 *data)
{
	*data = 0;
	return 0;
}

static int fake_cwrite(struct rio_mport *mport, int index, u16 destid,
		       u8 hopcount, u32 offset, int len, u32 data)
{
	return 0;
}

static int fake_query(struct rio_mport *mport, struct rio_mport_attr *attr)
{
	attr->flags = RIO_MPORT_DMA | RIO_MPORT_DMA_SG;
	attr->link_speed = RIO_LINK_125;
	attr->link_width = RIO_LINK_1X;
	attr->dma_max_sge = 0;
	attr->dma_max_size = SZ_64M;
	attr->dma_align = 0;
	return 0;
}

static struct rio_ops fake_ops = {
	.lcread = fake_lcread,
	.lcwrite = fake_lcwrite,
	.cread = fake_cread,
	.cwrite = fake_cwrite,
	.query_mport = fake_query,
};

/* The DMA engine wants to know the module of a driver. */
static struct platform_driver fake_driver = {
	.driver.name = "fake_mport",
};

static void fake_mport_release(struct device *dev)
{
	complete(&fake_mport_gone);
}

static int fake_dma_register(void)
{
	struct dma_device *dma = &fake_mport.dma;
	int i;

	dma->dev = &fake_parent->dev;
	INIT_LIST_HEAD(&dma->channels);
	for (i = 0; i < NR_CHANNELS; i++) {
		struct fake_chan *fc = &fake_chans[i];

		spin_lock_init(&fc->lock);
		INIT_LIST_HEAD(&fc->submitted);
		INIT_LIST_HEAD(&fc->running);
		fc->chan.device = dma;
		dma_cookie_init(&fc->chan);
		list_add_tail(&fc->chan.device_node, &dma->channels);
	}
	dma_cap_set(DMA_SLAVE, dma->cap_mask);
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->device_alloc_chan_resources = fake_alloc;
	dma->device_free_chan_resources = fake_free;
	dma->device_tx_status = fake_status;
	dma->device_issue_pending = fake_issue;
	dma->device_prep_slave_sg = fake_prep;
	return dma_async_device_register(dma);
}

static int __init fake_mport_init(void)
{
	int err = -ENOMEM;

	fake_remote = vzalloc(REMOTE_SIZE);
	if (!fake_remote)
		return err;

	err = platform_driver_register(&fake_driver);
	if (err)
		goto no_driver;
	fake_parent = platform_device_register_simple("fake_mport", -1, NULL,
						      0);
	if (IS_ERR(fake_parent)) {
		err = PTR_ERR(fake_parent);
		goto no_parent;
	}
	/* It can reach all memory, so an address is that of the page. */
	err = dma_set_mask_and_coherent(&fake_parent->dev, DMA_BIT_MASK(64));
	if (err)
		goto no_mport;

	err = rio_mport_initialize(&fake_mport);
	if (err)
		goto no_mport;
	fake_mport.ops = &fake_ops;
	INIT_LIST_HEAD(&fake_mport.dbells);
	strscpy(fake_mport.name, "fake_mport", sizeof(fake_mport.name));
	fake_mport.dev.parent = &fake_parent->dev;
	fake_mport.dev.release = fake_mport_release;

	err = fake_dma_register();
	if (err)
		goto no_mport;
	err = rio_register_mport(&fake_mport);
	if (err)
		goto no_port;
	return 0;

no_port:
	dma_async_device_unregister(&fake_mport.dma);
no_mport:
	platform_device_unregister(fake_parent);
no_parent:
	platform_driver_unregister(&fake_driver);
no_driver:
	vfree(fake_remote);
	return err;
}
module_init(fake_mport_init);

static void __exit fake_mport_exit(void)
{
	rio_unregister_mport(&fake_mport);
	wait_for_completion(&fake_mport_gone);
	dma_async_device_unregister(&fake_mport.dma);
	platform_device_unregister(fake_parent);
	platform_driver_unregister(&fake_driver);
	vfree(fake_remote);
}
module_exit(fake_mport_exit);

MODULE_DESCRIPTION("RapidIO port that is not, for tests of its DMA");
MODULE_LICENSE("GPL v2");
