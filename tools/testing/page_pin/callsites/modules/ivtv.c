// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivtv without the card: the driver's own functions that take the memory of the
 * process for a transfer to the OSD or of a YUV frame, and give it back.  What
 * the decoder would read is in the driver's scatterlist.
 */
/* CFLAGS: -I$(srctree)/drivers/media/pci/ivtv -Wno-unused-function -Wno-override-init */
#include "drivers/media/pci/ivtv/ivtv-udma.c"
#include "drivers/media/pci/ivtv/ivtv-yuv.c"

#include "callsite_dev.h"

/* The driver's own parameter. */
int ivtv_debug;

/* Waits for a signal of the card, of which there is none here. */
int ivtv_waitq(wait_queue_head_t *waitq)
{
	WARN_ON_ONCE(1);
	return -ENODEV;
}

/* Ways to hold memory. */
#define HOW_OSD			0	/* all of it */
#define HOW_YUV			1	/* a frame of 256 rows */
#define HOW_YUV_TALL		2	/* one of 100000 */

#define ROWS			256
#define Y_SIZE			(720 * ROWS)

static int ivtv_hold(struct callsite *cs)
{
	struct ivtv **p = cs->priv;
	struct ivtv *itv = *p;
	struct yuv_frame_info *frame;
	struct ivtv_dma_frame args = {
		.y_source = (void __user *)cs->addr,
		.uv_source = (void __user *)cs->addr + Y_SIZE,
	};
	int ret;

	if (!itv) {
		itv = alloc_pages_exact(sizeof(*itv), GFP_KERNEL | __GFP_ZERO);
		if (!itv)
			return -ENOMEM;
		itv->pdev = callsite_pci_dev(DMA_BIT_MASK(64));
		if (!itv->pdev) {
			free_pages_exact(itv, sizeof(*itv));
			return -ENOMEM;
		}
		ivtv_udma_alloc(itv);
		*p = itv;
	}
	if (cs->how == HOW_OSD) {
		ret = ivtv_udma_setup(itv, 0, (void __user *)cs->addr, cs->len);
		return ret < 0 ? ret : 0;
	}
	frame = &itv->yuv_info.new_frame_info[itv->yuv_info.draw_frame];
	memset(frame, 0, sizeof(*frame));
	frame->src_h = cs->how == HOW_YUV_TALL ? 100000 : ROWS;
	return ivtv_yuv_prep_user_dma(itv, &itv->udma, &args);
}

static void ivtv_release(struct callsite *cs)
{
	ivtv_udma_unmap(*(struct ivtv **)cs->priv);
}

/*
 * The Y plane ends with a page, so that the planes follow each other in the list
 * as they do in memory.
 */
static struct page *ivtv_page(struct callsite *cs, unsigned long off)
{
	struct ivtv_user_dma *dma = &(*(struct ivtv **)cs->priv)->udma;
	int i = off >> PAGE_SHIFT;

	BUILD_BUG_ON(Y_SIZE % PAGE_SIZE);
	return i < dma->page_count ? sg_page(&dma->SGlist[i]) : NULL;
}

static void ivtv_close(struct callsite *cs)
{
	struct ivtv *itv = *(struct ivtv **)cs->priv;

	if (!itv)
		return;
	ivtv_udma_free(itv);
	callsite_pci_put(itv->pdev);
	free_pages_exact(itv, sizeof(*itv));
}

static const struct callsite_ops callsite_ops = {
	.name = "ivtv",
	.priv_size = sizeof(struct ivtv *),
	.hold = ivtv_hold,
	.release = ivtv_release,
	.page = ivtv_page,
	.close = ivtv_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
