// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of AF_XDP sockets (umem) on one end of a veth pair.  What the socket
 * sends is received on the other end by a packet socket; what that one sends, a
 * BPF program on our end hands to the socket, which copies it to the umem.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "callsite.h"

#ifndef AF_XDP
#define AF_XDP		44
#define SOL_XDP		283
#endif

#define CHUNK		PAGE	/* of the umem: a packet */
#define RING		8	/* entries of each ring */
#define PROTOCOL	0x88b5	/* for experiments */
#define PACKET		1500
#define SECONDS		10

/* One of the four rings of a socket. */
struct ring {
	char *area;
	size_t size;
	struct xdp_ring_offset at;
};

struct client {
	struct memory m;	/* the umem */
	int fd;
	struct ring fill, completion, tx, rx;
	int map, prog, link;	/* the BPF program and where it is */
	int peer;		/* packet socket on the other end */
};

static const char *open_client(struct client *c)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(PROTOCOL),
		.sll_ifindex = if_nametoindex("v1"),
	};
	struct timeval limit = { .tv_sec = SECONDS };

	c->fd = -1;
	c->map = -1;
	c->prog = -1;
	c->link = -1;
	c->peer = socket(AF_PACKET, SOCK_RAW, htobe16(PROTOCOL));
	if (!addr.sll_ifindex)
		return "no interface v1";
	if (bind(c->peer, (void *)&addr, sizeof(addr)) ||
	    setsockopt(c->peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return "no packet socket";
	return NULL;
}

/* The umem goes with the last reference to the socket, rings too. */
static void close_client(struct client *c)
{
	struct ring *ring[] = { &c->fill, &c->completion, &c->tx, &c->rx };
	int *fd[] = { &c->link, &c->prog, &c->fd, &c->map, &c->peer };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ring); i++) {
		if (ring[i]->area)
			munmap(ring[i]->area, ring[i]->size);
		ring[i]->area = NULL;
	}
	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		if (*fd[i] >= 0)
			close(*fd[i]);
		*fd[i] = -1;
	}
}

/* A socket that has the memory as its umem. Returns 0 or -errno. */
static int take(void *arg)
{
	struct client *c = arg;
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)c->m.p,
		.len = c->m.size,
		.chunk_size = CHUNK,
	};
	int ret;

	c->fd = socket(AF_XDP, SOCK_RAW, 0);
	if (c->fd < 0)
		return -errno;
	if (!setsockopt(c->fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		return 0;
	ret = -errno;
	close(c->fd);
	c->fd = -1;
	return ret;
}

static void give(void *arg)
{
	struct client *c = arg;

	close(c->fd);
	c->fd = -1;
}

static int map_ring(struct client *c, struct ring *ring, int option,
		    struct xdp_ring_offset at, size_t entry, off_t page)
{
	int entries = RING;

	ring->at = at;
	ring->size = at.desc + RING * entry;
	if (setsockopt(c->fd, SOL_XDP, option, &entries, sizeof(entries)))
		return -errno;
	ring->area = mmap(NULL, ring->size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, c->fd, page);
	return ring->area == MAP_FAILED ? -errno : 0;
}

/* Rings, and the interface. Returns 0 or -errno. */
static int start(struct client *c)
{
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex("v0"),
	};
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	int ret;

	if (getsockopt(c->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len))
		return -errno;
	ret = map_ring(c, &c->fill, XDP_UMEM_FILL_RING, at.fr, sizeof(__u64),
		       XDP_UMEM_PGOFF_FILL_RING) ?:
	      map_ring(c, &c->completion, XDP_UMEM_COMPLETION_RING, at.cr,
		       sizeof(__u64), XDP_UMEM_PGOFF_COMPLETION_RING) ?:
	      map_ring(c, &c->tx, XDP_TX_RING, at.tx, sizeof(struct xdp_desc),
		       XDP_PGOFF_TX_RING) ?:
	      map_ring(c, &c->rx, XDP_RX_RING, at.rx, sizeof(struct xdp_desc),
		       XDP_PGOFF_RX_RING);
	if (ret)
		return ret;
	return bind(c->fd, (void *)&addr, sizeof(addr)) ? -errno : 0;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* Packets that come to the interface go to the socket. Returns 0 or -errno. */
static int redirect(struct client *c)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_XSKMAP,
		.key_size = 4, .value_size = 4, .max_entries = 1,
	};
	__u32 key = 0;
	union bpf_attr update = {
		.key = (uintptr_t)&key, .value = (uintptr_t)&c->fd,
	};
	/* return bpf_redirect_map(map, 0, XDP_PASS) */
	struct bpf_insn insn[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD },
		{ },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3,
		  .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr prog = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insn_cnt = ARRAY_SIZE(insn), .insns = (uintptr_t)insn,
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr link = { };
	int ret;

	c->map = bpf(BPF_MAP_CREATE, &map);
	if (c->map < 0)
		return c->map;
	update.map_fd = c->map;
	ret = bpf(BPF_MAP_UPDATE_ELEM, &update);
	if (ret)
		return ret;
	insn[0].imm = c->map;
	c->prog = bpf(BPF_PROG_LOAD, &prog);
	if (c->prog < 0)
		return c->prog;
	link.link_create.prog_fd = c->prog;
	link.link_create.target_ifindex = if_nametoindex("v0");
	link.link_create.attach_type = BPF_XDP;
	link.link_create.flags = XDP_FLAGS_SKB_MODE;
	c->link = bpf(BPF_LINK_CREATE, &link);
	return c->link < 0 ? c->link : 0;
}

