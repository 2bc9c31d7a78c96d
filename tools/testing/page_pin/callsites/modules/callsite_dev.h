/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device file around the functions of a driver that take user pages and give
 * them back, and what a client says to it.
 *
 * A module here includes the source of a driver, fills in struct callsite_ops
 * with calls of the driver's own functions, and gets /dev/callsite_NAME.  The
 * client says what memory to hold, lets the device read and write what is held,
 * and has it given back; closing the file gives it back as well.  What the
 * device does to the data it does here, in the pages that the driver names, and
 * without marking them dirty: that is the driver's business.
 *
 * A driver that takes and gives back in one and the same call has no release().
 * It calls callsite_wait() where its hardware would be at work, and the ioctl
 * stays in there until the client, in another thread, says CALLSITE_RELEASE.
 *
 * One hold for each open file.
 */
#ifndef PAGE_PIN_CALLSITE_DEV_H
#define PAGE_PIN_CALLSITE_DEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Flags of struct callsite_hold. */
#define CALLSITE_TO_MEMORY	0x1U	/* the device writes, else it reads */
#define CALLSITE_NO_WAIT	0x2U	/* callsite_wait() does not wait */

/**
 * struct callsite_hold - take pages and keep them
 * @addr: address in the caller's memory
 * @len: bytes
 * @flags: CALLSITE_TO_MEMORY and so on
 * @how: for the driver, 0 unless it knows more than one way
 *
 * The ioctl returns 0, or the error of the driver, or -EBUSY if something is
 * held already.
 */
struct callsite_hold {
	__u64 addr;
	__u64 len;
	__u32 flags;
	__u32 how;
};

/**
 * struct callsite_io - let the device read or write what is held
 * @offset: from the first byte held
 * @buf: what is written, or room for what is read
 * @len: bytes
 *
 * The ioctl returns 0, -ENXIO if nothing is held, -EINVAL beyond its end, -EIO
 * if the driver has no page there.
 */
struct callsite_io {
	__u64 offset;
	__u64 buf;
	__u64 len;
};

#define CALLSITE_HOLD		_IOW('P', 0x60, struct callsite_hold)
#define CALLSITE_WRITE		_IOW('P', 0x61, struct callsite_io)
#define CALLSITE_READ		_IOW('P', 0x62, struct callsite_io)
/* Returns 0, or -ENXIO if nothing is held. */
#define CALLSITE_RELEASE	_IO('P', 0x63)

#ifdef __KERNEL__

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

/* One open file. */
struct callsite {
	unsigned long addr;		/* what the client wants held */
	unsigned long len;
	u32 flags;
	u32 how;
	void *priv;			/* priv_size bytes, zeroes at first */

	spinlock_t lock;		/* protects what follows */
	bool busy;			/* from hold to release */
	bool held;			/* the driver has the pages */
	bool go;			/* callsite_wait() is over */
	int users;			/* who reads and writes what is held */
	wait_queue_head_t wait;		/* for go, and for no users */
};

/**
 * struct callsite_ops - what a driver does
 * @name: of the device file, without "callsite_"
 * @priv_size: bytes at &callsite.priv
 * @hold: take the pages; 0 or -errno, with nothing taken
 * @release: give them back; NULL if @hold does so itself, after callsite_wait()
 * @page: the page that has byte @off of what is held, counted from the start of
 *	the first page, as the driver's hardware would find it; or NULL
 * @close: the file is closed, and what it held is given back; or NULL
 */
struct callsite_ops {
	const char *name;
	size_t priv_size;
	int (*hold)(struct callsite *cs);
	void (*release)(struct callsite *cs);
	struct page *(*page)(struct callsite *cs, unsigned long off);
	void (*close)(struct callsite *cs);
};

/* In each module, once. */
static const struct callsite_ops callsite_ops;

static inline bool callsite_to_memory(struct callsite *cs)
{
	return cs->flags & CALLSITE_TO_MEMORY;
}

