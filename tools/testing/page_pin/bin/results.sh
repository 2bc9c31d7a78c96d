#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# List the runs with their verdicts, the newest last.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

found=0
for dir in "$PP_RESULTS"/*/; do
	[ -e "$dir/qemu-cmd" ] || continue
	found=1
	verdict="did not end"
	[ -r "$dir/verdict" ] &&
		verdict=$(paste -sd '|' "$dir/verdict" |
			  sed 's/|/: /; s/|.*/ .../')
	printf '%-48s %s\n' "$(basename "$dir")" "$verdict"
done
[ "$found" -eq 1 ] || say "no runs yet in $PP_RESULTS"
