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

# told ROUNDS NAMES ARGUMENT...: the tool tells that many rounds of 2 MB in lines
# with tabs, of that many processes and threads.
told()
{
	local rounds=$1 names=$2
	shift 2
	"$TOOLS/gup_benchmark" -w -a -m 2 -x "$@" >/run/out 2>&1 &&
	awk -F '\t' -v rounds="$rounds" -v names="$names" '
	{ name[$1, $2] }
	NF != 6 || $6 != 2 * 1024 * 1024 { bad = 1 }
	END { exit bad || NR != rounds || length(name) != names }' /run/out &&
		return
	sed 's/^/# /' /run/out
	return 1
}

# nonsense ARGUMENT...: the tool says what it wants instead.
nonsense()
{
	! "$TOOLS/gup_benchmark" -w -m 2 "$@" >/run/out 2>&1 &&
	grep -qE ': give|is no size' /run/out
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
if [ "$1" = ours ]; then
	tool=gup_benchmark:tool
	point "$tool.rounds_that_warm_up_are_not_told" told 2 1 -r 2 -R 3
	point "$tool.each_thread_has_its_rounds" told 6 3 -r 2 -j 3
	point "$tool.each_process_has_its_threads" told 8 4 -r 2 -j 2 -P 2
	point "$tool.hugetlb_pages_have_a_size" told 1 1 -H2M
	for argument in -j0 -P0 -R-1 -H3M -H2; do
		point "$tool.$argument.is_refused" nonsense "$argument"
	done
fi
point "acquired and released are equal and not zero" balanced
plan
