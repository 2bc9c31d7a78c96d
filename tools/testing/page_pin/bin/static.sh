#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks that need no guest, one TAP point each: checkpatch on each patch
# and new file; sparse and W=1 on the objects that the series touches, where
# only warnings that the baseline lacks count; kernel-doc on new files;
# codespell and shellcheck on what is ours.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=config.sh
. "$PP_DIR/bin/config.sh"
# shellcheck source-path=SCRIPTDIR/../tests source=tap.sh
. "$PP_DIR/tests/tap.sh"

for command in git perl gcc ccache sparse shellcheck codespell; do
	need_cmd "$command"
done
take_lock
kernel_source baseline
baseline=$SRC
kernel_source ours
linux=$SRC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s /usr/bin/python3 "$work/bin/python"

# silent NAME COMMAND...: it succeeds and says nothing.
silent()
{
	local name=$1
	shift
	run "$@"
	report $((status || ${#out} || ${#err})) "$name" "$out$err"
}

# in_tree COMMAND...: in our kernel tree.  Its scripts say python and mean one
# that has Debian's modules.
in_tree()
{
	(cd "$linux" && PATH=$work/bin:$PATH "$@")
}

check_patches()
{
	local ignore file name sources
	ignore=$(sed '/^#/d; s/\t.*//' "$PP_DIR/checkpatch.ignore" | paste -sd,)
	[ "$(grep -vc $'^#\|\t.' "$PP_DIR/checkpatch.ignore")" -eq 0 ] ||
		die "an entry of checkpatch.ignore has no reason" \
		    "write the type, a tab and why"
	in_tree git format-patch -q -o "$work/patches" baseline..page_pin ||
		die "$linux has no series" "run 'make tree'"
	for file in "$work"/patches/*; do
		name=${file##*/}
		silent "checkpatch $name" in_tree perl scripts/checkpatch.pl \
			--strict -q --show-types --ignore "$ignore" "$file"
	done
	mapfile -t sources < <(find "$PP_DIR" -path '*/fixtures' -prune -o \
		-name '*.[ch]' -print)
	for file in "${new[@]}" "${sources[@]}"; do
		silent "checkpatch ${file#"$PP_TOP/"}" in_tree \
			perl scripts/checkpatch.pl --strict -q --show-types \
			--ignore "$ignore" -f "$file"
	done
}

# A line number is no part of a warning.  A warning in a header comes once for
# each object that includes it, which says nothing.
normalise()
{
	sed -n -E "s,^(\.\./|$1/)*,,
		s/^([^: ]+):[0-9]+(:[0-9]+)?: (warning|error|info): /\1: \3: /p" |
		awk '!/^[^:]*\.h: / || !seen[$0]++' | LC_ALL=C sort
}

# warnings KERNEL SOURCE OBJECT...: build them afresh, checked, in a folder
# that is used for nothing else.
warnings()
{
	local kernel=$1 src=$2 out=$PP_BUILD/kernel/$1-static
	shift 2
	stage "static-$kernel-prepare" "$out/prepare.log" \
		make_kernel "$src" "$out" -s prepare ||
		die "$kernel cannot be prepared" "see $out/prepare.log"
	(cd "$out" && rm -f "$@")
	stage "static-$kernel" "$out/static.log" \
		make_kernel "$src" "$out" -s -k W=1 C=1 "$@" ||
		die "$kernel does not build" "see $out/static.log"
	normalise "$src" <"$out/static.log" >"$work/$kernel"
}

check_objects()
{
	local file dir ours=() theirs=() skipped=() object extra
	dir=$PP_BUILD/kernel/ours-hold
	"$PP_DIR/bin/kernel.sh" ours hold
	for file in "${touched[@]}"; do
		object=${file%.c}.o
		if ! [ -e "$dir/$object" ]; then
			skipped+=("$file")
			continue
		fi
		ours+=("$object")
		[ ! -e "$baseline/$file" ] || theirs+=("$object")
	done
	[ ${#skipped[@]} -eq 0 ] ||
		note "not compiled by the scenario hold: ${skipped[*]}"
	[ ${#ours[@]} -gt 0 ] ||
		die "the series touches no object of the scenario hold" \
		    "add the options to scenarios/"
	configure ours hold "$linux" "$PP_BUILD/kernel/ours-static"
	configure baseline hold "$baseline" "$PP_BUILD/kernel/baseline-static"
	warnings ours "$linux" "${ours[@]}"
	warnings baseline "$baseline" "${theirs[@]}"
	for object in "${ours[@]}"; do
		file=${object%.o}.c
		extra=$(comm -23 <(grep "^$file: " "$work/ours") \
				 <(grep "^$file: " "$work/baseline"))
		report ${#extra} "sparse and W=1: $file" "$extra"
	done
	extra=$(comm -23 <(grep '^[^:]*\.h: ' "$work/ours") \
			 <(grep '^[^:]*\.h: ' "$work/baseline"))
	report ${#extra} "sparse and W=1: headers" "$extra"
}

check_documents()
{
	local file
	for file in "${new[@]}"; do
		[[ $file == *.[ch] ]] || continue
		silent "kernel-doc $file" in_tree perl scripts/kernel-doc \
			-none -Werror "$file"
	done
}

# Our own files, and of patches only what they say and add.
check_ours()
{
	local file scripts=() text=()
	cd "$PP_TOP"
	while IFS= read -r file; do
		[ -f "$file" ] || continue
		case $file in
		*/fixtures/*) continue ;;
		patches/*)
			mkdir -p "$work/patches-added"
			sed -n '1,/^---$/p; /^+/p' "$file" \
				>"$work/patches-added/${file##*/}"
			file=$work/patches-added/${file##*/} ;;
		esac
		text+=("$file")
		if head -n 3 "$file" |
		   grep -qE '^#!.*(bash|/sh)|^# shellcheck shell='; then
			scripts+=("$file")
		fi
	done < <(git ls-files -co --exclude-standard)
	silent "shellcheck" shellcheck -x "${scripts[@]}"
	silent "codespell" codespell "${text[@]}"
}

mapfile -t new < <(git -C "$linux" diff --name-only --diff-filter=A \
	baseline page_pin)
mapfile -t touched < <(git -C "$linux" diff --name-only --diff-filter=AM \
	baseline page_pin -- '*.c')
check_patches
check_objects
check_documents
check_ours
done_testing
