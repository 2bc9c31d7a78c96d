#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every get and pin mode of gup_benchmark over each kind of page works, and
# the two counters tell exactly the pins that it took: none, or all.
#
# gup-benchmark.sh KERNEL
#
# The name of a point is gup_benchmark:MODE.KIND.PAGES_A_CALL.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=gup.sh
. "$GUEST/gup.sh"

MB=16
ROUNDS=2
# On the CPU of node 0, where there is no CMA.  A page that a long-term pin
# moves out of there is pinned twice.
taskset -p 1 $$ >/dev/null

# counted BEFORE AFTER PINS: the counter went up by just that.
counted()
{
	[ -n "$1" ] && [ -n "$2" ] && [ $(($2 - $1)) -eq "$3" ] && return
	echo "# the counter went from '$1' to '$2', expected $3 more"
	return 1
}

# run PINS MODE KIND CALLS: the mode works and takes and returns PINS pins.
run()
{
	local pins=$1 acquired released
	shift
	fold
	acquired=$(counter nr_foll_pin_acquired)
	released=$(counter nr_foll_pin_released)
	gup "$MB" "$ROUNDS" "$@" || return
	fold
	counted "$acquired" "$(counter nr_foll_pin_acquired)" "$pins" &&
	counted "$released" "$(counter nr_foll_pin_released)" "$pins"
}

# refused ARGUMENT...: the kernel says that this makes no sense.
refused()
{
	! "$TOOLS/gup_benchmark" -w -m 2 "$@" >/run/out 2>&1 &&
	grep -q 'ioctl: Invalid argument' /run/out
}

for mode in $(modes_of "$1"); do
	pins=0
	[[ $mode == pin-* ]] && pins=$((MB * 256 * ROUNDS))
	for kind in $KINDS; do
		for calls in 1 300 4096; do
			point "gup_benchmark:${mode%:*}.${kind%:*}.$calls" \
				run "$pins" "$mode" "$kind" "$calls"
		done
	done
done
for mode in $(modes_of "$1"); do
	point "gup_benchmark:${mode%:*}.no_page_a_call_is_refused" \
		refused "${mode#*:}" -n 0
	point "gup_benchmark:${mode%:*}.too_many_pages_a_call_are_refused" \
		refused "${mode#*:}" -n -1
done
point "acquired and released are equal and not zero" balanced
plan
