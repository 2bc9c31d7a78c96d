/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring as a device: it pins the memory as a fixed buffer.  Reading a file
 * on tmpfs into the buffer is a write of the device, writing the buffer to the
 * file is a read of it.
 */
#ifndef PAGE_PIN_URING_H
#define PAGE_PIN_URING_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "page_pin.h"

struct uring {
	int fd;			/* -1 without one */
	int file;		/* what it reads and writes */
	struct memory *m;
	char *ring;		/* both queues */
	size_t ring_size;
	struct io_uring_sqe *sqe;
	struct io_uring_params p;
};

static inline unsigned int *uring_word(struct uring *u, unsigned int offset)
{
	return (unsigned int *)(u->ring + offset);
}

static inline const char *uring_open(struct uring *u)
{
	memset(u, 0, sizeof(*u));
	u->file = -1;
	u->fd = syscall(SYS_io_uring_setup, 1, &u->p);
	if (u->fd < 0 || !(u->p.features & IORING_FEAT_SINGLE_MMAP))
		return "no io_uring";
	u->ring_size = u->p.cq_off.cqes +
		       u->p.cq_entries * sizeof(struct io_uring_cqe);
	u->ring = mmap(NULL, u->ring_size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQ_RING);
	u->sqe = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQES);
	/* A child must not have part in the rings. */
	if (u->ring == MAP_FAILED || u->sqe == MAP_FAILED ||
	    madvise(u->ring, u->ring_size, MADV_DONTFORK) ||
	    madvise(u->sqe, PAGE, MADV_DONTFORK))
		return "io_uring cannot be mapped";
	u->file = memfd_create("page_pin_uring", MFD_CLOEXEC);
	return u->file < 0 || ftruncate(u->file, PAGE) ? "no memfd" : NULL;
}

/* Pin @m. Returns 0 or -errno. */
static inline int uring_take(struct uring *u, struct memory *m)
{
	struct iovec iov = { .iov_base = m->p, .iov_len = m->size };

	u->m = m;
	return syscall(SYS_io_uring_register, u->fd, IORING_REGISTER_BUFFERS,
		       &iov, 1) ? -errno : 0;
}

static inline int uring_give(struct uring *u)
{
	return syscall(SYS_io_uring_register, u->fd,
		       IORING_UNREGISTER_BUFFERS, NULL, 0) ? -errno : 0;
}

/* The pins go some time after the last reference to the ring, mappings too. */
static inline void uring_close(struct uring *u)
{
	if (u->fd >= 0 && u->ring && u->ring != MAP_FAILED)
		munmap(u->ring, u->ring_size);
	if (u->fd >= 0 && u->sqe && u->sqe != MAP_FAILED)
		munmap(u->sqe, PAGE);
	if (u->fd >= 0)
		close(u->fd);
	if (u->file >= 0)
		close(u->file);
	u->fd = -1;
	u->file = -1;
}

/* One word between the start of the file and the buffer. Returns bytes done. */
static inline int uring_io(struct uring *u, int opcode, size_t off)
{
	unsigned int head = *uring_word(u, u->p.cq_off.head);
	unsigned int tail = *uring_word(u, u->p.sq_off.tail);
	unsigned int cqe_mask = *uring_word(u, u->p.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (void *)(u->ring + u->p.cq_off.cqes);

	memset(u->sqe, 0, sizeof(*u->sqe));
	u->sqe->opcode = opcode;
	u->sqe->fd = u->file;
	u->sqe->addr = (uintptr_t)u->m->p + off;
	u->sqe->len = sizeof(__u64);
	*uring_word(u, u->p.sq_off.array) = 0;
	__atomic_store_n(uring_word(u, u->p.sq_off.tail), tail + 1,
			 __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) != 1)
		return -errno;
	if (__atomic_load_n(uring_word(u, u->p.cq_off.tail),
			    __ATOMIC_ACQUIRE) == head)
		return -EAGAIN;
	__atomic_store_n(uring_word(u, u->p.cq_off.head), head + 1,
			 __ATOMIC_RELEASE);
	return cqes[head & cqe_mask].res;
}

/* As dev_write() and dev_check(). */
static inline int uring_write(struct uring *u, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < u->m->size; off += u->m->step) {
		__u64 value = probe_value(seed, off);

		wrong += pwrite(u->file, &value, sizeof(value), 0) !=
				sizeof(value) ||
			 uring_io(u, IORING_OP_READ_FIXED, off) !=
				sizeof(value);
	}
	return wrong;
}

static inline int uring_check(struct uring *u, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < u->m->size; off += u->m->step) {
		__u64 value = 0;

		wrong += uring_io(u, IORING_OP_WRITE_FIXED, off) !=
				sizeof(value) ||
			 pread(u->file, &value, sizeof(value), 0) !=
				sizeof(value) ||
			 value != probe_value(seed, off);
	}
	return wrong;
}

#endif /* PAGE_PIN_URING_H */
