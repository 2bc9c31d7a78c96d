// SPDX-License-Identifier: GPL-2.0-only
/*
 * etnaviv: objects of the GPU in memory of the process, through
 * modules/etnaviv.c.
 */
#define SITE		"etnaviv"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0
#define SITE_DRIVERS	"drm"

#include "callsite_dev_cases.h"

TEST_HARNESS_MAIN
