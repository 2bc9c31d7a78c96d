/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks around what plugin/insns.c counts: NOPs of 8 bytes that nothing else
 * contains, nopl MARK(%rax,%rax,1), and that run on any kernel as they are.
 */
#ifndef PAGE_PIN_MARKS_H
#define PAGE_PIN_MARKS_H

#define MARK_BEGIN	0x67
#define MARK_END	0x68
#define MARK_SIZE	8
#define MARK_BYTES(m)	0x0f, 0x1f, 0x84, 0x00, 0x70, 0x69, 0x6e, (m)

#define MARK_STRING_(...)	#__VA_ARGS__
#define MARK_STRING(...)	MARK_STRING_(__VA_ARGS__)
#define mark(m)	\
	asm volatile(".byte " MARK_STRING(MARK_BYTES(m)) : : : "memory")

#endif
