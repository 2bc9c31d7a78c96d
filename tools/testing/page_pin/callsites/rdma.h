/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the clients of RDMA share: a device that is no more than software on top
 * of the network device v0, memory regions, and a connection from the process to
 * itself, over which the device copies between them.
 */
#ifndef PAGE_PIN_RDMA_H
#define PAGE_PIN_RDMA_H

#include <arpa/inet.h>
#include <infiniband/verbs.h>
#include <pthread.h>
#include <rdma/rdma_cma.h>
#include <sys/resource.h>

#include "callsite.h"

#define ADDRESS		"192.0.2.1"
#define PORT		7471
#define TIMEOUT_MS	5000

#define ALL_ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
			 IBV_ACCESS_REMOTE_READ)

struct rdma {
	const char *type;		/* of the device: rxe or siw */
	struct ibv_context *device;
	struct ibv_pd *pd;
	struct memory m;		/* the region that is looked at */
	int access;
	struct ibv_mr *mr;

	/* A connection, of which client and server are the ends */
	struct rdma_cm_id *listener, *client, *server;
	struct ibv_cq *cq;
	struct memory other;		/* the region at the other end */
	struct ibv_mr *other_mr;
};

/*
 * One device at a time: they would be at odds about the addresses of v0.  RDS
 * listens on all of them as long as it is there.
 */
static inline const char *rdma_link(const char *type)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all))
		return "the limit of locked memory cannot be lifted";
	if (shell("rdma link show | grep -q %s0/", type))
		return NULL;
	shell("modprobe -q -r rds_rdma 2>/dev/null");
	shell("rdma link del rxe0 2>/dev/null; rdma link del siw0 2>/dev/null");
	if (!shell("modprobe ib_uverbs && modprobe rdma_ucm && modprobe %s%s",
		   strcmp(type, "rxe") ? "" : "rdma_", type))
		return "a driver cannot be loaded";
	if (!shell("rdma link add %s0 type %s netdev v0", type, type))
		return "no RDMA device on top of v0";
	/* The device needs the addresses of v0, which come with the link. */
	usleep(500000);
	return NULL;
}

/* Open the device, for regions without a connection. Returns 0 or -errno. */
static inline int rdma_device(struct rdma *r)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);
	int i;

	for (i = 0; devices && devices[i]; i++)
		if (!strncmp(ibv_get_device_name(devices[i]), r->type, 3))
			r->device = ibv_open_device(devices[i]);
	if (devices)
		ibv_free_device_list(devices);
	if (!r->device)
		return -ENODEV;
	r->pd = ibv_alloc_pd(r->device);
	return r->pd ? 0 : -errno;
}

/* Register the memory. Returns 0 or -errno. */
static inline int rdma_take(void *arg)
{
	struct rdma *r = arg;

	r->mr = ibv_reg_mr(r->pd, r->m.p, r->m.size, r->access);
	return r->mr ? 0 : -errno;
}

static inline void rdma_give(void *arg)
{
	struct rdma *r = arg;

	ibv_dereg_mr(r->mr);
	r->mr = NULL;
}

/* For kill_holder(): with a device of its own. */
static inline int rdma_hold(void *arg)
{
	return rdma_device(arg) ?: rdma_take(arg);
}

static inline int rdma_queue(struct rdma *r, struct rdma_cm_id *id)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = r->cq,
		.recv_cq = r->cq,
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = 4, .max_recv_wr = 4,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
	};

	return rdma_create_qp(id, r->pd, &attr);
}

static const struct rdma_conn_param one_read = {
	.responder_resources = 1,
	.initiator_depth = 1,
	.retry_count = 7,
	.rnr_retry_count = 7,
};

static inline void *rdma_server(void *arg)
{
	struct rdma_conn_param param = one_read;
	struct rdma *r = arg;

	if (rdma_get_request(r->listener, &r->server) ||
	    rdma_queue(r, r->server) || rdma_accept(r->server, &param))
		return "the server has no connection";
	return NULL;
}

