#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark on ours, baseline, stock and the kernels of base/newer: one table,
# and pictures of it in SVG: what a page costs by mode and kernel and by the size
# of the buffer, and what it takes to pin one page of each size.
#
# compare.sh [KERNEL...]    RECORD=1: as for bench.sh, and keep the pictures

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# by_kernel FILE WHERE KEY VALUE: a line for each KEY, a column for each kernel.
by_kernel()
{
	awk -F '\t' -v kernels="${kernels[*]}" '
	BEGIN { n = split(kernels, name, " ") }
	!/^#/ && '"$2"' {
		key = '"$3"'
		if (!(key in seen)) {
			seen[key]
			order[++keys] = key
		}
		cost[key, $1] = '"$4"'
	}
	END {
		for (i = 1; i <= keys; i++) {
			line = order[i]
			for (j = 1; j <= n; j++) {
				at = order[i] SUBSEP name[j]
				line = line "\t" (at in cost ? cost[at] : "?")
			}
			print line
		}
	}' "$work/$1"
}

# shellcheck disable=SC2016 # awk reads it
pictures()
{
	cd "$work"
	by_kernel rows.tsv '$4 == 4096 && $2 ~ /^(get|pin)-/' '$2 " " $3' '$6' \
		>taken
	by_kernel rows.tsv '$4 == 4096 && $2 ~ /^(get|pin)-/' '$2 " " $3' '$7' \
		>given-back
	by_kernel sizes.tsv '$2 == "get-fast" && $3 == "4K"' '$5 * 4096' '$6' \
		>get-sizes
	by_kernel sizes.tsv '$2 == "pin-fast" && $3 == "4K"' '$5 * 4096' '$6' \
		>pin-sizes
	by_kernel sizes.tsv '$2 == "pin-fast" && ($3 != "4K" || $5 == 1)' \
		'$5 * 4096' '$6 * $5' >pages
	gnuplot -e "kernels = '${kernels[*]}'" "$PP_DIR/bin/compare.gp" \
		>gnuplot.log 2>&1 ||
		die "gnuplot failed" "see $work/gnuplot.log"
}

need_cmd gnuplot
take_lock
kernels=("$@")
if [ $# -eq 0 ]; then
	mapfile -t newer < <("$PP_DIR/bin/newer.sh")
	kernels=(ours baseline stock "${newer[@]}")
fi
mkdir -p "$PP_RESULTS"
work=$(mktemp -d "$PP_RESULTS/$(date +%Y%m%d-%H%M%S)-compare.XXX")
OUT=$work setpriv --pdeathsig TERM "$PP_DIR/bin/bench.sh" "${kernels[@]}"
for kernel in "${kernels[@]}"; do
	dir=$(MEASURE=1 exec setpriv --pdeathsig TERM \
		"$PP_DIR/bin/run.sh" "$kernel" lean bench-sizes "$kernel")
	"$PP_DIR/bin/bench.py" rows "$kernel" "$dir"
done >"$work/sizes.tsv"
pictures
if [ "${RECORD:-}" = 1 ]; then
	mkdir -p "$PP_DIR/pictures"
	cp "$work"/*.svg "$PP_DIR/pictures/"
fi
say "table and pictures in $work"
