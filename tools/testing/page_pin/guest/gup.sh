# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# gup_benchmark as the jobs run it: modes, kinds of page, and what must hold
# whatever is measured.  Sourced after lib.sh.

# Each mode and each kind of page with the letter that gup_benchmark has for
# it.  The baseline knows no pins, and its long-term gets have no letter.  Pins
# whose pages are given back dirty, and ranges, are measured by our tool only, and
# later kernels have no clock around slow ones.
GET_MODES="get-fast:-u get-slow:-U"
PIN_MODES="pin-fast:-a pin-slow:-b pin-longterm:-L"
OUR_MODES="pin-dirty:-d pin-ranges:-g"
NEWER_MODES="get-fast:-u pin-fast:-a pin-longterm:-L"
# shellcheck disable=SC2034 # the jobs use it
KINDS="4K:-T THP:-t hugetlb:-H"

modes_of()
{
	case $1 in
	baseline)	echo "$GET_MODES" ;;
	ours)		echo "$GET_MODES $PIN_MODES $OUR_MODES" ;;
	v*)		echo "$NEWER_MODES" ;;
	*)		echo "$GET_MODES $PIN_MODES" ;;
	esac
}

# gup MB ROUNDS MODE KIND CALLS: run it, with its output in /run/out.  Every
# round covers all the memory, and THP means that each huge page was one.
gup()
{
	local mb=$1 rounds=$2 mode=$3 kind=$4 calls=$5 huge
	huge=$(counter thp_fault_alloc)
	local -x HUGE_SHIFT=''
	[ "${kind%:*}" != 1G ] || HUGE_SHIFT=30
	if ! "$TOOLS/gup_benchmark" -w -m "$mb" -r "$rounds" -n "$calls" \
			"${mode#*:}" "${kind#*:}" >/run/out 2>&1 ||
	   grep -q truncated /run/out ||
	   [ "$(grep -c 'Time: get:' /run/out)" -ne "$rounds" ]; then
		echo "# gup_benchmark ${mode#*:} ${kind#*:} failed"
		sed 's/^/# /' /run/out
		return 1
	fi
	if [ "${kind%:*}" = THP ] &&
	   [ $(($(counter thp_fault_alloc) - huge)) -lt $((mb / 2)) ]; then
		echo "# not all memory was in transparent huge pages"
		return 1
	fi
}
