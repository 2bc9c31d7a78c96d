// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of a frame grabber as videobuf-dma-sg wants one, as far as its
 * buffers go: videobuf_iolock() takes the user's memory and maps it for the
 * grabber, and videobuf_dma_unmap() and videobuf_dma_free() undo that.
 */
#include <media/videobuf-dma-sg.h>

#include "callsite_dev.h"

struct site {
	struct videobuf_queue queue;
	struct videobuf_buffer *buf;
	spinlock_t irqlock;		/* videobuf wants one */
};

static struct pci_dev *grabber;

/* Who uses the ioctls of V4L2 gets here. Nobody does. */
static int no_setup(struct videobuf_queue *q, unsigned int *count,
		    unsigned int *size)
{
	return -EINVAL;
}

static int no_prepare(struct videobuf_queue *q, struct videobuf_buffer *vb,
		      enum v4l2_field field)
{
	return -EINVAL;
}

static void no_queue(struct videobuf_queue *q, struct videobuf_buffer *vb)
{
}

static const struct videobuf_queue_ops queue_ops = {
	.buf_setup = no_setup,
	.buf_prepare = no_prepare,
	.buf_queue = no_queue,
	.buf_release = no_queue,
};

static void videobuf_site_free(struct site *site)
{
	struct videobuf_dmabuf *dma = videobuf_to_dma(site->buf);

	videobuf_dma_unmap(site->queue.dev, dma);
	videobuf_dma_free(dma);
	kfree(site->buf);
	site->buf = NULL;
}

static int videobuf_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	int err;

	spin_lock_init(&site->irqlock);
	memset(&site->queue, 0, sizeof(site->queue));
	videobuf_queue_sg_init(&site->queue, &queue_ops, &grabber->dev,
			       &site->irqlock, V4L2_BUF_TYPE_VIDEO_CAPTURE,
			       V4L2_FIELD_INTERLACED,
			       sizeof(struct videobuf_buffer), NULL, NULL);
	site->buf = videobuf_sg_alloc(sizeof(*site->buf));
	if (!site->buf)
		return -ENOMEM;
	site->buf->memory = V4L2_MEMORY_USERPTR;
	site->buf->baddr = cs->addr;
	site->buf->bsize = cs->len;
	site->buf->size = cs->len;
	err = videobuf_iolock(&site->queue, site->buf, NULL);
	if (err)
		videobuf_site_free(site);
	return err;
}

static void videobuf_release(struct callsite *cs)
{
	videobuf_site_free(cs->priv);
}

static struct page *videobuf_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;
	struct videobuf_dmabuf *dma = videobuf_to_dma(site->buf);
	unsigned long i = off >> PAGE_SHIFT;

	return i < dma->nr_pages ? sg_page(&dma->sglist[i]) : NULL;
}

static const struct callsite_ops callsite_ops = {
	.name = "videobuf",
	.priv_size = sizeof(struct site),
	.hold = videobuf_hold,
	.release = videobuf_release,
	.page = videobuf_page,
};

static int __init videobuf_init(void)
{
	int err;

	grabber = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!grabber)
		return -ENOMEM;
	err = callsite_register();
	if (err)
		callsite_pci_put(grabber);
	return err;
}

static void __exit videobuf_exit(void)
{
	callsite_unregister();
	callsite_pci_put(grabber);
}

module_init(videobuf_init);
module_exit(videobuf_exit);
MODULE_LICENSE("GPL");
