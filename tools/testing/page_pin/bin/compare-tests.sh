#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the user-space self-tests on our kernel, on stock and on the baseline, and
# print one table: a test a line, a kernel a column.  A test that takes its
# guest down is a crash, and the others run in a new guest.  What the table
# shows comes from the tests' own output, and whether ours is good also from the
# verdict of its run.
#
# compare-tests.sh [TEST...]    names of test programs, or PROGRAM:CASE

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KERNELS=(ours stock baseline)
scenario=hold

# collect KERNEL FILE TEST...: boot it until each test has run once.
collect()
{
	local kernel=$1 file=$2 first=1 dir cells status
	shift 2
	: >"$file"
	while :; do
		status=0
		dir=$(TIMEOUT=${TIMEOUT:-3600} exec setpriv --pdeathsig TERM \
			"$PP_DIR/bin/run.sh" "$kernel" "$scenario" page-pin \
			"$kernel" "$first" "$@") || status=1
		[ -d "$dir" ] || exit 1
		[ "$kernel" != ours ] || ours=$((ours | status))
		status=0
		cells=$("$PP_DIR/bin/console.py" cells "$dir") || status=$?
		[ -z "$cells" ] || echo "$cells" >>"$file"
		[ "$status" -ne 0 ] || return 0
		[ -n "$cells" ] ||
			die "the guest of $kernel ran no test: $(
				tail -n1 "$dir/tap.log")" "see $dir"
		first=$(($(tail -n1 "$file" | cut -f1) + 1))
	done
}

take_lock
ours=0
mkdir -p "$PP_RESULTS"
work=$(mktemp -d "$PP_RESULTS/$(date +%Y%m%d-%H%M%S)-compare.XXX")
columns=()
for kernel in "${KERNELS[@]}"; do
	setpriv --pdeathsig TERM "$PP_DIR/bin/kernel.sh" "$kernel" "$scenario"
	columns+=("$kernel" "$work/$kernel.tsv")
done
for kernel in "${KERNELS[@]}"; do
	collect "$kernel" "$work/$kernel.tsv" "$@"
done
good=0
"$PP_DIR/bin/console.py" table "${columns[@]}" >"$work/table.txt" || good=1
cat "$work/table.txt"
say "results in $work"
exit $((good | ours))
