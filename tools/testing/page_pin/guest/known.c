// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions between marks whose number is known, for a look at whether the
 * plugin counts right.  It says how many: in all, and that lock the bus.
 */
#include <stdio.h>

#include "marks.h"

#define ROUNDS 4

int main(void)
{
	static long word;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mark_begin();
		asm volatile(".rept 100\n"
			     "lock incl %0\n"		/* no other prefix */
			     "lock addq $1, %0\n"	/* LOCK, then REX */
			     "lock incw %0\n"		/* 0x66, then LOCK */
			     "xchgl %%eax, %0\n"	/* locks without LOCK */
			     "xchgq %%r8, %0\n"
			     "xchgb %%al, %0\n"
			     "xchgl %%ecx, %%edx\n"	/* registers only */
			     "xchgq %%r8, %%r9\n"
			     "addl $0xf0, %0\n"		/* 0xf0 is no prefix */
			     "nop\n"
			     ".endr"
			     : "+m" (word)
			     : : "rax", "rcx", "rdx", "r8", "r9", "cc");
		mark_end();
	}
	printf("# known\t%d\t%d\t%d\n", ROUNDS, 10 * 100, 6 * 100);
	return 0;
}