static __u32 *ring_word(struct ring *ring, __u64 offset)
{
	return (__u32 *)(ring->area + offset);
}

/* The next entry that we may fill; ring_put() hands it over. */
static void *ring_next(struct ring *ring, size_t entry)
{
	__u32 i = *ring_word(ring, ring->at.producer) % RING;

	return ring->area + ring->at.desc + i * entry;
}

static void ring_put(struct ring *ring)
{
	__atomic_fetch_add(ring_word(ring, ring->at.producer), 1,
			   __ATOMIC_RELEASE);
}

/* The next entry that the kernel filled, NULL when none comes. */
static void *ring_get(struct ring *ring, size_t entry)
{
	__u32 *producer = ring_word(ring, ring->at.producer);
	__u32 *consumer = ring_word(ring, ring->at.consumer);
	__u32 i = *consumer % RING;
	int tries = SECONDS;

	while (!WAIT_FOR(__atomic_load_n(producer, __ATOMIC_ACQUIRE) !=
			 *consumer))
		if (!--tries)
			return NULL;
	__atomic_store_n(consumer, *consumer + 1, __ATOMIC_RELEASE);
	return ring->area + ring->at.desc + i * entry;
}

/* A packet that nobody else sends. */
static void make_packet(char *packet, int seed)
{
	struct ethhdr *eth = (void *)packet;
	int i;

	memset(eth->h_dest, 0xff, ETH_ALEN);
	memset(eth->h_source, 2, ETH_ALEN);
	eth->h_proto = htobe16(PROTOCOL);
	for (i = sizeof(*eth); i < PACKET; i++)
		packet[i] = seed + i * 7;
}

/* Send a packet in a chunk of the umem. Returns what is wrong. */
static const char *send_packet(struct client *c, size_t addr, int seed)
{
	struct xdp_desc *desc = ring_next(&c->tx, sizeof(*desc));
	char want[PACKET], got[PACKET + 1];
	__u64 *done;

	make_packet(want, seed);
	memcpy(c->m.p + addr, want, PACKET);
	*desc = (struct xdp_desc){ .addr = addr, .len = PACKET };
	ring_put(&c->tx);
	if (sendto(c->fd, NULL, 0, MSG_DONTWAIT, NULL, 0))
		return "sendto failed";
	if (recv(c->peer, got, sizeof(got), 0) != PACKET)
		return "no packet came";
	if (memcmp(want, got, PACKET))
		return "another packet came";
	done = ring_get(&c->completion, sizeof(*done));
	return done && *done == addr ? FINE : "it was not completed";
}

