// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver pays to give pages back that it has written to: gup_hold pins
 * them and gives them back in one call each, as they are (hold) or marked as
 * dirty (hold-dirty), which they are already after the first round.
 *
 * work_hold hold|hold-dirty KIND MB
 */
#define _GNU_SOURCE
#include "kinds.h"

static struct device dev;
static char *buffer;
static int pages, how;

static void take(void)
{
	need(dev_take_at(&dev, buffer, pages, GUP_HOLD_PIN_FAST,
			 GUP_HOLD_WRITE, 1) == pages, "GUP_HOLD_TAKE");
}

static void give(void)
{
	need(!dev_give(&dev, how), "GUP_HOLD_GIVE");
}

int main(int argc, char **argv)
{
	struct work w = { .rounds = 3, .acquire = take, .release = give };

	need(argc == 4, "MODE KIND MB");
	w.mode = argv[1];
	w.kind = argv[2];
	pages = atol(argv[3]) * MB / PAGE;
	w.calls = pages;
	w.pages = pages;
	how = strcmp(w.mode, "hold-dirty") ? 0 : GUP_HOLD_DIRTY;
	buffer = memory_of(w.kind, pages * PAGE);
	need(!dev_open(&dev), "gup_hold");
	work_run(&w);
	return 0;
}
