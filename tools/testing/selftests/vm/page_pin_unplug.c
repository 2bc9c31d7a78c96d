// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that goes away at the moment in which its last pin does.  What giving a
 * pin back still wants to know of the page, it has to know before.  See
 * Documentation/core-api/pin_user_pages.rst.
 *
 * The last case ejects a memory device, which does not come back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <glob.h>
#include <pthread.h>
#include <sys/stat.h>

#include "page_pin_memory.h"
#include "page_pin_numa.h"

#define ROUNDS	5

FIXTURE(unplug)
{
	struct memory m;
	struct device dev;
	pthread_t thread;
	int node;
	long pfn;
	useconds_t after;	/* the thread gives the pins back */
	int gave;
};

FIXTURE_SETUP(unplug)
{
	if (stay_on_cpu(1) || stay_on_cpu(0))
		SKIP_CASE("there is only one CPU");
	SKIP_IF(dev_open(&self->dev));
	ASSERT_EQ(0, pins_left());
	self->node = movable_node();
	if (self->node < 0)
		SKIP_CASE("no node has nothing but movable memory");
}

FIXTURE_TEARDOWN(unplug)
{
	dev_close(&self->dev);
	memory_unmap(&self->m);
	EXPECT_EQ(0, pins_left());
}

static const char *pin_there(struct _test_data_unplug *self)
{
	const char *why;

	memory_from(self->node);
	why = memory_map(&self->m, ANON, false);
	memory_from(-1);
	if (why)
		return why;
	if (dev_take(&self->dev, &self->m, GUP_HOLD_PIN_FAST,
		     GUP_HOLD_WRITE) != NR_SMALL)
		return "it cannot be pinned";
	self->pfn = pfn_of(self->m.p);
	/* The pins are all that keeps the pages. */
	memory_unmap(&self->m);
	return NULL;
}

static void *give_later(void *arg)
{
	struct _test_data_unplug *self = arg;

	stay_on_cpu(1);
	usleep(self->after);
	self->gave = dev_give(&self->dev, 0);
	return NULL;
}

/* The memory stays until the last pin went, and goes then. */
TEST_F(unplug, unpin_against_offline)
{
	char path[128];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		SKIP_IF(pin_there(self));
		ASSERT_NE(NULL, block_of(self->pfn, path, sizeof(path)));
		self->after = 20000 * i;
		ASSERT_EQ(0, pthread_create(&self->thread, NULL, give_later,
					    self));
		EXPECT_EQ(0, block_offline(path, 20));
		pthread_join(self->thread, NULL);
		EXPECT_EQ(0, self->gave);
		EXPECT_EQ(0, pins_held());
		EXPECT_EQ(0, block_online(path));
	}
}

/*
 * The memory devices of ACPI are named by number. Each has links to its blocks
 * of memory. Fills in the paths to the state of the blocks of the last one.
 */
static int last_device(char *device, size_t size, glob_t *blocks)
{
	char pattern[256];
	glob_t devices;
	int ret;

	if (glob("/sys/bus/acpi/devices/PNP0C80:*", 0, NULL, &devices))
		return -ENODEV;
	snprintf(device, size, "%s", devices.gl_pathv[devices.gl_pathc - 1]);
	globfree(&devices);
	snprintf(pattern, sizeof(pattern), "%s/physical_node*/state", device);
	ret = glob(pattern, 0, NULL, blocks);
	return ret ? -ENODEV : 0;
}

/* Is the block of @state, which may be a link, one of @blocks? */
static bool one_of(const char *state, glob_t *blocks)
{
	struct stat this, that;
	size_t i;

	if (stat(state, &this))
		return false;
	for (i = 0; i < blocks->gl_pathc; i++)
		if (!stat(blocks->gl_pathv[i], &that) &&
		    this.st_ino == that.st_ino)
			return true;
	return false;
}

/* Do @action with each block of the node that is not one of @blocks. */
static void other_blocks(int node, glob_t *blocks, const char *action)
{
	char pattern[128];
	glob_t all;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s/node%d/memory*/state",
		 "/sys/devices/system/node", node);
	if (glob(pattern, 0, NULL, &all))
		return;
	for (i = 0; i < all.gl_pathc; i++)
		if (!one_of(all.gl_pathv[i], blocks))
			file_write(all.gl_pathv[i], action);
	globfree(&all);
}

/* The same with the memory gone for good, struct pages and all. */
TEST_F(unplug, unpin_against_hot_remove)
{
	char device[128], eject[160], path[128];
	const char *why;
	glob_t blocks;
	int tries = 0;

	if (last_device(device, sizeof(device), &blocks))
		SKIP_CASE("there is no memory device to eject");
	/* So that the pages come from the right one. */
	other_blocks(self->node, &blocks, "offline");
	why = pin_there(self);
	other_blocks(self->node, &blocks, "online_movable");
	SKIP_IF(why);
	ASSERT_NE(NULL, block_of(self->pfn, path, sizeof(path)));
	ASSERT_TRUE(one_of(path, &blocks));

	/* Ejecting goes on in the background, until nothing is in use. */
	snprintf(eject, sizeof(eject), "%s/eject", device);
	self->after = 50000;
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, give_later, self));
	do {
		file_write(eject, "1");
	} while (!WAIT_FOR(access(path, F_OK)) && ++tries < 20);
	pthread_join(self->thread, NULL);
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_EQ(0, self->gave);
	EXPECT_EQ(0, pins_left());
	globfree(&blocks);
}

TEST_HARNESS_MAIN
