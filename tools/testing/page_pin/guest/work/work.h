/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs here share: rounds of two steps, each between marks for the
 * plugin that counts instructions.  A step that does not do its work ends the
 * program, which then has no row.
 */
#ifndef PAGE_PIN_WORK_H
#define PAGE_PIN_WORK_H

#include <sched.h>
#include <stdbool.h>

#include "callsite.h"
#include "../marks.h"

/*
 * Who takes a page marks it as accessed, which it becomes active by: only then is
 * there no more to do.
 */
#define WARM_UP		3

struct work {
	const char *mode, *kind;
	long calls;		/* pages that a call is for */
	long pages;		/* what the instructions are divided by */
	int rounds;		/* that count */
	void (*prepare)(void);	/* before a round, may be NULL */
	void (*acquire)(void);
	void (*check)(void);	/* what was acquired, may be NULL */
	void (*release)(void);
	void (*finish)(void);	/* after a round, may be NULL */
};

/* What must be true, or the program ends. */
static inline void need(bool good, const char *what)
{
	if (good)
		return;
	printf("# %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void step(void (*function)(void), bool marked)
{
	if (!function)
		return;
	errno = 0;
	if (marked)
		mark_begin();
	function();
	if (marked)
		mark_end();
}

/* Do the rounds and print the row. */
static inline void work_run(const struct work *w)
{
	struct sched_param first = { .sched_priority = 1 };
	int round;

	need(!sched_setscheduler(0, SCHED_FIFO, &first), "SCHED_FIFO");
	for (round = 0; round < WARM_UP + w->rounds; round++) {
		bool marked = round >= WARM_UP;

		step(w->prepare, false);
		/* What others have to do they do now, and not in between. */
		usleep(50000);
		step(w->acquire, marked);
		step(w->check, false);
		step(w->release, marked);
		step(w->finish, false);
	}
	printf("# work\t%s\t%s\t%ld\t%ld\t%d\n", w->mode, w->kind, w->calls,
	       w->pages, w->rounds);
}

#endif /* PAGE_PIN_WORK_H */
