/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO on POWER, and QEMU's test device edu behind it: edu has 4 KB of memory of
 * its own, and copies between that and a bus address.
 */
#ifndef PAGE_PIN_SPAPR_H
#define PAGE_PIN_SPAPR_H

#include <dirent.h>
#include <endian.h>
#include <linux/vfio.h>

#include "callsite.h"

#define EDU_ID		0x00
#define EDU_DMA_FROM	0x80
#define EDU_DMA_TO	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	1
#define EDU_DMA_IN	2	/* to the bus address */
#define EDU_MEMORY	0x40000
#define EDU_BYTES	2048	/* what it copies here; 4096 are too many for it */

struct edu {
	char name[32];		/* 0000:01:00.0 */
	int container, group, device;
	char *regs;
	size_t regs_size;
	bool swap;		/* its registers have the other byte order */
	__u64 iova;		/* the first bus address that may be mapped */
};

static inline bool sysfs_is(const char *dir, const char *file, const char *text)
{
	char path[512], got[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, got, sizeof(got) - 1) < 0)
		return false;
	close(fd);
	return !strncmp(got, text, strlen(text));
}

/* Find edu and give it to vfio-pci. Returns why that is not possible. */
static inline const char *edu_find(struct edu *edu)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;

	memset(edu, 0, sizeof(*edu));
	edu->container = -1;
	edu->group = -1;
	edu->device = -1;
	while (dir && (entry = readdir(dir)))
		if (sysfs_is(entry->d_name, "vendor", "0x1234") &&
		    sysfs_is(entry->d_name, "device", "0x11e8"))
			snprintf(edu->name, sizeof(edu->name), "%.31s",
				 entry->d_name);
	if (dir)
		closedir(dir);
	if (!edu->name[0])
		return "this machine has no edu";
	/* The second time it is known. */
	file_write("/sys/bus/pci/drivers/vfio-pci/new_id", "1234 11e8");
	return NULL;
}

static inline int edu_open_group(struct edu *edu)
{
	char path[128], link[256] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 edu->name);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio/%.100s", strrchr(link, '/') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* Its registers, and leave to reach memory by itself. */
static inline const char *edu_open_device(struct edu *edu)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	__u16 command = htole16(2 | 4);
	__u32 id;

	edu->device = ioctl(edu->group, VFIO_GROUP_GET_DEVICE_FD, edu->name);
	if (edu->device < 0 ||
	    ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return "the device cannot be opened";
	if (pwrite(edu->device, &command, sizeof(command), config.offset + 4) !=
	    sizeof(command))
		return "the device cannot be switched on";
	edu->regs_size = bar.size;
	edu->regs = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 edu->device, bar.offset);
	if (edu->regs == MAP_FAILED)
		return "its registers cannot be mapped";
	id = __atomic_load_n((__u32 *)(edu->regs + EDU_ID), __ATOMIC_SEQ_CST);
	edu->swap = (id & 0xff) != 0xed;
	return (edu->swap ? id >> 24 : id & 0xff) == 0xed ? NULL
		: "it is no edu";
}

/* Open it behind an IOMMU of this type. Returns NULL or what went wrong. */
static inline const char *edu_open(struct edu *edu, int type)
{
	struct vfio_iommu_spapr_tce_info info = { .argsz = sizeof(info) };

	edu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	edu->group = edu_open_group(edu);
	if (edu->container < 0 || edu->group < 0)
		return "there is no VFIO";
	if (ioctl(edu->group, VFIO_GROUP_SET_CONTAINER, &edu->container) ||
	    ioctl(edu->container, VFIO_SET_IOMMU, type))
		return "there is no such IOMMU";
	if (type == VFIO_SPAPR_TCE_IOMMU &&
	    ioctl(edu->container, VFIO_IOMMU_ENABLE))
		return "the IOMMU cannot be enabled";
	if (ioctl(edu->container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info))
		return "the IOMMU has no window";
	edu->iova = info.dma32_window_start;
	return edu_open_device(edu);
}

/* The registers that are mapped hold the device, and that its container. */
static inline void edu_close(struct edu *edu)
{
	if (edu->regs && edu->regs != MAP_FAILED)
		munmap(edu->regs, edu->regs_size);
	edu->regs = NULL;
	close(edu->device);
	close(edu->group);
	close(edu->container);
	edu->container = -1;
	edu->group = -1;
	edu->device = -1;
}

static inline void edu_write(struct edu *edu, int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(edu->regs + reg),
			 edu->swap ? __builtin_bswap64(value) : value,
			 __ATOMIC_SEQ_CST);
}

static inline __u64 edu_read(struct edu *edu, int reg)
{
	__u64 value = __atomic_load_n((__u64 *)(edu->regs + reg),
				      __ATOMIC_SEQ_CST);

	return edu->swap ? __builtin_bswap64(value) : value;
}

/* Copy the start of a page. Returns whether the device says that it is done. */
static inline bool edu_copy(struct edu *edu, __u64 iova, bool in)
{
	edu_write(edu, EDU_DMA_FROM, in ? EDU_MEMORY : iova);
	edu_write(edu, EDU_DMA_TO, in ? iova : EDU_MEMORY);
	edu_write(edu, EDU_DMA_COUNT, EDU_BYTES);
	edu_write(edu, EDU_DMA_CMD, EDU_DMA_START | (in ? EDU_DMA_IN : 0));
	return WAIT_FOR(!(edu_read(edu, EDU_DMA_CMD) & EDU_DMA_START));
}

/* @size bytes from @p on, at the bus address @iova. Returns 0 or -errno. */
static inline int edu_map(struct edu *edu, void *p, size_t size, __u64 iova,
			  int flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)p,
		.iova = iova,
		.size = size,
	};
	int ret = ioctl(edu->container, VFIO_IOMMU_MAP_DMA, &map);

	return ret < 0 ? -errno : ret;
}

static inline int edu_unmap(struct edu *edu, size_t size, __u64 iova)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	int ret = ioctl(edu->container, VFIO_IOMMU_UNMAP_DMA, &unmap);

	return ret < 0 ? -errno : ret;
}

#define EDU_BOTH_WAYS	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

#endif /* PAGE_PIN_SPAPR_H */
