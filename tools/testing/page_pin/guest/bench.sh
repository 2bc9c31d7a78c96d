#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gup_benchmark in every get and pin mode, over each kind of page, for a few
# sizes of call.  Booted with MEASURE=1 a guest nanosecond is an instruction,
# so microseconds over pages are instructions a page.
#
# bench.sh KERNEL

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=gup.sh
. "$GUEST/gup.sh"

MB=64
ROUNDS=4

# The first round activates pages and warms up; the best of the others is
# free of the timer's interrupts.
measure()
{
	local mode=$1 kind=$2 calls=$3
	gup "$MB" "$ROUNDS" "$mode" "$kind" "$calls" || return
	tr ':' ' ' </run/out | awk -v mode="${mode%:*}" -v kind="${kind%:*}" \
		-v calls="$calls" -v pages=$((MB * 256)) '
		seen++ {
			if (seen == 2 || $3 < get) get = $3
			if (seen == 2 || $5 < put) put = $5
		}
		END {
			printf "# row\t%s\t%s\t%d\t%.1f\t%.1f\n", mode, kind,
			       calls, get * 1000 / pages, put * 1000 / pages
		}'
}

for mode in $(modes_of "$1"); do
	for kind in $KINDS; do
		for calls in 1 512 4096; do
			point "${mode%:*}, ${kind%:*}, $calls pages a call" \
				measure "$mode" "$kind" "$calls"
		done
	done
done
if [ "$1" = baseline ]; then
	point "there are no counters of pins" no_counters
else
	point "acquired and released are equal and not zero" balanced
fi
plan
