/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu device as VFIO hands it out, behind VT-d.  It has 4 KB of its own
 * and takes bus addresses below 256 MB.
 */
#ifndef CALLSITE_VFIO_H
#define CALLSITE_VFIO_H

#include <dirent.h>
#include <linux/vfio.h>

#include "callsite.h"

#define IOVA		0x1000000UL	/* where the device sees the memory */

/* Registers of edu, in its BAR 0 */
#define EDU_ID		0x00
#define EDU_DMA_FROM	0x80
#define EDU_DMA_TO	0x88
#define EDU_DMA_SIZE	0x90
#define EDU_DMA_COMMAND	0x98
#define EDU_DMA_START	1
#define EDU_DMA_OUT	2		/* from edu to memory */
#define EDU_BUFFER	0x40000UL
#define EDU_BAR_SIZE	0x100000UL

#define PCI_COMMAND		4
#define PCI_COMMAND_MASTER	4

struct client {
	struct memory m;
	int container, group, edu;
	char *bar;
	__u64 iova;		/* added to IOVA */
};

/* The first file in a folder that has @what in the file @name of its own. */
static inline bool find_device(const char *dir, const char *name,
			       const char *what, char *found, size_t size)
{
	DIR *folder = opendir(dir);
	char path[1024], text[32];
	struct dirent *entry;
	bool good = false;
	FILE *file;

	while (folder && !good && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "%s/%s/%s", dir, entry->d_name,
			 name);
		file = fopen(path, "re");
		if (!file)
			continue;
		good = fgets(text, sizeof(text), file) &&
		       !strncmp(text, what, strlen(what));
		snprintf(found, size, "%s", entry->d_name);
		fclose(file);
	}
	if (folder)
		closedir(folder);
	return good;
}

/* Give edu to vfio-pci, and find its group. NULL, or why there is none. */
static inline const char *find_edu(char *address, size_t size, char *group,
				   size_t group_size)
{
	const char *why = load_driver("vfio-pci") ?:
			  load_driver("vfio_iommu_type1");
	char path[1024], target[512];
	ssize_t len;

	if (why)
		return why;
	if (!find_device("/sys/bus/pci/devices", "device", "0x11e8", address,
			 size))
		return "no edu device";
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 address);
	file_write(path, "vfio-pci");
	file_write("/sys/bus/pci/drivers_probe", address);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return "no IOMMU for the edu device";
	target[len] = 0;
	snprintf(group, group_size, "/dev/vfio/%s", strrchr(target, '/') + 1);
	return access(group, R_OK | W_OK) ? "vfio-pci does not take edu" : NULL;
}

/* The device, with an IOMMU of our own. Returns NULL, or why there is none. */
static inline const char *open_edu(struct client *c)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	char address[256], group[600];
	const char *why;
	__u16 command;

	why = find_edu(address, sizeof(address), group, sizeof(group));
	if (why)
		return why;
	c->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	c->group = open(group, O_RDWR | O_CLOEXEC);
	if (c->container < 0 || c->group < 0 ||
	    ioctl(c->group, VFIO_GROUP_SET_CONTAINER, &c->container) ||
	    ioctl(c->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return "no VFIO container for edu";
	c->edu = ioctl(c->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (c->edu < 0 || ioctl(c->edu, VFIO_DEVICE_GET_REGION_INFO, &config) ||
	    ioctl(c->edu, VFIO_DEVICE_GET_REGION_INFO, &bar))
		return "edu cannot be opened";
	if (pread(c->edu, &command, 2, config.offset + PCI_COMMAND) != 2)
		return "edu cannot be configured";
	command |= PCI_COMMAND_MASTER;
	if (pwrite(c->edu, &command, 2, config.offset + PCI_COMMAND) != 2)
		return "edu cannot be configured";
	c->bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      c->edu, bar.offset);
	return c->bar == MAP_FAILED ? "edu cannot be mapped" : NULL;
}

static inline void close_edu(struct client *c)
{
	if (c->bar && c->bar != MAP_FAILED)
		munmap(c->bar, EDU_BAR_SIZE);
	if (c->edu > 0)
		close(c->edu);
	if (c->group > 0)
		close(c->group);
	if (c->container > 0)
		close(c->container);
	c->bar = NULL;
	c->edu = 0;
	c->group = 0;
	c->container = 0;
}

static inline int map_flags(struct client *c, int flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)c->m.p,
		.iova = IOVA + c->iova,
		.size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

/* The device may read and write the memory. Returns 0 or -errno. */
static inline int take(void *arg)
{
	return map_flags(arg, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
}

/* How much the device may no longer see. */
static inline size_t unmap(struct client *c)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = IOVA + c->iova,
		.size = c->m.size,
	};

	return ioctl(c->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? 0
								 : unmap.size;
}

static inline void give(void *arg)
{
	unmap(arg);
}

static inline void edu_write(struct client *c, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(c->bar + reg), value, __ATOMIC_SEQ_CST);
}

/* A word between edu's buffer and the memory. Returns whether it was done. */
static inline bool edu_dma(struct client *c, size_t off, bool out)
{
	__u64 *command = (__u64 *)(c->bar + EDU_DMA_COMMAND);
	int tries = 20;

	edu_write(c, EDU_DMA_FROM, out ? EDU_BUFFER : IOVA + off);
	edu_write(c, EDU_DMA_TO, out ? IOVA + off : EDU_BUFFER);
	edu_write(c, EDU_DMA_SIZE, sizeof(__u64));
	edu_write(c, EDU_DMA_COMMAND, EDU_DMA_START | (out ? EDU_DMA_OUT : 0));
	while (!WAIT_FOR(!(__atomic_load_n(command, __ATOMIC_SEQ_CST) &
			   EDU_DMA_START)))
		if (!--tries)
			return false;
	return true;
}

/* Have edu move each probe from the memory to itself and to where it was. */
static inline int edu_round(struct client *c, __u64 seed)
{
	int wrong = 0;
	size_t off;

	for (off = FIRST_PROBE; off < c->m.size; off += c->m.step) {
		__u64 *word = (__u64 *)(c->m.p + off);

		__atomic_store_n(word, probe_value(seed, off),
				 __ATOMIC_SEQ_CST);
		wrong += !edu_dma(c, off, false);
		__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
		wrong += !edu_dma(c, off, true);
	}
	return wrong + cpu_check(&c->m, seed);
}

/* Kilobytes that the process is charged for. */
static inline long locked(void)
{
	return file_number("/proc/self/status", "VmLck");
}

#endif