/* Base pages that the range touches. */
static inline unsigned long callsite_pages(struct callsite *cs)
{
	return DIV_ROUND_UP(offset_in_page(cs->addr) + cs->len, PAGE_SIZE);
}

/* What is held may be looked at. Returns whether something is. */
static inline bool callsite_get(struct callsite *cs)
{
	bool held;

	spin_lock(&cs->lock);
	held = cs->held;
	cs->users += held;
	spin_unlock(&cs->lock);
	return held;
}

static inline void callsite_put(struct callsite *cs)
{
	spin_lock(&cs->lock);
	cs->users--;
	spin_unlock(&cs->lock);
	wake_up(&cs->wait);
}

static inline bool callsite_unused(struct callsite *cs)
{
	bool unused;

	spin_lock(&cs->lock);
	unused = !cs->users;
	spin_unlock(&cs->lock);
	return unused;
}

/* Nobody looks at it any more. Returns whether something was held. */
static inline bool callsite_end(struct callsite *cs)
{
	bool held;

	spin_lock(&cs->lock);
	held = cs->held;
	cs->held = false;
	spin_unlock(&cs->lock);
	wait_event(cs->wait, callsite_unused(cs));
	return held;
}

/* The pages are held, and the driver waits for its hardware. */
static inline void callsite_wait(struct callsite *cs)
{
	if (cs->flags & CALLSITE_NO_WAIT)
		return;

	spin_lock(&cs->lock);
	cs->held = true;
	spin_unlock(&cs->lock);
	/* A task that is killed gives its pages back, it has no client. */
	wait_event_killable(cs->wait, READ_ONCE(cs->go));
	callsite_end(cs);
}

static int callsite_open(struct inode *inode, struct file *file)
{
	struct callsite *cs = kzalloc(sizeof(*cs), GFP_KERNEL);

	if (!cs)
		return -ENOMEM;
	if (callsite_ops.priv_size) {
		cs->priv = kzalloc(callsite_ops.priv_size, GFP_KERNEL);
		if (!cs->priv) {
			kfree(cs);
			return -ENOMEM;
		}
	}
	spin_lock_init(&cs->lock);
	init_waitqueue_head(&cs->wait);
	file->private_data = cs;
	return 0;
}

static int callsite_close(struct inode *inode, struct file *file)
{
	struct callsite *cs = file->private_data;

	if (callsite_end(cs))
		callsite_ops.release(cs);
	if (callsite_ops.close)
		callsite_ops.close(cs);
	kfree(cs->priv);
	kfree(cs);
	return 0;
}

static long callsite_do_hold(struct callsite *cs,
			     struct callsite_hold __user *arg)
{
	struct callsite_hold hold;
	bool busy;
	int err;

	if (copy_from_user(&hold, arg, sizeof(hold)))
		return -EFAULT;
	if (!hold.len || hold.len > SZ_64M)
		return -EINVAL;
	spin_lock(&cs->lock);
	busy = cs->busy;
	cs->busy = true;
	spin_unlock(&cs->lock);
	if (busy)
		return -EBUSY;

	cs->addr = hold.addr;
	cs->len = hold.len;
	cs->flags = hold.flags;
	cs->how = hold.how;
	cs->go = false;
	err = callsite_ops.hold(cs);

	spin_lock(&cs->lock);
	cs->held = !err && callsite_ops.release;
	cs->busy = cs->held;
	spin_unlock(&cs->lock);
	return err;
}

