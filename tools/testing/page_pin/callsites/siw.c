// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory regions of Soft-iWARP, which pins them itself, and copies to and from
 * them where it sends to and receives from a TCP socket.
 */
/* LIBS: -lrdmacm -libverbs */
#define RDMA_TYPE	"siw"

#include "rdma_cases.h"
