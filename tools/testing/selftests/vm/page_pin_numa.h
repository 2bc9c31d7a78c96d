/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes, zones and blocks of memory, for the tests page_pin_*.c that have pages
 * moved or taken away.  No libnuma: what is needed are three system calls.
 */
#ifndef PAGE_PIN_NUMA_H
#define PAGE_PIN_NUMA_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "page_pin.h"

/* Where the pages come from that this process touches next; -1 for anywhere. */
static inline int memory_from(int node)
{
	unsigned long mask = 1UL << node;

	if (node < 0)
		return syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	return syscall(SYS_set_mempolicy, MPOL_BIND, &mask,
		       8 * sizeof(mask));
}

/* The node of a page that is mapped, negative without one. */
static inline int node_of(void *addr)
{
	int status = -ENOENT;

	if (syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &status, 0))
		return -errno;
	return status;
}

/* Try to move one page. Returns its node then, or -errno. */
static inline int move_page(void *addr, int node)
{
	int status = -ENOENT;

	if (syscall(SYS_move_pages, 0, 1UL, &addr, &node, &status,
		    MPOL_MF_MOVE) < 0)
		return -errno;
	return status;
}

static inline bool node_has(int node, const char *what)
{
	char path[64], list[256] = "";
	int fd, first, last, used;
	char *p = list;
	bool has = false;

	snprintf(path, sizeof(path), "/sys/devices/system/node/%s", what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, list, sizeof(list) - 1) > 0)
		while (sscanf(p, "%d%n", &first, &used) == 1) {
			p += used;
			last = first;
			if (sscanf(p, "-%d%n", &last, &used) == 1)
				p += used;
			has |= node >= first && node <= last;
			p += *p == ',';
		}
	close(fd);
	return has;
}

/* A node other than @not with memory that is not only for what can be moved. */
static inline int other_node(int not)
{
	int node;

	for (node = 0; node < 64; node++)
		if (node != not && node_has(node, "has_normal_memory"))
			return node;
	return -1;
}

/* A node of which all memory is ZONE_MOVABLE, -1 without one. */
static inline int movable_node(void)
{
	int node;

	for (node = 0; node < 64; node++)
		if (node_has(node, "has_memory") &&
		    !node_has(node, "has_normal_memory"))
			return node;
	return -1;
}

/* Is it in one of the areas that CMA keeps? Asks CONFIG_CMA_DEBUGFS. */
static inline bool in_cma(long pfn)
{
	const char *dir = "/sys/kernel/debug/cma";
	struct dirent *area;
	DIR *areas = opendir(dir);
	char path[512];
	bool in = false;
	long base, count;

	while (areas && (area = readdir(areas))) {
		snprintf(path, sizeof(path), "%s/%s/base_pfn", dir,
			 area->d_name);
		base = file_number(path, "");
		snprintf(path, sizeof(path), "%s/%s/count", dir,
			 area->d_name);
		count = file_number(path, "");
		in |= base > 0 && pfn >= base && pfn < base + count;
	}
	if (areas)
		closedir(areas);
	return in;
}

/* A node with CMA on it, -1 without one. */
static inline int cma_node(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	int node = -1, found = -1;
	char line[256];
	long pages;

	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d,", &node) != 1 &&
		    sscanf(line, " nr_free_cma %ld", &pages) == 1 && pages > 0)
			found = node;
	}
	if (file)
		fclose(file);
	return found;
}

/* The path of the file that says whether the block of memory is online. */
static inline const char *block_of(long pfn, char *path, size_t size)
{
	char text[32] = "";
	unsigned long bytes;
	int fd = open("/sys/devices/system/memory/block_size_bytes",
		      O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (read(fd, text, sizeof(text) - 1) < 1)
		text[0] = '\0';
	close(fd);
	bytes = strtoul(text, NULL, 16);
	if (!bytes)
		return NULL;
	snprintf(path, size, "/sys/devices/system/memory/memory%lu/state",
		 pfn * PAGE / bytes);
	return path;
}

static inline void on_alarm(int sig)
{
	(void)sig;
}

/*
 * Take a block offline. The kernel goes on trying until there is a signal, so it
 * gets one, and more in case the first comes too early. Returns 0 or -errno.
 */
static inline int block_offline(const char *path, int seconds)
{
	struct sigaction interrupt = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_value.tv_sec = seconds,
		.it_interval.tv_sec = 1,
	};
	int ret;

	sigaction(SIGALRM, &interrupt, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ret = file_write(path, "offline");
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	return ret;
}

static inline int block_online(const char *path)
{
	return file_write(path, "online_movable");
}

#endif /* PAGE_PIN_NUMA_H */
