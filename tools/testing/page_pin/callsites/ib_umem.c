// SPDX-License-Identifier: GPL-2.0-only
/*
 * InfiniBand's memory regions, ib_umem_get(), on Soft-RoCE: the driver rxe copies
 * to and from them with the CPU where others have a device.
 */
/* LIBS: -lrdmacm -libverbs */
#define RDMA_TYPE	"rxe"

#include "rdma_cases.h"
