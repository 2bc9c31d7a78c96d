// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenWQE: memory that the card works on until the process says otherwise
 * (GENWQE_PIN_MEM), through modules/genwqe.c.  See genwqe_request.c for that of
 * a request.
 */
#define SITE		"genwqe"
#define SITE_WRITES	1
#define SITE_READS	1
#define SITE_BLOCKS	0
#define SITE_SHORT	0

#include "callsite_dev_cases.h"

TEST_HARNESS_MAIN
