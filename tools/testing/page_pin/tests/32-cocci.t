#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The static check scripts/coccinelle/free/pin_user_pages.cocci: it finds each
# mistake that is planted in fixtures/cocci/, at its line, and nothing else; it
# has nothing to say about our tree; and what it says about the stock tree is
# what stock-findings.tsv has a verdict on.

# shellcheck source-path=SCRIPTDIR source=../bin/lib.sh
. "$(dirname "$0")/../bin/lib.sh"
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

check=scripts/coccinelle/free/pin_user_pages.cocci
linux=$PP_BUILD/linux
stock=$PP_BUILD/stock
planted=$PP_DIR/tests/fixtures/cocci
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PP_DIR/bin/stock.sh"

# shellcheck disable=SC2317 # run calls it
# spatch_in DIR MODE [FILE...]: run the check in DIR.
spatch_in()
{
	local dir=$1 mode=$2
	shift 2
	(cd "$dir" && spatch --very-quiet --no-includes -D "$mode" \
		--cocci-file "$linux/$check" "$@")
}

# brief: of a report, file:line and what it is.
brief()
{
	sed -n -E 's,^(\./)?([^:]+:[0-9]+):.*ERROR: .* has not unpinned .*,\2 lost,p;t
		   s,^(\./)?([^:]+:[0-9]+):.*ERROR: .* gives FOLL_.*,\2 flag,p;t
		   s,^(\./)?([^:]+:[0-9]+):.*ERROR: .*\(confidence (.*)\)$,\2 \3,p' |
		sort
}

# marks_of: of lines of fixtures, as grep shows them, what is to be found there.
marks_of()
{
	sed -E 's,^(\./)?([^:]*:[0-9]+):.*found: ([a-z]+).*,\2 \3,' | sort
}

# marks FILE...: what the comments of fixtures want to be found.
marks()
{
	grep -H --line-number 'found: [a-z]' "$@" | marks_of
}

### The fixtures

cd "$planted" || exit 1
for file in *.c; do
	run spatch_in . report "$file"
	is "$file: what is planted is found, and no more" \
	   "$status $(brief <<<"$out")" "0 $(marks "$file")"
done
run marks bad_*.c
ok 'something is planted in each bad file' \
   test "$(cut -d: -f1 <<<"$out" | sort -u | wc -l)" -eq "$(printf '%s\n' bad_*.c | wc -l)"
is 'and nothing in a good one' "$(marks good_*.c)" ''
run spatch_in . org ./*.c
is 'org mode has as many' "$(grep -c TODO <<<"$out")" "$(marks ./*.c | wc -l)"
run spatch_in . context ./*.c
is 'context mode shows their lines' "$(grep -c '^-[^-]' <<<"$out")" \
   "$(marks ./*.c | wc -l)"

### Patch mode

cp ./*.c "$work"
run spatch_in "$work" patch ./*.c
printf '%s\n' "$out" >"$work/diff"
is 'patch mode changes what has high or moderate confidence' \
   "$(grep '^-[^-]' "$work/diff" | sort)" \
   "$(grep -hE 'found: (high|moderate)' ./*.c | grep -v dirty_lock |
      sed 's/^/-/' | sort)"
ok 'the patch applies' patch -s -p0 -d "$work" -i "$work/diff"
run spatch_in "$work" report bad_direct.c bad_kept.c
is 'then only a dirty release of plain references is left' \
   "$(brief <<<"$out")" \
   "$(grep -H --line-number 'dirty_lock.*found: ' bad_direct.c bad_kept.c | marks_of)"

### The kernel's own way to call it

run make -s -C "$linux" O="$work/out" coccicheck COCCI="$linux/$check" \
	MODE=report M="$planted" J=1
is 'make coccicheck finds the same' \
   "$(brief <<<"${out//"$planted/"/}")" "$(marks ./*.c)"

### Whole trees: the files that name one of the functions

# shellcheck disable=SC2317 # run calls it
# in_tree DIR: what the check says about the kernel in DIR.
in_tree()
{
	(cd "$1" && git grep --no-index -lF -e get_user_page -e pin_user_page \
		-e iov_iter_get_pages -e iov_iter_pin_pages -- '*.c' \
		':!tools' ':!Documentation') >"$work/files"
	[ "$(wc -l <"$work/files")" -gt 50 ] || return 1
	# A file at a time: an empty line ends a group.
	sed G "$work/files" >"$work/groups"
	spatch_in "$1" report --file-groups "$work/groups"
}

run in_tree "$linux"
is 'nothing in our tree' "$status $out" '0 '
run in_tree "$stock"
is 'of each finding in stock it is known whether it is true' \
   "$status $(sed -n -E 's,^([^:]+):.*ERROR: (.*)$,\1 \2,p' <<<"$out" | sort)" \
   "0 $(grep -v '^#' "$PP_DIR/stock-findings.tsv" | cut -f1,2 | tr '\t' ' ' | sort)"
is 'and the verdict has a reason' \
   "$(grep -vP '^#|^[^\t]+\t[^\t]+\t(true|false)\t[^\t]+$' "$PP_DIR/stock-findings.tsv")" ''
done_testing
