/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Put in front of each self-test (gcc -include): called with -l it lists its
 * cases, one a line, and called with names of cases it runs just these.  So
 * a guest that one case takes down can be booted again for the rest.
 *
 * CASE_TIMEOUT in the environment multiplies the time that each case has.
 */
#ifndef PAGE_PIN_SELECT_H
#define PAGE_PIN_SELECT_H

/* Before anything is included, as the tests have it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

static int select_named(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc == 1;
}

static int select_run(int argc, char **argv)
{
	struct __fixture_variant_metadata no_variant = { .name = "" };
	int list = argc == 2 && !strcmp(argv[1], "-l");
	struct __fixture_variant_metadata *v;
	struct __fixture_metadata *f;
	struct __test_metadata *t;
	const char *slow = getenv("CASE_TIMEOUT");
	char name[256];
	int ran = 0;
	int failed = 0;

	if (!list)
		ksft_print_header();
	for (f = __fixture_list; f; f = f->next) {
		for (v = f->variant ?: &no_variant; v; v = v->next) {
			for (t = f->tests; t; t = t->next) {
				snprintf(name, sizeof(name), "%s%s%s.%s",
					 f->name, v->name[0] ? "." : "",
					 v->name, t->name);
				if (list) {
					puts(name);
					continue;
				}
				if (!select_named(argc, argv, name))
					continue;
				t->results = mmap(NULL, sizeof(*t->results),
						  PROT_READ | PROT_WRITE,
						  MAP_SHARED | MAP_ANONYMOUS,
						  -1, 0);
				if (t->results == MAP_FAILED)
					return KSFT_FAIL;
				if (slow)
					t->timeout *= atoi(slow);
				__run_test(f, v, t);
				munmap(t->results, sizeof(*t->results));
				failed += !t->passed;
				ran++;
			}
		}
	}
	if (list)
		return KSFT_PASS;
	printf("1..%d\n", ran);
	return failed || !ran ? KSFT_FAIL : KSFT_PASS;
}

#define test_harness_run(argc, argv)					\
	((void)test_harness_run, select_run(argc, argv))

#endif
