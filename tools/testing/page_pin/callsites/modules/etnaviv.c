// SPDX-License-Identifier: GPL-2.0-only
/*
 * etnaviv without the GPU: the driver's own functions take the pages of a
 * userptr object, and give them back when it is released.
 */
/* CFLAGS: -I$(srctree)/drivers/gpu/drm/etnaviv -Wno-unused-function -Wno-unused-variable */
#include "drivers/gpu/drm/etnaviv/etnaviv_gem.c"

#include "callsite_dev.h"

/* Of a GPU, of which there is none. */
int etnaviv_gpu_wait_obj_inactive(struct etnaviv_gpu *gpu,
				  struct etnaviv_gem_object *etnaviv_obj,
				  struct drm_etnaviv_timespec *timeout)
{
	WARN_ON_ONCE(1);
	return -ENODEV;
}

int etnaviv_iommu_map_gem(struct etnaviv_iommu_context *context,
			  struct etnaviv_gem_object *etnaviv_obj,
			  u32 memory_base, struct etnaviv_vram_mapping *mapping,
			  u64 va)
{
	WARN_ON_ONCE(1);
	return -ENODEV;
}

void etnaviv_iommu_unmap_gem(struct etnaviv_iommu_context *context,
			     struct etnaviv_vram_mapping *mapping)
{
	WARN_ON_ONCE(1);
}

void etnaviv_iommu_context_put(struct etnaviv_iommu_context *ctx)
{
	WARN_ON_ONCE(1);
}

static int etnaviv_hold(struct callsite *cs)
{
	struct etnaviv_gem_object *obj = cs->priv;

	memset(obj, 0, sizeof(*obj));
	obj->base.size = callsite_pages(cs) << PAGE_SHIFT;
	obj->userptr.ptr = cs->addr & PAGE_MASK;
	obj->userptr.mm = current->mm;
	obj->userptr.ro = !callsite_to_memory(cs);
	return etnaviv_gem_userptr_get_pages(obj);
}

static void etnaviv_release(struct callsite *cs)
{
	etnaviv_gem_userptr_release(cs->priv);
}

static struct page *etnaviv_page(struct callsite *cs, unsigned long off)
{
	struct etnaviv_gem_object *obj = cs->priv;

	return off < obj->base.size ? obj->pages[off >> PAGE_SHIFT] : NULL;
}

static const struct callsite_ops callsite_ops = {
	.name = "etnaviv",
	.priv_size = sizeof(struct etnaviv_gem_object),
	.hold = etnaviv_hold,
	.release = etnaviv_release,
	.page = etnaviv_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
MODULE_LICENSE("GPL v2");
