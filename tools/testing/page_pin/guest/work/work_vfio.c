// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to let a device see memory, and to take it back: VFIO's
 * VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA.
 *
 * work_vfio MODE KIND MB
 */
#define _GNU_SOURCE
#include "kinds.h"
#include "vfio.h"

#define AT	0x100000000UL	/* a bus address above that of interrupts */

static struct client c;

static void map(void)
{
	need(!take(&c), "VFIO_IOMMU_MAP_DMA");
}

/* The process is charged for it. */
static void check(void)
{
	need(file_number("/proc/self/status", "VmLck") == c.m.size / 1024,
	     "memory is not locked");
}

static void unmap_all(void)
{
	need(unmap(&c) == c.m.size, "VFIO_IOMMU_UNMAP_DMA");
}

int main(int argc, char **argv)
{
	struct work w = {
		.rounds = 2,
		.acquire = map, .check = check, .release = unmap_all,
	};
	const char *why;

	need(argc == 4, "MODE KIND MB");
	w.mode = argv[1];
	w.kind = argv[2];
	c.m.size = atol(argv[3]) * MB;
	w.calls = c.m.size / PAGE;
	w.pages = w.calls;
	c.m.p = memory_of(w.kind, c.m.size);
	c.iova = AT - IOVA;
	why = open_edu(&c);
	need(!why, why);
	work_run(&w);
	return 0;
}
