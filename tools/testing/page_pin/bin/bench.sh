#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark: build and boot the lean kernel and run its own gup_benchmark in
# every mode; build the kernel of hold and have drivers and processes do their work
# on it (guest/work.sh); print one table of all the kernels that are named, and for
# each of them the two counters with their verdict.  Those of base/newer have no
# kernel of hold.  The numbers are instructions executed and locked operations:
# cache misses and contention between CPUs are not in them.
#
# bench.sh KERNEL...    OUT=DIR: where the table and the rows go, instead of to the
#                       last run; RECORD=1: keep the rows as bench.tsv here

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# measure KERNEL SCENARIO JOB: set DIR to a run of it, with rows in bench.tsv.
measure()
{
	local kernel=$1 scenario=$2 job=$3
	# What this script starts ends with it, also when it is killed.
	setpriv --pdeathsig TERM "$PP_DIR/bin/kernel.sh" "$kernel" "$scenario"
	# To pin gigabytes takes TCG some minutes.
	DIR=$(MEASURE=1 TIMEOUT=${TIMEOUT:-1800} exec setpriv --pdeathsig TERM \
		"$PP_DIR/bin/run.sh" "$kernel" "$scenario" "$job" "$kernel") ||
		status=1
	[ -d "$DIR" ] || exit 1
	"$PP_DIR/bin/bench.py" rows "$kernel" "$DIR" >"$DIR/bench.tsv" ||
		status=1
	rows+=("$DIR/bench.tsv")
}

# counters KERNEL DIR: the last of each name, and what the guest found.
counters()
{
	local kernel=$1 log=$2/tap.log acquired released verdict=FAIL
	if [ "$kernel" = baseline ]; then
		grep -q '^ok .* no counters of pins' "$log" &&
			verdict="not there, as it should be"
		echo "$kernel: nr_foll_pin_acquired and nr_foll_pin_released: $verdict"
		return
	fi
	acquired=$(sed -n 's/^# nr_foll_pin_acquired //p' "$log")
	released=$(sed -n 's/^# nr_foll_pin_released //p' "$log")
	[ -n "$acquired" ] && [ "$acquired" = "$released" ] &&
		[ "$acquired" -gt 0 ] && verdict=balanced
	printf '%s: nr_foll_pin_acquired %s, nr_foll_pin_released %s: %s\n' \
	       "$kernel" "${acquired:-missing}" "${released:-missing}" "$verdict"
}

report()
{
	local kernel
	"$PP_DIR/bin/bench.py" table "$PP_DIR/bench-targets.tsv" \
		"$PP_DIR/bench.tsv" "${rows[@]}" || return
	echo
	for kernel; do
		counters "$kernel" "${dirs[$kernel]}"
	done
}

# record: what ours costs from now on, and what the others cost beside it.
record()
{
	cat <<-END
	# What a 4K page costs, or an operation.  make check fails if ours gets worse
	# than this by more than 2 %.
	# Command: RECORD=1 tools/testing/page_pin/bin/bench.sh $*
	# Commit: $commit
	# kernel, mode, kind of page, pages a call, pages, instructions to acquire and
	# to release, locked operations to acquire and to release
	END
	cat "${rows[@]}"
}

[ $# -gt 0 ] || die "bench.sh wants KERNEL..." "see its first lines"
take_lock
commit=$(git -C "$PP_TOP" describe --always --dirty --abbrev=12 --exclude='*')
status=0
declare -A dirs
rows=()
for kernel; do
	measure "$kernel" lean bench
	dirs[$kernel]=$DIR
	[[ $kernel == v* ]] || measure "$kernel" work work
done
out=${OUT:-$DIR}
report "$@" >"$out/bench.txt" || status=1
cat "$out/bench.txt"
record "$@" >"$out/rows.tsv"
if [ "${RECORD:-}" = 1 ] && [ "$status" -eq 0 ]; then
	cp "$out/rows.tsv" "$PP_DIR/bench.tsv"
fi
say "results in ${dirs[*]}"
exit "$status"
