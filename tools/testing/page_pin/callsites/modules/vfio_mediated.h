/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mediated device of VFIO that pins memory of its user when it is told to, and
 * writes to it.  Its ioctls, beside those of VFIO.
 */
#ifndef VFIO_MEDIATED_H
#define VFIO_MEDIATED_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* One at a time, up to 512 pages. */
struct vfio_mediated_range {
	__u64 iova;
	__u32 nr_pages;
	__u32 reserved;
};

struct vfio_mediated_write {
	__u64 offset;		/* in the range */
	__u64 value;
};

/* Each returns 0 or what VFIO returned; -EBUSY, or -ENXIO without a range. */
#define VFIO_MEDIATED_PIN	_IOW('P', 0x78, struct vfio_mediated_range)
#define VFIO_MEDIATED_UNPIN	_IO('P', 0x79)
#define VFIO_MEDIATED_WRITE	_IOW('P', 0x7a, struct vfio_mediated_write)

#endif /* VFIO_MEDIATED_H */
