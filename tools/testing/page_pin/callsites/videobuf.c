// SPDX-License-Identifier: GPL-2.0-only
/*
 * videobuf-dma-sg: a frame grabber writes to a buffer of V4L2_MEMORY_USERPTR,
 * through modules/videobuf.c.
 */
#define SITE		"videobuf"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0
#define SITE_DRIVERS	"videobuf-dma-sg"

#include "callsite_dev_cases.h"

TEST_HARNESS_MAIN
