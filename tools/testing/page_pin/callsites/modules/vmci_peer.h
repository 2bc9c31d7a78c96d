/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/vmci_peer: the host's end of a queue pair of VMCI, whose other end a
 * client has made with /dev/vmci.  write() puts data into the memory of the
 * client, read() takes it out.
 */
#ifndef VMCI_PEER_H
#define VMCI_PEER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct vmci_peer_attach - attach to a queue pair, until the file is closed
 * @context: of the client
 * @resource: number of the queue pair
 * @produce: bytes of the queue that the client writes to
 * @consume: bytes of the queue that the client reads
 */
struct vmci_peer_attach {
	__u32 context;
	__u32 resource;
	__u64 produce;
	__u64 consume;
};

/* Returns 0, -EBUSY if the file has a queue pair, -EIO for what VMCI refuses. */
#define VMCI_PEER_ATTACH	_IOW('P', 0x70, struct vmci_peer_attach)

#endif /* VMCI_PEER_H */