/* Connect the process with itself. Returns NULL, or what went wrong. */
static inline const char *rdma_connected(struct rdma *r)
{
	struct rdma_conn_param param = one_read;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = inet_addr(ADDRESS),
	};
	struct sockaddr *to = (struct sockaddr *)&address;
	pthread_t server;
	void *why;

	/* Without a channel for events all of these wait for the end. */
	if (rdma_create_id(NULL, &r->listener, NULL, RDMA_PS_TCP) ||
	    rdma_create_id(NULL, &r->client, NULL, RDMA_PS_TCP) ||
	    rdma_bind_addr(r->listener, to) || rdma_listen(r->listener, 1))
		return "nobody can listen";
	if (rdma_resolve_addr(r->client, NULL, to, TIMEOUT_MS) ||
	    rdma_resolve_route(r->client, TIMEOUT_MS))
		return "no way to " ADDRESS;
	r->pd = ibv_alloc_pd(r->client->verbs);
	r->cq = ibv_create_cq(r->client->verbs, 16, NULL, NULL, 0);
	if (!r->pd || !r->cq || rdma_queue(r, r->client))
		return "no queues";
	if (pthread_create(&server, NULL, rdma_server, r))
		return "no server";
	if (rdma_connect(r->client, &param))
		return "no connection";
	if (pthread_join(server, &why))
		return "the server is lost";
	return why;
}

/* Register both ends. Returns 0 or -errno. */
static inline int rdma_take_both(struct rdma *r)
{
	int err = rdma_take(r);

	if (err)
		return err;
	r->other_mr = ibv_reg_mr(r->pd, r->other.p, r->other.size, ALL_ACCESS);
	return r->other_mr ? 0 : -errno;
}

/*
 * Let the device read from the other end into the region, or write the region to
 * the other end, and wait for it.
 */
static inline const char *rdma_copy(struct rdma *r, bool in)
{
	struct ibv_sge local = {
		.addr = (uintptr_t)r->m.p,
		.length = r->m.size,
		.lkey = r->mr->lkey,
	};
	struct ibv_send_wr *bad, wr = {
		.sg_list = &local,
		.num_sge = 1,
		.opcode = in ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma.remote_addr = (uintptr_t)r->other.p,
		.wr.rdma.rkey = r->other_mr->rkey,
	};
	struct ibv_wc wc = { };

	if (ibv_post_send(r->client->qp, &wr, &bad))
		return "nothing can be posted";
	if (!WAIT_FOR(ibv_poll_cq(r->cq, 1, &wc) == 1))
		return "no completion";
	return wc.status == IBV_WC_SUCCESS ? FINE :
	       ibv_wc_status_str(wc.status);
}

static inline void rdma_end(struct rdma *r)
{
	if (r->mr)
		ibv_dereg_mr(r->mr);
	if (r->other_mr)
		ibv_dereg_mr(r->other_mr);
	/* To disconnect would be to wait for the other end, in this thread. */
	if (r->server && r->server->qp)
		rdma_destroy_qp(r->server);
	if (r->client && r->client->qp)
		rdma_destroy_qp(r->client);
	if (r->cq)
		ibv_destroy_cq(r->cq);
	if (r->pd)
		ibv_dealloc_pd(r->pd);
	if (r->server)
		rdma_destroy_id(r->server);
	if (r->client)
		rdma_destroy_id(r->client);
	if (r->listener)
		rdma_destroy_id(r->listener);
	if (r->device)
		ibv_close_device(r->device);
	memory_unmap(&r->other);
	memory_unmap(&r->m);
}

/* What of this process the kernel has charged as pinned, in pages. */
static inline long pinned_vm(void)
{
	return file_number("/proc/self/status", "VmPin:") / 4;
}

#endif /* PAGE_PIN_RDMA_H */