/* Receive one in a chunk of the umem. Returns what is wrong. */
static const char *receive_packet(struct client *c, size_t addr, int seed)
{
	char want[PACKET];
	struct xdp_desc *desc;

	make_packet(want, seed);
	*(__u64 *)ring_next(&c->fill, sizeof(__u64)) = addr;
	ring_put(&c->fill);
	if (send(c->peer, want, PACKET, 0) != PACKET)
		return "no packet was sent";
	desc = ring_get(&c->rx, sizeof(*desc));
	if (!desc)
		return "no packet came";
	if (desc->addr / CHUNK * CHUNK != addr || desc->len != PACKET)
		return "it came to another place";
	if (memcmp(c->m.p + desc->addr, want, PACKET))
		return "another packet came";
	return FINE;
}

FIXTURE(umem)
{
	struct client c;
};

FIXTURE_VARIANT(umem)
{
	enum memory_kind kind;
	bool shared;
};

FIXTURE_VARIANT_ADD(umem, anon) { .kind = ANON };
FIXTURE_VARIANT_ADD(umem, thp) { .kind = THP };
FIXTURE_VARIANT_ADD(umem, hugetlb) { .kind = HUGETLB_2M };
FIXTURE_VARIANT_ADD(umem, memfd) { .kind = MEMFD, .shared = true };

FIXTURE_SETUP(umem)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, variant->shared));
	SKIP_IF(open_client(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(umem)
{
	close_client(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

TEST_F(umem, data_arrives)
{
	struct client *c = &self->c;
	size_t last = c->m.size - CHUNK;

	ASSERT_EQ(0, take(c));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
	ASSERT_EQ(0, start(c));
	EXPECT_FINE(send_packet(c, 0, 1));
	EXPECT_FINE(send_packet(c, last, 2));
	ASSERT_EQ(0, redirect(c));
	EXPECT_FINE(receive_packet(c, 0, 3));
	EXPECT_FINE(receive_packet(c, last, 4));
	EXPECT_EQ(memory_pages(&c->m), pins_held());
}

TEST_F(umem, killed)
{
	EXPECT_FINE(kill_holder(take, &self->c, memory_pages(&self->c.m)));
}

TEST_F(umem, fail_nth)
{
	static const int errors[] = { ENOMEM, ENOBUFS, ENFILE, 0 };

	EXPECT_FINE(fail_each(take, give, &self->c, errors));
}

/* A umem with a hole: what was pinned in front of it is given back. */
TEST(hole)
{
	struct client c = { };
	long taken;

	SKIP_IF(memory_map(&c.m, ANON, false));
	munmap(c.m.p + 2 * PAGE, PAGE);
	taken = pins_taken();
	EXPECT_GT(0, take(&c));
	EXPECT_EQ(2, pins_taken() - taken);
	EXPECT_EQ(0, pins_left());
}

FIXTURE(shared_file)
{
	struct client c;
};

FIXTURE_VARIANT(shared_file)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(shared_file, ext4) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(shared_file, xfs) { .kind = XFS };

FIXTURE_SETUP(shared_file)
{
	SKIP_IF(memory_map(&self->c.m, variant->kind, true));
	SKIP_IF(open_client(&self->c));
	ASSERT_EQ(0, pins_left());
}

FIXTURE_TEARDOWN(shared_file)
{
	close_client(&self->c);
	memory_unmap(&self->c.m);
	EXPECT_EQ(0, pins_left());
}

/* What comes after pages were written back gets to the disk as well. */
TEST_F(shared_file, dirty)
{
	struct client *c = &self->c;

	ASSERT_EQ(0, take(c));
	ASSERT_EQ(0, start(c));
	ASSERT_EQ(0, redirect(c));
	EXPECT_FINE(write_back(&c->m));
	EXPECT_EQ(0, dirty_pages(&c->m));
	EXPECT_FINE(receive_packet(c, PAGE, 5));
	close_client(c);
	EXPECT_EQ(0, pins_left());
	EXPECT_EQ(memory_pages(&c->m), dirty_pages(&c->m));
	EXPECT_FINE(data_lost(&c->m));
}

TEST_HARNESS_MAIN
