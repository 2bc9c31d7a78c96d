// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's end of a queue pair of VMCI, by the functions that the driver
 * exports for such ends.  See vmci_peer.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmw_vmci_api.h>
#include <linux/vmw_vmci_defs.h>

#include "vmci_peer.h"

struct peer {
	struct mutex lock;	/* protects qpair, which never changes once set */
	struct vmci_qp *qpair;
};

static int peer_open(struct inode *inode, struct file *file)
{
	struct peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);

	if (!peer)
		return -ENOMEM;
	mutex_init(&peer->lock);
	file->private_data = peer;
	return 0;
}

static int peer_release(struct inode *inode, struct file *file)
{
	struct peer *peer = file->private_data;

	if (peer->qpair)
		vmci_qpair_detach(&peer->qpair);
	kfree(peer);
	return 0;
}

/* What the client produces is what this end consumes. */
static long peer_attach(struct peer *peer, struct vmci_peer_attach *arg)
{
	struct vmci_handle handle = vmci_make_handle(arg->context,
						     arg->resource);
	int ret;

	if (peer->qpair)
		return -EBUSY;
	ret = vmci_qpair_alloc(&peer->qpair, &handle, arg->consume,
			       arg->produce, arg->context,
			       VMCI_QPFLAG_ATTACH_ONLY,
			       VMCI_NO_PRIVILEGE_FLAGS);
	if (ret >= VMCI_SUCCESS)
		return 0;

	pr_info("VMCI says %d\n", ret);
	peer->qpair = NULL;
	return -EIO;
}

static long peer_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct peer *peer = file->private_data;
	struct vmci_peer_attach arg;
	long ret;

	if (cmd != VMCI_PEER_ATTACH)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)user, sizeof(arg)))
		return -EFAULT;

	mutex_lock(&peer->lock);
	ret = peer_attach(peer, &arg);
	mutex_unlock(&peer->lock);
	return ret;
}

static ssize_t peer_write(struct file *file, const char __user *from,
			  size_t len, loff_t *pos)
{
	struct peer *peer = file->private_data;
	ssize_t ret;
	void *data;

	data = memdup_user(from, len);
	if (IS_ERR(data))
		return PTR_ERR(data);

	mutex_lock(&peer->lock);
	ret = peer->qpair ? vmci_qpair_enqueue(peer->qpair, data, len, 0)
			  : -ENXIO;
	mutex_unlock(&peer->lock);
	kfree(data);
	return peer->qpair && ret < 0 ? -EIO : ret;
}

static ssize_t peer_read(struct file *file, char __user *to, size_t len,
			 loff_t *pos)
{
	struct peer *peer = file->private_data;
	ssize_t ret;
	void *data;

	data = kmalloc(len, GFP_USER);
	if (!data)
		return -ENOMEM;

	mutex_lock(&peer->lock);
	ret = peer->qpair ? vmci_qpair_dequeue(peer->qpair, data, len, 0)
			  : -ENXIO;
	mutex_unlock(&peer->lock);
	if (ret > 0 && copy_to_user(to, data, ret))
		ret = -EFAULT;
	else if (peer->qpair && ret < 0)
		ret = -EIO;
	kfree(data);
	return ret;
}

static const struct file_operations peer_fops = {
	.owner = THIS_MODULE,
	.open = peer_open,
	.release = peer_release,
	.unlocked_ioctl = peer_ioctl,
	.read = peer_read,
	.write = peer_write,
	.llseek = no_llseek,
};

static struct miscdevice peer_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmci_peer",
	.fops = &peer_fops,
};

module_misc_device(peer_dev);
MODULE_LICENSE("GPL v2");
