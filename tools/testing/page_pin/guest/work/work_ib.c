// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a memory region of RDMA costs: ibv_reg_mr() and ibv_dereg_mr() on
 * Soft-RoCE.
 *
 * work_ib MODE KIND MB
 */
/* LIBS: -lrdmacm -libverbs */
#define _GNU_SOURCE
#include "kinds.h"
#include "rdma.h"

static struct rdma r = { .type = "rxe", .access = ALL_ACCESS };

static void reg(void)
{
	need(!rdma_take(&r), "ibv_reg_mr");
}

/* The process is charged for it. */
static void check(void)
{
	need(pinned_vm() == r.m.size / PAGE, "memory is not pinned");
}

static void dereg(void)
{
	need(!ibv_dereg_mr(r.mr), "ibv_dereg_mr");
}

int main(int argc, char **argv)
{
	struct work w = {
		.rounds = 3,
		.acquire = reg, .check = check, .release = dereg,
	};
	const char *why;

	need(argc == 4, "MODE KIND MB");
	w.mode = argv[1];
	w.kind = argv[2];
	r.m.size = atol(argv[3]) * MB;
	w.calls = r.m.size / PAGE;
	w.pages = w.calls;
	r.m.p = memory_of(w.kind, r.m.size);
	why = rdma_link(r.type);
	need(!why, why);
	need(!rdma_device(&r), "no RDMA device");
	work_run(&w);
	return 0;
}
