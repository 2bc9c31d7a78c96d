#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gup_benchmark's fast modes over a buffer of small pages from 4 KB to 4 GB,
# and over one page of each size, at once.  As in bench.sh a plugin counts.
# A buffer of more than 64 MB has the same memory again and again: to fill it
# would take longer than all that is measured.
#
# bench-sizes.sh KERNEL

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=gup.sh
. "$GUEST/gup.sh"

ROUNDS=5

# measure MODE KIND KB
measure()
{
	local mode=$1 kind=$2 kb=$3 mb=$((($3 + 1023) / 1024)) GUP_KB='' FOLD_MB=''
	[ "$kb" -ge 1024 ] || local -x GUP_KB=$kb
	[ "$mb" -le 64 ] || [ "$kind" != 4K:-T ] || local -x FOLD_MB=64
	gup "$mb" "$ROUNDS" "$mode" "$kind" $((kb / 4)) || return
	printf '# row\t%s\t%s\t%d\t%d\t%d\n' "${mode%:*}" "${kind%:*}" \
	       $((kb / 4)) $((kb / 4)) "$ROUNDS"
}

point "instructions whose number is known" "$TOOLS/known"
for mode in $(modes_of "$1"); do
	case $mode in
	*-fast:*) ;;
	*) continue ;;
	esac
	for ((kb = 4; kb <= 4 << 20; kb *= 4)); do
		point "${mode%:*}, $kb KB" measure "$mode" 4K:-T "$kb"
	done
	point "${mode%:*}, a page of 2 MB" measure "$mode" 2M:-H 2048
	point "${mode%:*}, a page of 1 GB" measure "$mode" 1G:-H 1048576
done
plan
