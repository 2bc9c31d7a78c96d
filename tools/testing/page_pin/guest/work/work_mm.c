// SPDX-License-Identifier: GPL-2.0-only
/*
 * What those pay who never pin: page faults, fork(), copy on write and reclaim,
 * with no pin anywhere.
 *
 * work_mm MODE KIND MB
 */
#define _GNU_SOURCE
#include <signal.h>

#include "kinds.h"

static char *p;
static size_t size;
static int file = -1;
static pid_t child;

/*
 * fault, fault-file: write to each page for the first time; unmap it, and free
 * the file.
 */

static void fresh(void)
{
	int flags = MAP_FIXED | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS
					  : MAP_SHARED);

	if (file >= 0)
		need(!ftruncate(file, size), "ftruncate");
	need(mmap(p, size, PROT_READ | PROT_WRITE, flags, file, 0) == p,
	     "mmap");
}

static void fresh_small(void)
{
	fresh();
	need(!madvise(p, size, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
}

static void fresh_huge(void)
{
	fresh();
	need(!madvise(p, size, MADV_HUGEPAGE), "MADV_HUGEPAGE");
}

static void touch_all(void)
{
	touch(p, size);
}

static void check_small(void)
{
	need_kind(p, size, "4K");
}

static void check_huge(void)
{
	need_kind(p, size, "THP");
}

static void unmap(void)
{
	need(!munmap(p, size), "munmap");
	if (file >= 0)
		need(!ftruncate(file, 0), "ftruncate");
}

/* fork: until the parent goes on; what the child does, until it is reaped. */

static void fork_child(void)
{
	child = fork();
	if (!child)
		_exit(0);
}

static void check_child(void)
{
	need(child > 0, "fork");
}

static void reap(void)
{
	int status;

	need(waitpid(child, &status, 0) == child && WIFEXITED(status), "wait");
}

/* cow: write to what a child has as well; end the child. */

static void fork_pause(void)
{
	child = fork();
	while (!child)
		pause();
	check_child();
	usleep(10000);
}

static void end_child(void)
{
	int status;

	need(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child,
	     "the end of the child");
}

/* reclaim, reclaim-file: page out, and bring back in. */

static void page_out(void)
{
	need(!madvise(p, size, MADV_PAGEOUT), "MADV_PAGEOUT");
}

static void check_gone(void)
{
	need_gone(p, size);
}

static void read_all(void)
{
	size_t off;

	for (off = 0; off < size; off += PAGE)
		__atomic_load_n((long *)(p + off), __ATOMIC_RELAXED);
}

/* Clean pages that were written, so they have buffers, mapped read-only. */
static void write_file(void)
{
	char text[PAGE];
	size_t off;

	memset(text, 'x', sizeof(text));
	for (off = 0; off < size; off += PAGE)
		need(pwrite(file, text, PAGE, off) == PAGE, "pwrite");
	need(!fsync(file), "fsync");
	need(mmap(p, size, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) == p,
	     "mmap");
	read_all();
}

static void check_read(void)
{
	need(*p == 'x' && p[size - 1] == 'x', "the file");
}

static const struct work works[] = {
	{ "fault", "4K", 1, .prepare = fresh_small, .acquire = touch_all,
	  .check = check_small, .release = unmap },
	{ "fault", "THP", HUGE_PAGES, .prepare = fresh_huge, .acquire = touch_all,
	  .check = check_huge, .release = unmap },
	{ "fault-file", "4K", 1, .prepare = fresh, .acquire = touch_all,
	  .check = check_small, .release = unmap },
	{ "fork", "4K", 0, .acquire = fork_child, .check = check_child,
	  .release = reap },
	{ "fork", "THP", 0, .acquire = fork_child, .check = check_child,
	  .release = reap },
	{ "cow", "4K", 1, .prepare = fork_pause, .acquire = touch_all,
	  .check = check_small, .release = end_child },
	{ "reclaim", "4K", 0, .acquire = page_out, .check = check_gone,
	  .release = touch_all, .finish = check_small },
	{ "reclaim-file", "4K", 0, .prepare = write_file, .acquire = page_out,
	  .check = check_gone, .release = read_all, .finish = check_read },
};

static void make_memory(const char *mode, const char *kind)
{
	p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(p != MAP_FAILED, "mmap");
	if (!strcmp(mode, "fault-file"))
		file = memfd_create("work", MFD_CLOEXEC);
	else if (!strcmp(mode, "reclaim-file"))
		file = file_on("ext4", size);
	else if (strcmp(mode, "fault"))
		p = memory_of(kind, size);
	need(file >= 0 || !strstr(mode, "file"), "no file");
}

int main(int argc, char **argv)
{
	struct work w;
	unsigned int i;

	need(argc == 4, "MODE KIND MB");
	for (i = 0; i < ARRAY_SIZE(works); i++)
		if (!strcmp(works[i].mode, argv[1]) &&
		    !strcmp(works[i].kind, argv[2]))
			break;
	need(i < ARRAY_SIZE(works), "there is no such work");
	w = works[i];
	w.rounds = 4;
	size = atol(argv[3]) * MB;
	w.pages = size / PAGE;
	if (!w.calls)
		w.calls = w.pages;
	make_memory(w.mode, w.kind);
	work_run(&w);
	return 0;
}
