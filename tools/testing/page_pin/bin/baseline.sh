#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# baseline.sh DIR: make the baseline, in place, of the base tree that is checked
# out in the git work tree DIR.  base/baseline/README tells what the passes do.
# Everything is staged, nothing is committed.  Whatever differs from what
# base/baseline/ expects is an error.

# shellcheck source=tools/testing/page_pin/bin/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

passes=$PP_TOP/base/baseline
redo="see base/baseline/README, 'Another kernel version'"
log=$PP_BUILD/baseline.log
counts=$PP_BUILD/baseline.counts

# semantic COCCI PATTERN PATHSPEC...: give spatch the files with a word that
# matches PATTERN; note how many files there were and what each rule matched.
semantic()
{
	local cocci=$1 pattern=$2 files
	shift 2
	mapfile -t files < <(git grep -lwE "$pattern" -- "$@")
	echo "$cocci files ${#files[@]}" >>"$counts"
	: >"$tmp/hits"
	PP_HITS=$tmp/hits spatch --sp-file "$passes/$cocci" --in-place -j 2 \
		--no-includes --linux-spacing --max-width 80 \
		"${files[@]}" >>"$log" 2>&1 ||
		die "spatch failed with $cocci" "read $log"
	sort "$tmp/hits" | uniq -c | awk -v c="$cocci" '{ print c, $2, $1 }' \
		>>"$counts"
}

# renamed FILE: what sed makes of a call site.
renamed()
{
	git show "HEAD:$1" | sed -E 's/\b(fail_)?pin_user_page/\1get_user_page/g
				     s/\bunpin_user_page/put_user_page/g'
}

[ $# -eq 1 ] || die "usage: baseline.sh DIR" "name the kernel tree"
need_cmd spatch
need_cmd git
cd "$1" 2>/dev/null || die "$1 is no folder" "name the kernel tree"
[ -f mm/gup.c ] || die "$1 is no kernel tree" "run 'make tree'"
[ -e .git ] || die "$1 has no .git of its own" "run 'make tree'"
[ -z "$(git status --porcelain)" ] ||
	die "$1 has changes" "commit them or start from a clean base"

take_lock
tmp=$(mktemp -d "$PP_BUILD/baseline.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
: >"$log"
: >"$counts"

call='(pin_user_pages(_fast|_fast_only|_locked|_remote|_unlocked)?'
call+='|unpin_user_pages?(_dirty_lock)?)'
mapfile -t sites < <(git grep -lwE "$call" -- '*.c' ':!mm/gup*')

semantic 10-call-sites.cocci "$call" '*.c' ':!mm/gup*'
semantic 20-core.cocci 'FOLL_PIN|hpage_pincount_available|compound_pincount_ptr' \
	mm include/linux ':!mm/gup_benchmark.c'
semantic 30-respect.cocci 'has_pinned|page_maybe_dma_pinned|pte_is_pinned' \
	mm kernel fs/proc ':!mm/gup_benchmark.c'
/usr/bin/python3 "$passes/40-text.py" >"$tmp/text" 2>>"$log" ||
	die "40-text.py: $(tail -n 1 "$log")" "$redo"
sed 's/^/40-text.py /' "$tmp/text" >>"$counts"

wrong=$(diff "$passes/counts" "$counts" | grep '^[<>]' | head -n 1) || true
[ -z "$wrong" ] ||
	die "a pass matched more or less often than base/baseline/counts says (< counts, > found): $wrong" \
	    "$redo"

for file in "${sites[@]}"; do
	renamed "$file" | cmp -s - "$file" ||
		die "Coccinelle and sed disagree about $file" "$redo"
done

left=$(git grep -nwF -f "$passes/residue" | head -n 1) || true
[ -z "$left" ] || die "left over: $left" "$redo"

git add -A
tree=$(git write-tree)
[ "$tree" = "$(cat "$passes/tree")" ] ||
	die "the tree is $tree, not $(cat "$passes/tree") of base/baseline/tree" \
	    "compare it with a good one: git diff TREE TREE"
say "baseline:$(git diff --cached --shortstat), tree $tree"
