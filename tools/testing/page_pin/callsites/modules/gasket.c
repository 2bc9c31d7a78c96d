// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page table of a gasket device, whose registers are memory here: the
 * driver's own functions map the client's buffer and unmap it.
 */
/* CFLAGS: -I$(srctree)/drivers/staging/gasket -Wno-unused-function */
#include <linux/export.h>

/* The driver may be loaded, too. */
#undef EXPORT_SYMBOL
#define EXPORT_SYMBOL(name)

#include "drivers/staging/gasket/gasket_page_table.c"

#include "callsite_dev.h"

/* Ways to map a buffer. */
#define HOW_SIMPLE		0	/* in the device's own table */
#define HOW_EXTENDED		1	/* in a table in memory */

#define ENTRIES			1024
#define EXTENDED_BIT		63

struct site {
	u64 regs[ENTRIES + 1];		/* the table, and where it is split */
	struct pci_dev *pdev;
	struct gasket_page_table *table;
	unsigned int pages;
};

/* Of a gasket_dev, of which there is none. */
const struct gasket_driver_desc *gasket_get_driver_desc(struct gasket_dev *dev)
{
	WARN_ON_ONCE(1);
	return NULL;
}

struct device *gasket_get_device(struct gasket_dev *dev)
{
	WARN_ON_ONCE(1);
	return NULL;
}

static unsigned long site_address(struct callsite *cs)
{
	return cs->how == HOW_EXTENDED ? 1UL << EXTENDED_BIT : 0;
}

static int gasket_table(struct site *site, unsigned int simple)
{
	struct gasket_bar_data bar = {
		.virt_base = (__force u8 __iomem *)site->regs,
	};
	struct gasket_page_table_config config = {
		.mode = GASKET_PAGE_TABLE_MODE_NORMAL,
		.total_entries = ENTRIES,
		.extended_reg = ENTRIES * sizeof(u64),
		.extended_bit = EXTENDED_BIT,
	};
	int err;

	if (!site->table) {
		if (!site->pdev)
			site->pdev = callsite_pci_dev(DMA_BIT_MASK(64));
		if (!site->pdev)
			return -ENOMEM;
		err = gasket_page_table_init(&site->table, &bar, &config,
					     &site->pdev->dev, site->pdev);
		if (err)
			return err;
	}
	return gasket_page_table_partition(site->table, simple);
}

static int gasket_hold(struct callsite *cs)
{
	struct site **p = cs->priv;
	struct site *site = *p;
	int err;

	if (!site) {
		site = kvzalloc(sizeof(*site), GFP_KERNEL);
		if (!site)
			return -ENOMEM;
		*p = site;
	}
	err = gasket_table(site, cs->how == HOW_EXTENDED ? 0 : ENTRIES);
	if (err)
		return err;
	site->pages = callsite_pages(cs);
	return gasket_page_table_map(site->table, cs->addr, site_address(cs),
				     site->pages);
}

static void gasket_release(struct callsite *cs)
{
	struct site *site = *(struct site **)cs->priv;

	gasket_page_table_unmap(site->table, site_address(cs), site->pages);
}

static struct page *gasket_page(struct callsite *cs, unsigned long off)
{
	struct site *site = *(struct site **)cs->priv;
	unsigned long in_page;
	struct page *page;

	if (gasket_page_table_lookup_page(site->table, site_address(cs) +
					  (off & PAGE_MASK), &page, &in_page))
		return NULL;
	return page;
}

static void gasket_close(struct callsite *cs)
{
	struct site *site = *(struct site **)cs->priv;

	if (!site)
		return;
	if (site->table)
		gasket_page_table_cleanup(site->table);
	if (site->pdev)
		callsite_pci_put(site->pdev);
	kvfree(site);
}

static const struct callsite_ops callsite_ops = {
	.name = "gasket",
	.priv_size = sizeof(struct site *),
	.hold = gasket_hold,
	.release = gasket_release,
	.page = gasket_page,
	.close = gasket_close,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL");
