// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xilinx SD-FEC: tables of an LDPC code, which the CPU copies from the process
 * into the registers, through modules/xilinx_sdfec.c.
 */
#define SITE		"xilinx_sdfec"
#define SITE_WRITES	0
#define SITE_READS	1
#define SITE_BLOCKS	1
#define SITE_SHORT	0
#define SITE_SMALL	8
#define SITE_BYTES	(8 * PAGE)

#include "callsite_dev_cases.h"

TEST_HARNESS_MAIN
