// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xilinx SD-FEC without the core: the driver's own xsdfec_table_write(), which
 * copies a table of an LDPC code from the process into the registers, and memory
 * in place of them.  Before the last register is written it waits.
 */
/* CFLAGS: -Wno-unused-function -Wno-unused-variable */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/vmalloc.h>

#undef iowrite32
#define iowrite32(value, addr) register_write(value, addr)
#undef module_platform_driver
#define module_platform_driver(driver)

static void register_write(u32 value, void __iomem *addr);

#include "drivers/misc/xilinx_sdfec.c"

#include "callsite_dev.h"

#define TABLE		XSDFEC_LDPC_QC_TABLE_ADDR_BASE
#define REGISTERS	(TABLE + XSDFEC_QC_TABLE_DEPTH)

struct site {
	struct xsdfec_dev dev;
	struct callsite *cs;
	void *regs;
	unsigned long left;		/* registers to be written */
};

/* Who writes now; there is one client at a time. */
static struct site *writing;

static void register_write(u32 value, void __iomem *addr)
{
	if (!--writing->left) {
		struct site *site = writing;

		callsite_wait(site->cs);
		writing = site;
	}
	*(__force u32 *)addr = value;
}

static int xilinx_sdfec_hold(struct callsite *cs)
{
	struct site *site = cs->priv;

	if (!site->regs)
		site->regs = vzalloc(REGISTERS);
	if (!site->regs)
		return -ENOMEM;
	site->dev.regs = (__force void __iomem *)site->regs;
	site->cs = cs;
	site->left = cs->len / XSDFEC_REG_WIDTH_JUMP;
	writing = site;
	return xsdfec_table_write(&site->dev, 0, (u32 *)cs->addr, site->left,
				  TABLE, XSDFEC_QC_TABLE_DEPTH);
}

/* What has arrived in the registers. */
static struct page *xilinx_sdfec_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;

	return off < XSDFEC_QC_TABLE_DEPTH ?
	       vmalloc_to_page(site->regs + TABLE + off) : NULL;
}

static void xilinx_sdfec_close(struct callsite *cs)
{
	struct site *site = cs->priv;

	vfree(site->regs);
}

static const struct callsite_ops callsite_ops = {
	.name = "xilinx_sdfec",
	.priv_size = sizeof(struct site),
	.hold = xilinx_sdfec_hold,
	.page = xilinx_sdfec_page,
	.close = xilinx_sdfec_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
