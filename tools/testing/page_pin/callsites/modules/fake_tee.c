// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trusted side of the TEE subsystem, as far as it shares memory with a
 * process: /dev/tee0 and the real ioctls of drivers/tee, with nothing trusted
 * below.
 *
 * TEE_IOC_INVOKE has it write (function 0) or read (function 1) a value of 64
 * bits: the first parameter says where in the memory, the second one has the
 * value.  It does so in the pages that it was given, and without marking them
 * dirty.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/tee_drv.h>
#include <uapi/linux/tee.h>

static struct platform_device *fake_tee_parent;
static struct tee_device *fake_tee_device;

/* Refuse the next registration, when everything else has been done. */
static bool refuse;
module_param(refuse, bool, 0600);

static void fake_tee_get_version(struct tee_device *teedev,
				 struct tee_ioctl_version_data *vers)
{
	struct tee_ioctl_version_data v = {
		.impl_id = TEE_IMPL_ID_OPTEE,
		.gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM,
	};

	*vers = v;
}

static int fake_tee_open(struct tee_context *ctx)
{
	return 0;
}

static void fake_tee_release(struct tee_context *ctx)
{
}

static int fake_tee_invoke(struct tee_context *ctx,
			   struct tee_ioctl_invoke_arg *arg,
			   struct tee_param *param)
{
	struct tee_param_memref *ref = &param[0].u.memref;
	struct page *page;
	size_t off;
	u64 *word;

	if (arg->num_params != 2 ||
	    (param[0].attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) !=
	    TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT ||
	    (param[1].attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) !=
	    TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT)
		return -EINVAL;
	if (ref->shm->size < sizeof(*word) ||
	    ref->shm_offs > ref->shm->size - sizeof(*word))
		return -EINVAL;

	off = ref->shm->offset + ref->shm_offs;
	if (off % sizeof(*word))
		return -EINVAL;
	page = ref->shm->pages[off / PAGE_SIZE];
	word = kmap(page) + offset_in_page(off);
	if (arg->func)
		param[1].u.value.a = *word;
	else
		*word = param[1].u.value.a;
	kunmap(page);
	arg->ret = 0;
	return 0;
}

static int fake_tee_shm_register(struct tee_context *ctx, struct tee_shm *shm,
				 struct page **pages, size_t num_pages,
				 unsigned long start)
{
	return refuse ? -EACCES : 0;
}

static int fake_tee_shm_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	return 0;
}

static const struct tee_driver_ops fake_tee_ops = {
	.get_version = fake_tee_get_version,
	.open = fake_tee_open,
	.release = fake_tee_release,
	.invoke_func = fake_tee_invoke,
	.shm_register = fake_tee_shm_register,
	.shm_unregister = fake_tee_shm_unregister,
};

static const struct tee_desc fake_tee_desc = {
	.name = "fake_tee",
	.ops = &fake_tee_ops,
	.owner = THIS_MODULE,
};

static int __init fake_tee_init(void)
{
	int err;

	fake_tee_parent = platform_device_register_simple("fake_tee", -1, NULL,
							  0);
	if (IS_ERR(fake_tee_parent))
		return PTR_ERR(fake_tee_parent);

	fake_tee_device = tee_device_alloc(&fake_tee_desc,
					   &fake_tee_parent->dev, NULL, NULL);
	if (IS_ERR(fake_tee_device)) {
		err = PTR_ERR(fake_tee_device);
		goto no_device;
	}
	err = tee_device_register(fake_tee_device);
	if (err)
		goto no_register;
	return 0;

no_register:
	tee_device_unregister(fake_tee_device);
no_device:
	platform_device_unregister(fake_tee_parent);
	return err;
}
module_init(fake_tee_init);

static void __exit fake_tee_exit(void)
{
	tee_device_unregister(fake_tee_device);
	platform_device_unregister(fake_tee_parent);
}
module_exit(fake_tee_exit);

MODULE_DESCRIPTION("Trusted side that is not, for tests of shared memory");
MODULE_LICENSE("GPL v2");
