/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks around what plugin/insns.c counts: NOPs of 8 bytes with a displacement
 * that nothing else has, and that run on any kernel as they are.
 */
#ifndef PAGE_PIN_MARKS_H
#define PAGE_PIN_MARKS_H

#define MARK_NOPL	"\x0f\x1f\x84\x00"
#define MARK_BEGIN	0x676e6970
#define MARK_END	0x686e6970

static inline void mark_begin(void)
{
	asm volatile("nopl %c0(%%rax,%%rax,1)" : : "i" (MARK_BEGIN) : "memory");
}

static inline void mark_end(void)
{
	asm volatile("nopl %c0(%%rax,%%rax,1)" : : "i" (MARK_END) : "memory");
}

#endif
