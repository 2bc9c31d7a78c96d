// SPDX-License-Identifier: GPL-2.0-only
/*
 * goldfish_pipe without the Android emulator: the driver's own read and write,
 * whose register of commands leads here.  While a command is carried out, the
 * client has the pages.
 */
/* CFLAGS: -Wno-unused-function -Wno-unused-variable */
#include <linux/io.h>
#include <linux/platform_device.h>

#undef writel
#define writel(value, addr) emulator_write(value, addr)
#undef module_platform_driver
#define module_platform_driver(driver)

static void emulator_write(u32 value, void __iomem *addr);

#include "drivers/platform/goldfish/goldfish_pipe.c"

#include "callsite_dev.h"

struct site {
	struct callsite *cs;
	struct goldfish_pipe_dev dev;
	struct goldfish_pipe pipe;
	struct goldfish_pipe_command command;
	struct file file;
};

/* The registers of a pipe's device begin where its site does. */
static void emulator_write(u32 value, void __iomem *addr)
{
	struct site *site = (__force void *)addr - PIPE_REG_CMD;
	struct goldfish_pipe_command *command = &site->command;
	s32 bytes = 0;
	u32 i;

	if (command->cmd != PIPE_CMD_READ && command->cmd != PIPE_CMD_WRITE)
		return;
	callsite_wait(site->cs);
	for (i = 0; i < command->rw_params.buffers_count; i++)
		bytes += command->rw_params.sizes[i];
	command->rw_params.consumed_size = bytes;
	command->status = bytes;
}

static int goldfish_hold(struct callsite *cs)
{
	struct site *site = cs->priv;
	ssize_t ret;

	site->cs = cs;
	site->dev.base = (__force void __iomem *)site;
	site->pipe.dev = &site->dev;
	site->pipe.command_buffer = &site->command;
	mutex_init(&site->pipe.lock);
	init_waitqueue_head(&site->pipe.wake_queue);
	site->file.private_data = &site->pipe;

	ret = goldfish_pipe_read_write(&site->file, (void __user *)cs->addr,
				       cs->len, !callsite_to_memory(cs));
	return ret < 0 ? ret : 0;
}

/* Where the command tells the emulator to look. */
static struct page *goldfish_page(struct callsite *cs, unsigned long off)
{
	struct site *site = cs->priv;
	struct goldfish_pipe_command *command = &site->command;
	u32 i;

	off -= offset_in_page(cs->addr);
	for (i = 0; i < command->rw_params.buffers_count; i++) {
		if (off < command->rw_params.sizes[i])
			return callsite_dma_page(command->rw_params.ptrs[i] +
						 off);
		off -= command->rw_params.sizes[i];
	}
	return NULL;
}

static const struct callsite_ops callsite_ops = {
	.name = "goldfish",
	.priv_size = sizeof(struct site),
	.hold = goldfish_hold,
	.page = goldfish_page,
};

module_init(callsite_register);
module_exit(callsite_unregister);
