#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job: build and boot the lean kernel, run its own gup_benchmark in
# every mode, and print one table and the two counters with their verdict.
# The numbers are instructions executed: cache misses and contention between
# CPUs are not in them.
#
# bench.sh [KERNEL]

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kernel=${1:-ours}
take_lock
# What this script starts ends with it, also when it is killed.
setpriv --pdeathsig TERM "$PP_DIR/bin/kernel.sh" "$kernel" lean
status=0
dir=$(MEASURE=1 exec setpriv --pdeathsig TERM \
	"$PP_DIR/bin/run.sh" "$kernel" lean bench "$kernel") || status=$?
[ -d "$dir" ] || exit 1

{
	printf 'mode\tpage kind\tpages a call\tacquire\trelease\n'
	sed -n 's/^# row\t//p' "$dir/tap.log"
} >"$dir/bench.tsv"

# The last counter of each name, and what the guest found about them.
report()
{
	local acquired released verdict=FAIL
	echo "gup_benchmark on $kernel, instructions a 4K page (icount, 1 CPU):"
	awk -F '\t' '
	$1 != last { last = $1; print "" }
	{ printf "%-13s %-9s %12s %9s %9s\n", $1, $2, $3, $4, $5 }
	' "$dir/bench.tsv"
	echo
	if [ "$kernel" = baseline ]; then
		grep -q '^ok .* no counters of pins' "$dir/tap.log" &&
			verdict="not there, as it should be"
		echo "nr_foll_pin_acquired and nr_foll_pin_released: $verdict"
		return
	fi
	acquired=$(sed -n 's/^# nr_foll_pin_acquired //p' "$dir/tap.log")
	released=$(sed -n 's/^# nr_foll_pin_released //p' "$dir/tap.log")
	[ -n "$acquired" ] && [ "$acquired" = "$released" ] &&
		[ "$acquired" -gt 0 ] && verdict=balanced
	printf 'nr_foll_pin_acquired %s, nr_foll_pin_released %s: %s\n' \
	       "${acquired:-missing}" "${released:-missing}" "$verdict"
}

report >"$dir/bench.txt"
cat "$dir/bench.txt"
say "results in $dir"
exit "$status"
