// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's privcmd pins the buffers of a device model's operation for as long as the
 * hypercall takes.  The operation is one on a domain of our own, which never
 * runs: how many CPUs it has.
 */
#define __XEN_TOOLS__ 1

#include "../waiting.h"

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/hvm/dm_op.h>
#include <xen/sys/privcmd.h>

#define CPUS	3

/* The operation, at the start of the memory, and a buffer that it has no use for. */
struct client {
	struct memory m;
	struct waiting w;
	int fd;
	domid_t domain;
	struct privcmd_dm_op_buf bufs[2];
};

static int domctl(struct client *c, struct xen_domctl *ctl)
{
	struct privcmd_hypercall call = {
		.op = __HYPERVISOR_domctl,
		.arg = { (uintptr_t)ctl },
	};
	int ret;

	ctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	do
		ret = ioctl(c->fd, IOCTL_PRIVCMD_HYPERCALL, &call);
	while (ret < 0 && errno == EAGAIN);
	return ret;
}

static const char *domain_make(struct client *c)
{
	struct xen_domctl ctl = {
		.cmd = XEN_DOMCTL_createdomain,
		.u.createdomain = {
			.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
			.max_vcpus = CPUS,
			.max_evtchn_port = 1023,
			.max_grant_frames = -1,
			.max_maptrack_frames = -1,
			.grant_opts = XEN_DOMCTL_GRANT_version(1),
			.arch.emulation_flags = XEN_X86_EMU_LAPIC,
		},
	};

	c->fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return "this is no domain of Xen";
	if (domctl(c, &ctl))
		return "Xen makes no domain";
	c->domain = ctl.domain;
	return NULL;
}

static int domain_end(struct client *c)
{
	struct xen_domctl ctl = {
		.cmd = XEN_DOMCTL_destroydomain,
		.domain = c->domain,
	};

	return domctl(c, &ctl);
}

static void set_bufs(struct client *c)
{
	struct xen_dm_op *op = (void *)c->m.p;

	memset(op, 0, sizeof(*op));
	op->op = XEN_DMOP_nr_vcpus;
	c->bufs[0] = (struct privcmd_dm_op_buf){ op, sizeof(*op) };
	c->bufs[1] = (struct privcmd_dm_op_buf){ c->m.p + PAGE,
						 c->m.size - PAGE };
}

static int ask(void *arg)
{
	struct client *c = arg;
	struct privcmd_dm_op call = {
		.dom = c->domain,
		.num = ARRAY_SIZE(c->bufs),
		.ubufs = c->bufs,
	};

	return ioctl(c->fd, IOCTL_PRIVCMD_DM_OP, &call) ? -errno : 0;
}

/* What the hypervisor wrote. */
static unsigned int answer(struct client *c)
{
	return ((struct xen_dm_op *)c->m.p)->u.nr_vcpus.vcpus;
}

static const char *client_open(struct client *c, enum memory_kind kind,
			       bool shared)
{
	const char *why;

	c->w.uffd = -1;
	why = memory_map(&c->m, kind, shared) ?: domain_make(c);
	if (!why)
		set_bufs(c);
	return why;
}

static int client_close(struct client *c)
{
	int ret = domain_end(c);

	if (c->w.uffd >= 0)
		close(c->w.uffd);
	close(c->fd);
	memory_unmap(&c->m);
	return ret;
}

FIXTURE(dm_op)
{
	struct client c;
};

FIXTURE_VARIANT(dm_op)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(dm_op, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(dm_op, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(dm_op)
{
	SKIP_IF(client_open(&self->c, variant->kind, variant->shared));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(dm_op)
{
	EXPECT_EQ(0, client_close(&self->c));
	EXPECT_EQ(0, pins_left());
}

TEST_F(dm_op, data_arrives)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	ASSERT_EQ(0, ask(c));
	EXPECT_EQ(NR_SMALL, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
	EXPECT_EQ(CPUS, answer(c));
}

/* An operation that the hypervisor refuses gives all back, too. */
TEST_F(dm_op, refused)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	((struct xen_dm_op *)c->m.p)->op = ~0;
	EXPECT_EQ(-EOPNOTSUPP, ask(c));
	EXPECT_EQ(NR_SMALL, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
}

/* A hole in the second buffer: what was pinned in front of it is given back. */
TEST_F(dm_op, hole)
{
	struct client *c = &self->c;
	long taken = pins_taken();

	munmap(c->m.p + 2 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, ask(c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_held());
}

static int ask_and_wait(void *arg)
{
	struct client *c = arg;
	int ret = waiting_page(&c->w);

	c->bufs[1] = (struct privcmd_dm_op_buf){ c->w.page, PAGE };
	return ret ?: call_and_wait(&c->w, ask, c);
}

TEST_F(dm_op, killed)
{
	EXPECT_FINE(kill_holder(ask_and_wait, &self->c, 1));
}

TEST_F(dm_op, fail_nth)
{
	EXPECT_FINE(fail_each(ask, NULL, &self->c, NULL));
	EXPECT_EQ(CPUS, answer(&self->c));
}

/*
 * What the hypervisor wrote to a page of a file gets to the disk. It writes by way
 * of the mapping, not of the page: once writeback has protected that from writes
 * the call fails, pinned or not, and the page is dirty all the same when it is
 * given back.
 */
TEST(dirty)
{
	struct client c = { };

	SKIP_IF(client_open(&c, EXT4, true));
	ASSERT_EQ(0, pins_left());
	ASSERT_EQ(0, ask_and_wait(&c));
	EXPECT_EQ(1, pins_held());
	EXPECT_FINE(write_back(&c.m));
	EXPECT_EQ(0, dirty_pages(&c.m));
	EXPECT_EQ(-EFAULT, call_goes_on(&c.w));
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(1, dirty_pages(&c.m));
	EXPECT_FINE(data_lost(&c.m));
	EXPECT_EQ(0, client_close(&c));
}

TEST_HARNESS_MAIN
