#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `make callsites`: what it finds in a small tree, what it refuses, what it
# prints; and that each place of the real tree has its row.

# shellcheck source-path=SCRIPTDIR source=../bin/lib.sh
. "$(dirname "$0")/../bin/lib.sh"
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

toy=$(mktemp -d)
trap 'rm -rf "$toy"' EXIT
tree=$toy/tree
table=$toy/table.tsv
mkdir -p "$tree/drivers/a" "$tree/tools" "$toy/results"

# callsites ARGUMENT...: on the toy.
callsites()
{
	run "$PP_DIR/bin/callsites.sh" -t "$tree" -c "$table" \
		-r "$toy/results" "$@"
}

# row FIELD...: a row of the table.
row()
{
	local IFS=$'\t'
	printf '%s\n' "$*" >>"$table"
}

# fails NAME REGEX: the last run ended with 1, and said so.
fails()
{
	like "$1" "$status $err" "^1 .*$2"
}

cat >"$tree/drivers/a/a.c" <<'END'
/* get_user_pages() in a comment */
static int map(struct a *a, unsigned long addr)
{
	int n = pin_user_pages_fast(addr, 2, FOLL_WRITE, a->pages);

	if (n == 1) {
		unpin_user_page(a->pages[0]);
		pr_err("get_user_pages() gave %d", n);
	}
	if (n == 2)
		return 0;
	return n < 0 ? n : -EFAULT;
}

static void unmap(struct a *a)
{
	unpin_user_pages_dirty_lock(a->pages, 2, true); // not put_user_pages()
#ifdef CONFIG_A
	unpin_user_page(a->first);
#else
	unpin_user_page(a->last);
#endif
}
EXPORT_SYMBOL_GPL(unpin_user_pages);
END
cat >"$tree/drivers/a/a.h" <<'END'
long get_user_pages(unsigned long start, unsigned long nr_pages,
		    unsigned int gup_flags, struct page **pages,
		    struct vm_area_struct **vmas);
static inline int one(unsigned long addr, struct page **page)
{
	return get_user_pages_fast(addr, 1, 0, page);
}
END
echo 'int main(void) { return get_user_pages(0, 0, 0, 0, 0); }' \
	>"$tree/tools/a.c"

callsites places
is 'the places of a small tree' "$status $out" \
"0 drivers/a/a.c	map	pin_user_pages_fast
drivers/a/a.c	map	unpin_user_page
drivers/a/a.c	unmap	unpin_user_page
drivers/a/a.c	unmap	unpin_user_pages_dirty_lock
drivers/a/a.h	one	get_user_pages_fast"

row drivers/a/a.c map pin_user_pages_fast 2 runs callsite_a:data 'DMA'
row drivers/a/a.c map unpin_user_page 2 runs callsite_a:short,callsite_a:data -
row drivers/a/a.c unmap unpin_user_page 2 compiled x86,arm -
row drivers/a/a.c unmap unpin_user_pages_dirty_lock 2 runs callsite_a:no -
cp "$table" "$toy/short.tsv"
callsites
fails 'a place without a row' 'drivers/a/a.h:6: one\(\) calls get_user_pages_fast\(\) and has no row'
like 'is the only error' "$err" ': 1 errors'
row drivers/a/a.h one get_user_pages_fast 4 get - 'looks at the flags'
cp "$table" "$toy/good.tsv"
callsites
is 'a table that is whole' "$status $err" '0 '
is 'nothing was run yet' "$(sed -n 's/.*run in a guest: //p' <<<"$out")" \
   '3 not run'
row drivers/a/a.c gone put_user_page 1 runs callsite_a:data -
callsites
fails 'a row without a place' 'drivers/a/a.c: gone\(\) has a row for put_user_page\(\) and does not call it'

# bad NAME REGEX ROW...: the row is refused, and so is its table.
bad()
{
	local name=$1 regex=$2
	shift 2
	cp "$toy/short.tsv" "$table"
	row "$@"
	callsites
	fails "$name" "$regex"
}

place=(drivers/a/a.h one get_user_pages_fast)
bad 'a row of six fields' '6 fields, not 7' "${place[@]}" 4 get -
bad 'two rows' 'has two rows' drivers/a/a.c unmap unpin_user_page 2 \
	compiled x86 -
bad 'a case that is none' "no case '6'" "${place[@]}" 6 get - 'flags'
bad 'a how that is none' "no 'passed'" "${place[@]}" 4 passed x:y -
bad 'get without a reason' 'stays on get.*why' "${place[@]}" 4 get - ''
bad 'runs without a test' 'no PROGRAM:CASE' "${place[@]}" 4 runs - -
bad 'compiled for nothing' 'for no architecture' "${place[@]}" 4 compiled - -
cp "$toy/short.tsv" "$table"
row drivers/a/a.c map pin_user_pages_fast 4 get - 'a pin'
callsites
fails 'a pin that stays on get' "stays on get"

### What the runs say

# result DIR POINT...: a run with these points.
result()
{
	mkdir -p "$toy/results/$1"
	printf '%s\n' "${@:2}" "1..$(($# - 1))" >"$toy/results/$1/tap.log"
}

# last: place and result of each line of the table.
last()
{
	awk '/^drivers/ { print $3, $6 }' <<<"$out"
}

cp "$toy/good.tsv" "$table"
result 20260101-000000-ours-callsites-callsites \
	'not ok 1 - callsite_a:data' 'not ok 2 - callsite_a:short'
result 20260102-000000-ours-callsites-callsites \
	'ok 1 - callsite_a:data' 'ok 2 - callsite_a:no # SKIP no device'
callsites
is 'the newest run that has a test point counts' "$status $(last)" \
"1 pin_user_pages_fast pass
unpin_user_page FAIL
unpin_user_page not
unpin_user_pages_dirty_lock skip
get_user_pages_fast -"
is 'what failed last is an error' "$err" \
   'page_pin: 1 call sites failed when they ran last; see the table'
like 'an object that nobody compiled is not compiled' "$out" \
   'compiled +not built +x86,arm'
result 20260103-000000-cross 'ok 1 - compiled x86 drivers/a/a.c' 'ok 2 - compiled arm drivers/a/a.c'
callsites
like 'one that was compiled is compiled, and never passed' "$out" \
   '1 are compiled only: 1 compiled'
result 20260104-000000-cross 'not ok 1 - compiled arm drivers/a/a.c'
callsites
like 'one that does not compile fails' "$out" '1 are compiled only: 1 FAIL'
callsites markdown
# shellcheck disable=SC2016 # no command
like 'markdown has a line for a file' "$out" \
   '\| `drivers/a/a.h` \| 4 \| `get_user_pages_fast` \| get \| looks at the flags \| - \|'

### What a parser does not see

cat >>"$tree/drivers/a/a.h" <<'END'
#define two(addr, page) do_it( \
	({ int n = get_user_pages_fast(addr, 2, 0, page); n; }), else)
END
callsites
fails 'a call that only the text has' \
      'a.h:9: get_user_pages_fast is in the text, and Coccinelle has not found it'

### The real tree

# Without what ran here before: that is not asked.
run "$PP_DIR/bin/callsites.sh" -r "$toy/no-results"
is 'each place of the tree has a row, and each row a place' "$status $err" '0 '
note "$(tail -n4 <<<"$out")"
done_testing
