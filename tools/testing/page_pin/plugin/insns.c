// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU's TCG that counts executed instructions, and those that
 * lock the bus: a LOCK prefix, or XCHG with memory.  It looks at what runs
 * between two long NOPs (guest/marks.h), and takes apart what the kernel does
 * there at each call of clock= from code between from= and to=: gup_benchmark
 * reads the clock before and after it takes pages and gives them back.
 *
 * For each pair of marks it writes a line to the file out=, with tabs:
 *
 *	clocks insns locked acquire locked release locked
 *
 * The last four are zero unless the clock was read four times.  An interrupt in
 * between counts like the rest.
 *
 * One CPU only.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../guest/marks.h"
#include "qemu_plugin.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define CLOCKS 4

struct counts {
	uint64_t insns;
	uint64_t locked;
};

static struct counts now, begun, at_clock[CLOCKS];
static unsigned int clocks;
static bool marked;
static uint64_t clock_address, from, to;
static FILE *out;

static void on_begin(unsigned int cpu, void *data)
{
	marked = true;
	clocks = 0;
	begun = now;
	/* Of the two marks one would count. */
	begun.insns++;
}

static void on_clock(unsigned int cpu, void *data)
{
	if (!marked)
		return;
	if (clocks < CLOCKS)
		at_clock[clocks] = now;
	clocks++;
}

static void print_counts(const struct counts *from, const struct counts *to)
{
	fprintf(out, "\t%" PRIu64 "\t%" PRIu64, to->insns - from->insns,
		to->locked - from->locked);
}

static void on_end(unsigned int cpu, void *data)
{
	if (!marked)
		return;
	marked = false;
	fprintf(out, "%u", clocks);
	print_counts(&begun, &now);
	if (clocks == CLOCKS) {
		print_counts(&at_clock[0], &at_clock[1]);
		print_counts(&at_clock[2], &at_clock[3]);
	} else {
		fputs("\t0\t0\t0\t0", out);
	}
	fputc('\n', out);
}

/* Any prefixes of an instruction of 64-bit mode, then the opcode. */
static bool locks(const uint8_t *code, size_t size)
{
	size_t i = 0;

	while (i < size && memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3",
				  code[i], 10))
		i++;
	if (i < size && code[i] == 0xf0)
		return true;
	if (i < size && (code[i] & 0xf0) == 0x40)
		i++;
	/* XCHG, and not of two registers. */
	return i + 1 < size && (code[i] & 0xfe) == 0x86 &&
	       (code[i + 1] & 0xc0) != 0xc0;
}

static bool is_mark(const uint8_t *code, size_t size, uint32_t mark)
{
	return size == 8 && !memcmp(code, MARK_NOPL, 4) &&
	       !memcmp(code + 4, &mark, 4);
}

/* CALL rel32, the only form that compilers have for it. */
static bool calls_clock(const uint8_t *code, uint64_t address)
{
	int32_t distance;

	if (code[0] != 0xe8 || address < from || address >= to)
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	return address + 5 + distance == clock_address;
}

static void count(struct qemu_plugin_insn *insn, uint64_t *counter)
{
	qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD, counter, 1);
}

static void call(struct qemu_plugin_insn *insn, insn_exec_cb cb)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, CB_NO_REGS, NULL);
}

static void watch(struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);

	count(insn, &now.insns);
	if (locks(code, size))
		count(insn, &now.locked);

	if (calls_clock(code, qemu_plugin_insn_vaddr(insn)))
		call(insn, on_clock);
	else if (is_mark(code, size, MARK_BEGIN))
		call(insn, on_begin);
	else if (is_mark(code, size, MARK_END))
		call(insn, on_end);
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	for (i = 0; i < n; i++)
		watch(qemu_plugin_tb_get_insn(tb, i));
}

__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "clock=", 6))
			clock_address = strtoull(argv[i] + 6, NULL, 16);
		else if (!strncmp(argv[i], "from=", 5))
			from = strtoull(argv[i] + 5, NULL, 16);
		else if (!strncmp(argv[i], "to=", 3))
			to = strtoull(argv[i] + 3, NULL, 16);
		else if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	}
	if (!clock_address || !from || !to || !out) {
		fputs("insns: clock=, from=, to= or out= is missing\n", stderr);
		return -1;
	}
	setvbuf(out, NULL, _IOLBF, 0);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
