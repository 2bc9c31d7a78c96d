// SPDX-License-Identifier: GPL-2.0-only
/*
 * IB/usnic: memory regions behind an IOMMU, through modules/usnic.c.
 */
#define SITE		"usnic"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

TEST_HARNESS_MAIN
