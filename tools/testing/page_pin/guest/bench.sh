#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gup_benchmark in every get and pin mode, over each kind of page, for a few
# sizes of call.  Booted with MEASURE=1, where a plugin counts what each round
# costs; what is told here is which rounds there were.
#
# bench.sh KERNEL

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=gup.sh
. "$GUEST/gup.sh"

KINDS="4K:-T THP:-t 2M:-H 1G:-H"
# The first three warm up; of the others the timer's interrupt hits some, the
# less the shorter they are.
ROUNDS=6

# measure MODE KIND CALLS
measure()
{
	local mode=$1 kind=$2 calls=$3 mb=16
	[ "$calls" -gt 1 ] || mb=4
	gup "$mb" "$ROUNDS" "$mode" "$kind" "$calls" || return
	printf '# row\t%s\t%s\t%d\t%d\t%d\n' "${mode%:*}" "${kind%:*}" \
	       "$calls" $((mb * 256)) "$ROUNDS"
}

point "instructions whose number is known" "$TOOLS/known"
for mode in $(modes_of "$1"); do
	for kind in $KINDS; do
		for calls in 1 4096; do
			point "${mode%:*}, ${kind%:*}, $calls pages a call" \
				measure "$mode" "$kind" "$calls"
		done
	done
done
# All of a page of a gigabyte, as one: what that costs in all.
whole()
{
	gup 1024 "$ROUNDS" pin-ranges:-g 1G:-H 262144 || return
	printf '# row\tpin-ranges\t1G-page\t262144\t1\t%d\n' "$ROUNDS"
}

if [ "$1" = ours ]; then
	point "pin-ranges, 1G-page, 262144 pages a call" whole
fi
if [ "$1" = baseline ]; then
	point "there are no counters of pins" no_counters
else
	point "acquired and released are equal and not zero" balanced
fi
plan
