// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device without a device: vfio_pin_pages() as GPU drivers call it.
 * See vfio_mediated.h.  To have one, write a UUID to the file create below
 * /sys/devices/vfio_mediated/mdev_supported_types/.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "vfio_mediated.h"

struct state {
	struct mutex lock;		/* protects what is pinned */
	struct mdev_device *mdev;
	struct notifier_block unmapped;
	unsigned int nr;		/* pages pinned */
	unsigned long user[VFIO_PIN_PAGES_MAX_ENTRIES];
	unsigned long pfn[VFIO_PIN_PAGES_MAX_ENTRIES];
};

static long unpin(struct state *s)
{
	int ret;

	lockdep_assert_held(&s->lock);
	if (!s->nr)
		return -ENXIO;
	ret = vfio_unpin_pages(mdev_dev(s->mdev), s->user, s->nr);
	if (ret != s->nr)
		pr_warn("unpinned %d of %u pages\n", ret, s->nr);
	s->nr = 0;
	return 0;
}

static long pin(struct state *s, struct vfio_mediated_range *range)
{
	unsigned int i;
	int ret;

	if (s->nr)
		return -EBUSY;
	if (!range->nr_pages || range->nr_pages > VFIO_PIN_PAGES_MAX_ENTRIES)
		return -EINVAL;
	for (i = 0; i < range->nr_pages; i++)
		s->user[i] = (range->iova >> PAGE_SHIFT) + i;

	ret = vfio_pin_pages(mdev_dev(s->mdev), s->user, range->nr_pages,
			     IOMMU_READ | IOMMU_WRITE, s->pfn);
	if (ret < 0)
		return ret;
	s->nr = ret;
	return 0;
}

static long write_word(struct state *s, struct vfio_mediated_write *arg)
{
	struct page *page;
	char *data;

	if (arg->offset & 7 || arg->offset >> PAGE_SHIFT >= s->nr)
		return -ENXIO;
	page = pfn_to_page(s->pfn[arg->offset >> PAGE_SHIFT]);
	data = kmap(page);
	WRITE_ONCE(*(u64 *)(data + offset_in_page(arg->offset)), arg->value);
	kunmap(page);
	return 0;
}

/* VFIO is about to unmap something, and asks until it is unpinned. */
static int unmapped(struct notifier_block *nb, unsigned long event, void *data)
{
	struct state *s = container_of(nb, struct state, unmapped);

	if (event == VFIO_IOMMU_NOTIFY_DMA_UNMAP) {
		mutex_lock(&s->lock);
		unpin(s);
		mutex_unlock(&s->lock);
	}
	return NOTIFY_OK;
}

static int mediated_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct state *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	mutex_init(&s->lock);
	s->mdev = mdev;
	s->unmapped.notifier_call = unmapped;
	mdev_set_drvdata(mdev, s);
	return 0;
}

static int mediated_remove(struct mdev_device *mdev)
{
	kfree(mdev_get_drvdata(mdev));
	return 0;
}

static int mediated_open(struct mdev_device *mdev)
{
	unsigned long events = VFIO_IOMMU_NOTIFY_DMA_UNMAP;
	struct state *s = mdev_get_drvdata(mdev);

	return vfio_register_notifier(mdev_dev(mdev), VFIO_IOMMU_NOTIFY,
				      &events, &s->unmapped);
}

static void mediated_release(struct mdev_device *mdev)
{
	struct state *s = mdev_get_drvdata(mdev);

	mutex_lock(&s->lock);
	unpin(s);
	mutex_unlock(&s->lock);
	vfio_unregister_notifier(mdev_dev(mdev), VFIO_IOMMU_NOTIFY,
				 &s->unmapped);
}

static long mediated_ioctl(struct mdev_device *mdev, unsigned int cmd,
			   unsigned long user)
{
	struct state *s = mdev_get_drvdata(mdev);
	union {
		struct vfio_mediated_range range;
		struct vfio_mediated_write write;
	} arg = { };
	long ret;

	if (cmd != VFIO_MEDIATED_PIN && cmd != VFIO_MEDIATED_UNPIN &&
	    cmd != VFIO_MEDIATED_WRITE)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;

	mutex_lock(&s->lock);
	if (cmd == VFIO_MEDIATED_PIN)
		ret = pin(s, &arg.range);
	else if (cmd == VFIO_MEDIATED_UNPIN)
		ret = unpin(s);
	else
		ret = write_word(s, &arg.write);
	mutex_unlock(&s->lock);
	return ret;
}

static struct attribute *no_attrs[] = { NULL };

static struct attribute_group only_type = {
	.name = "1",
	.attrs = no_attrs,
};

static struct attribute_group *types[] = { &only_type, NULL };

static const struct mdev_parent_ops mediated_ops = {
	.owner = THIS_MODULE,
	.supported_type_groups = types,
	.create = mediated_create,
	.remove = mediated_remove,
	.open = mediated_open,
	.release = mediated_release,
	.ioctl = mediated_ioctl,
};

static struct device *parent;

static int __init mediated_init(void)
{
	int ret;

	parent = root_device_register("vfio_mediated");
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	ret = mdev_register_device(parent, &mediated_ops);
	if (ret)
		root_device_unregister(parent);
	return ret;
}

static void __exit mediated_exit(void)
{
	mdev_unregister_device(parent);
	root_device_unregister(parent);
}

module_init(mediated_init);
module_exit(mediated_exit);
MODULE_LICENSE("GPL v2");
