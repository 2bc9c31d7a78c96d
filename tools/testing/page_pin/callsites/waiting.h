/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call that waits in a page fault of its own memory, with what it took before
 * still pinned: its last page is in a userfaultfd.
 */
#ifndef PAGE_PIN_WAITING_H
#define PAGE_PIN_WAITING_H

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "callsite.h"

struct waiting {
	char *page;		/* nobody touched it */
	int uffd;
	int (*call)(void *arg);
	void *arg;
	int ret;		/* of the call */
	pthread_t thread;
};

static inline void *waiting_thread(void *arg)
{
	struct waiting *w = arg;

	w->ret = w->call(w->arg);
	return NULL;
}

/* Returns 0 or -errno. */
static inline int waiting_page(struct waiting *w)
{
	struct uffdio_register range = {
		.range = { .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };

	w->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->page == MAP_FAILED)
		return -errno;
	range.range.start = (uintptr_t)w->page;
	w->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (w->uffd < 0 || ioctl(w->uffd, UFFDIO_API, &api) ||
	    ioctl(w->uffd, UFFDIO_REGISTER, &range))
		return -errno;
	return 0;
}

/* Begin the call, and come back when it waits. Returns 0 or -errno. */
static inline int call_and_wait(struct waiting *w, int (*call)(void *arg),
				void *arg)
{
	struct pollfd fault = { .fd = w->uffd, .events = POLLIN };

	w->call = call;
	w->arg = arg;
	if (pthread_create(&w->thread, NULL, waiting_thread, w))
		return -EAGAIN;
	return poll(&fault, 1, 20000) == 1 ? 0 : -ETIME;
}

/* Give it a page, and let it end. Returns what it returned. */
static inline int call_goes_on(struct waiting *w)
{
	static char data[PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)w->page,
		.src = (uintptr_t)data,
		.len = PAGE,
	};

	if (ioctl(w->uffd, UFFDIO_COPY, &copy))
		return -errno;
	pthread_join(w->thread, NULL);
	return w->ret;
}

#endif /* PAGE_PIN_WAITING_H */
