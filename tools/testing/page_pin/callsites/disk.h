/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk that can be stopped with requests in it: a linear mapping of the device
 * mapper over the NVMe disk, so that it is a device that writes to memory.  And
 * the ways to read and write it past the page cache: by a thread that waits, or
 * by asynchronous I/O.
 */
#ifndef PAGE_PIN_DISK_H
#define PAGE_PIN_DISK_H

#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "callsite.h"

#define NVME_DISK	"/dev/nvme0n1"
#define DISK		"/dev/mapper/page_pin"

/* Make the disk. Returns NULL, or why there is none. */
static inline const char *disk_make(void)
{
	if (load_driver("nvme"))
		return "no driver for NVMe disks";
	if (!WAIT_FOR(!access(NVME_DISK, R_OK | W_OK)))
		return "no NVMe disk";
	if (load_driver("dm-mod"))
		return "no device mapper";
	if (!access(DISK, R_OK))
		return NULL;
	return shell("DM_DISABLE_UDEV=1 dmsetup create page_pin --table "
		     "\"0 $(cat /sys/block/nvme0n1/size) linear " NVME_DISK " 0\"")
	       ? NULL : "no disk of the device mapper";
}

/*
 * Requests that come from now on wait.  A process that waits for them cannot be
 * killed, so should the case fail, somebody else lets the disk go on.
 */
static struct {
	FILE *pipe;
} disk_guard;

static inline bool disk_stop(void)
{
	disk_guard.pipe = popen("bash -c 'read -rt 30; [ $? -le 128 ] || "
			   "DM_DISABLE_UDEV=1 dmsetup resume page_pin'", "we");
	return disk_guard.pipe &&
	       shell("DM_DISABLE_UDEV=1 dmsetup suspend --noflush --nolockfs page_pin");
}

static inline bool disk_go(void)
{
	bool gone = shell("DM_DISABLE_UDEV=1 dmsetup resume page_pin");

	if (disk_guard.pipe) {
		fputc('\n', disk_guard.pipe);
		pclose(disk_guard.pipe);
		disk_guard.pipe = NULL;
	}
	return gone;
}

/* Where a file system on the disk, or on a loop device, is mounted. */
#define DISK_DIR	"/run/pin/disk"

static inline const char *disk_mount(const char *type)
{
	const char *why = disk_make();

	if (why)
		return why;
	mkdir(DISK_DIR, 0700);
	/* A case that was skipped half-way has left it as it was. */
	shell("losetup -D");
	while (!umount(DISK_DIR))
		;
	/* No page goes to two places of the disk, which would pin it twice. */
	if (load_driver(type) || !shell("mkfs.%s -q -F -b 4096 " DISK, type))
		return "no such file system";
	return mount(DISK, DISK_DIR, type, 0, NULL) ? "it cannot be mounted"
						    : NULL;
}

/* A file of that size on it, opened for direct I/O, or -1. */
static inline int disk_file(const char *name, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", DISK_DIR, name);
	/* Its blocks are there when direct I/O writes to them. */
	if (!shell("dd if=/dev/zero of=%s bs=64k count=%zu conv=fsync status=none",
		   path, (size + 65535) >> 16))
		return -1;
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	return fd;
}

/* One read or write, of at most four parts of memory. */
struct transfer {
	int fd;
	bool in;
	struct iovec iov[4];
	int parts;
	off_t off;
	ssize_t ret;		/* bytes, or -errno */
	pthread_t thread;
	aio_context_t aio;
};

static inline ssize_t transfer(struct transfer *t)
{
	ssize_t ret = t->in ? preadv(t->fd, t->iov, t->parts, t->off)
			    : pwritev(t->fd, t->iov, t->parts, t->off);

	t->ret = ret < 0 ? -errno : ret;
	return t->ret;
}

static inline ssize_t transfer_all(struct memory *m, int fd, bool in)
{
	struct transfer t = {
		.fd = fd,
		.in = in,
		.iov = { { m->p, m->size } },
		.parts = 1,
	};

	return transfer(&t);
}

static inline void *transfer_thread(void *arg)
{
	transfer(arg);
	return NULL;
}

/* Begin it in a thread of its own, and wait for it to end. */
static inline int transfer_begin(struct transfer *t)
{
	return pthread_create(&t->thread, NULL, transfer_thread, t);
}

static inline ssize_t transfer_end(struct transfer *t)
{
	pthread_join(t->thread, NULL);
	return t->ret;
}

/* The same by asynchronous I/O. Returns 0 or -errno. */
static inline int transfer_submit(struct transfer *t)
{
	struct iocb iocb = {
		.aio_fildes = t->fd,
		.aio_lio_opcode = t->in ? IOCB_CMD_PREADV : IOCB_CMD_PWRITEV,
		.aio_buf = (uintptr_t)t->iov,
		.aio_nbytes = t->parts,
		.aio_offset = t->off,
	};
	struct iocb *iocbs[] = { &iocb };

	t->aio = 0;
	if (syscall(SYS_io_setup, 1, &t->aio))
		return -errno;
	return syscall(SYS_io_submit, t->aio, 1, iocbs) == 1 ? 0 : -errno;
}

static inline ssize_t transfer_reap(struct transfer *t)
{
	struct io_event event;

	t->ret = syscall(SYS_io_getevents, t->aio, 1, 1, &event, NULL) == 1
		 ? event.res : -errno;
	syscall(SYS_io_destroy, t->aio);
	return t->ret;
}

#endif /* PAGE_PIN_DISK_H */
