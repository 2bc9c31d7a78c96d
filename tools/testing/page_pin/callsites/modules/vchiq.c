// SPDX-License-Identifier: GPL-2.0-only
/*
 * vchiq without the VideoCore: the driver's own functions prepare a bulk
 * transfer of the client's memory and complete it.
 */
/* CFLAGS: -I$(srctree)/drivers/staging/vc04_services/include */
/* CFLAGS: -I$(srctree)/drivers/staging/vc04_services/interface/vchiq_arm */
/* CFLAGS: -D__VCCOREVER__=0x04000000 -Wno-unused-function */
#include "drivers/staging/vc04_services/interface/vchiq_arm/vchiq_2835_arm.c"

#include "callsite_dev.h"

/* What the rest of the driver does to find and to start a VideoCore. */
int vchiq_arm_log_level = VCHIQ_LOG_DEFAULT;

enum vchiq_status vchiq_arm_init_state(struct vchiq_state *state,
				       struct vchiq_arm_state *arm_state)
{
	return VCHIQ_ERROR;
}

enum vchiq_status vchiq_init_state(struct vchiq_state *state,
				   struct vchiq_slot_zero *slot_zero)
{
	return VCHIQ_ERROR;
}

struct vchiq_slot_zero *vchiq_init_slots(void *mem_base, int mem_size)
{
	return NULL;
}

void vchiq_call_connected_callbacks(void)
{
}

void remote_event_pollall(struct vchiq_state *state)
{
}

int vchiq_dump(void *dump_context, const char *str, int len)
{
	return -ENODEV;
}

static struct pci_dev *videocore;

/* What the VideoCore says at the end. */
#define HOW_EMPTY		1	/* that it has transferred nothing */

static int vchiq_hold(struct callsite *cs)
{
	struct vchiq_bulk *bulk = cs->priv;
	int dir = callsite_to_memory(cs) ? VCHIQ_BULK_RECEIVE :
					   VCHIQ_BULK_TRANSMIT;

	memset(bulk, 0, sizeof(*bulk));
	bulk->actual = cs->how == HOW_EMPTY ? 0 : cs->len;
	return vchiq_prepare_bulk_data(bulk, NULL, (void __user *)cs->addr,
				       cs->len, dir) == VCHIQ_SUCCESS ?
	       0 : -EINVAL;
}

static void vchiq_release(struct callsite *cs)
{
	vchiq_complete_bulk(cs->priv);
}

static struct page *vchiq_page(struct callsite *cs, unsigned long off)
{
	struct vchiq_bulk *bulk = cs->priv;
	struct vchiq_pagelist_info *info = bulk->remote_data;

	if (off >> PAGE_SHIFT >= info->num_pages)
		return NULL;
	return sg_page(&info->scatterlist[off >> PAGE_SHIFT]);
}

static const struct callsite_ops callsite_ops = {
	.name = "vchiq",
	.priv_size = sizeof(struct vchiq_bulk),
	.hold = vchiq_hold,
	.release = vchiq_release,
	.page = vchiq_page,
};

static int __init vchiq_site_init(void)
{
	int err;

	videocore = callsite_pci_dev(DMA_BIT_MASK(64));
	if (!videocore)
		return -ENOMEM;
	g_dev = &videocore->dev;
	err = callsite_register();
	if (err)
		callsite_pci_put(videocore);
	return err;
}

static void __exit vchiq_site_exit(void)
{
	callsite_unregister();
	callsite_pci_put(videocore);
}

module_init(vchiq_site_init);
module_exit(vchiq_site_exit);
MODULE_LICENSE("GPL");