static long callsite_do_io(struct callsite *cs, struct callsite_io __user *arg,
			   bool write)
{
	struct callsite_io io;
	unsigned long off, end, left;
	unsigned int len, in_page;
	void __user *buf;
	struct page *page;
	void *data;

	if (copy_from_user(&io, arg, sizeof(io)))
		return -EFAULT;
	if (io.offset > cs->len || io.len > cs->len - io.offset)
		return -EINVAL;

	buf = u64_to_user_ptr(io.buf);
	off = offset_in_page(cs->addr) + io.offset;
	end = off + io.len;
	for (; off < end; off += len, buf += len) {
		page = callsite_ops.page(cs, off);
		if (!page)
			return -EIO;
		in_page = offset_in_page(off);
		len = min(PAGE_SIZE - in_page, end - off);
		data = kmap(page);
		left = write ? copy_from_user(data + in_page, buf, len) :
			       copy_to_user(buf, data + in_page, len);
		kunmap(page);
		if (left)
			return -EFAULT;
	}
	return 0;
}

static long callsite_do_release(struct callsite *cs)
{
	if (!callsite_ops.release) {
		if (!callsite_get(cs))
			return -ENXIO;
		WRITE_ONCE(cs->go, true);
		callsite_put(cs);
		return 0;
	}

	if (!callsite_end(cs))
		return -ENXIO;
	callsite_ops.release(cs);
	spin_lock(&cs->lock);
	cs->busy = false;
	spin_unlock(&cs->lock);
	return 0;
}

static long callsite_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct callsite *cs = file->private_data;
	long ret;

	switch (cmd) {
	case CALLSITE_HOLD:
		return callsite_do_hold(cs, (void __user *)arg);
	case CALLSITE_WRITE:
	case CALLSITE_READ:
		if (!callsite_get(cs))
			return -ENXIO;
		ret = callsite_do_io(cs, (void __user *)arg,
				     cmd == CALLSITE_WRITE);
		callsite_put(cs);
		return ret;
	case CALLSITE_RELEASE:
		return callsite_do_release(cs);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations callsite_fops = {
	.owner = THIS_MODULE,
	.open = callsite_open,
	.release = callsite_close,
	.unlocked_ioctl = callsite_ioctl,
};

static struct miscdevice callsite_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.fops = &callsite_fops,
	.mode = 0600,
};

static inline int callsite_register(void)
{
	int err;

	callsite_misc.name = kasprintf(GFP_KERNEL, "callsite_%s",
				       callsite_ops.name);
	if (!callsite_misc.name)
		return -ENOMEM;
	err = misc_register(&callsite_misc);
	if (err)
		kfree(callsite_misc.name);
	return err;
}

static inline void callsite_unregister(void)
{
	misc_deregister(&callsite_misc);
	kfree(callsite_misc.name);
}

/*
 * A PCI device that is on no bus, for drivers that want one to map their pages:
 * what it cannot reach lies above @mask.
 */
static void callsite_pci_release(struct device *dev)
{
	kfree(to_pci_dev(dev));
}

static inline struct pci_dev *callsite_pci_dev(u64 mask)
{
	struct pci_dev *pdev = kzalloc(sizeof(*pdev), GFP_KERNEL);

	if (!pdev)
		return NULL;
	device_initialize(&pdev->dev);
	pdev->dev.release = callsite_pci_release;
	pdev->dma_mask = mask;
	pdev->dev.dma_mask = &pdev->dma_mask;
	pdev->dev.coherent_dma_mask = mask;
	pdev->dev.dma_parms = &pdev->dma_parms;
	if (dev_set_name(&pdev->dev, "callsite_%s", callsite_ops.name)) {
		put_device(&pdev->dev);
		return NULL;
	}
	return pdev;
}

static inline void callsite_pci_put(struct pci_dev *pdev)
{
	put_device(&pdev->dev);
}

/* The page behind an address that dma_map_*() gave to such a device. */
static inline struct page *callsite_dma_page(dma_addr_t addr)
{
	return pfn_valid(PHYS_PFN(addr)) ? pfn_to_page(PHYS_PFN(addr)) : NULL;
}

#endif /* __KERNEL__ */
#endif /* PAGE_PIN_CALLSITE_DEV_H */
