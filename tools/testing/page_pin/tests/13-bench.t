#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the benchmark's reader makes of a guest's words and the plugin's numbers,
# without a guest.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$here/../bin/bench.py
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fresh: a good run of two rows.
fresh()
{
	local cold='4\t1\t1\t1\t1\t1\t1\n'
	printf '%b' '# known\t2\t10\t6\nok 1\n# row\tget-fast\t4K\t1\t10\t5\n' \
		'# row\tpin-fast\tTHP\t4096\t4096\t4\n' >"$tmp/tap.log"
	printf '%b' '0\t12\t6\t0\t0\t0\t0\n0\t10\t6\t0\t0\t0\t0\n' \
		"$cold$cold$cold" \
		'4\t1\t1\t900\t25\t100\t10\n4\t1\t1\t800\t20\t110\t10\n' \
		"$cold$cold$cold" \
		'4\t1\t1\t8192\t24\t4096\t32\n' >"$tmp/insns.log"
}

rows()
{
	run "$bench" rows ours "$tmp"
}

fresh
rows
is "rows are the best of their rounds, a page" "$status $out" \
"0 ours	get-fast	4K	1	10	80.00	10.00	2.0000	1.0000
ours	pin-fast	THP	4096	4096	2.00	1.00	0.0059	0.0078"
echo "$out" >"$tmp/rows"
sed -i 's/^0\t10\t6/0\t10\t5/' "$tmp/insns.log"
rows
like "a plugin that misses a LOCK" "$status $err" "^1 .*counts .*10, 5.* for .*10, 6"
fresh
sed -i '$d' "$tmp/insns.log"
rows
like "a round that was not seen" "$status $err" "^1 .*seen too little"
fresh
echo 'x' | sed 's/.*/4\t1\t1\t1\t1\t1\t1/' >>"$tmp/insns.log"
rows
like "a round that nobody ran" "$status $err" "^1 .*seen more"
fresh
sed -i 's/^4\t1\t1\t800/5\t1\t1\t800/' "$tmp/insns.log"
rows
like "a round with a clock too many" "$status $err" "^1 .*get-fast 4K 1: .*four clocks"

# Work: a round is two lines, of which the marks count; it has no rounds to skip.
fresh_work()
{
	printf '%b' '# known\t1\t10\t6\n# work\tvfio-map\t2M\t512\t512\t2\n' \
		'# work\turing-read\tTHP\t16\t10\t1\n' >"$tmp/tap.log"
	printf '%b' '0\t10\t6\t0\t0\t0\t0\n' \
		'0\t5120\t512\t0\t0\t0\t0\n0\t1024\t65\t0\t0\t0\t0\n' \
		'0\t5376\t511\t0\t0\t0\t0\n0\t512\t64\t0\t0\t0\t0\n' \
		'4\t9000\t30\t1\t1\t1\t1\n0\t8000\t20\t0\t0\t0\t0\n' \
		>"$tmp/insns.log"
}

fresh_work
rows
is "rows of work are the best of each part" "$status $out" \
"0 ours	vfio-map	2M	512	512	10.00	1.00	0.9980	0.1250
ours	uring-read	THP	16	10	900.00	800.00	3.0000	2.0000"
sed -i '$d' "$tmp/insns.log"
rows
like "work without its second part" "$status $err" "^1 .*seen too little"
fresh_work
sed -i '$d' "$tmp/tap.log"
rows
like "work that has no row, for it failed" "$status $err" "^1 .*seen more"
fresh
: >"$tmp/tap.log"
rows
like "a guest that ran nothing" "$status $err" "^1 .*ran nothing"

# The check against the record: 2 % is let through, in each column.
cp "$tmp/rows" "$tmp/record"
check()
{
	run "$bench" check "$tmp/record" "$tmp/rows"
}
check
is "as the record" "$status $(cut -f1 <<<"$out" | paste -sd ' ')" "0 0 0"
sed -i 's/80\.00/81.50/' "$tmp/rows"
check
is "less than 2 % more" "$(cut -f1 <<<"$out" | paste -sd ' ')" "0 0"
sed -i 's/81\.50/81.70/' "$tmp/rows"
check
is "more than that, and which row" "$out" \
"1	get-fast, 4K, 1 pages a call	acquire 81.7, the record is 80.0
0	pin-fast, THP, 4096 pages a call	"
sed -i 's/0\.0078$/0.0080/' "$tmp/rows"
check
like "2 % and what rounding may have added" "$out" $'0\tpin-fast, THP, '
sed -i 's/0\.0080$/0.0098/' "$tmp/rows"
check
like "a locked operation more" "$out" \
	$'1\tpin-fast, THP, .*release-locked 0\.0098, the record is 0\.0078'
cp "$tmp/record" "$tmp/rows"
sed -i 1d "$tmp/rows"
check
like "a row that is not measured" "$out" $'^1\tget-fast, .*no such row in .*rows'
sed -i 1d "$tmp/record"
cp "$tmp/rows" "$tmp/other"
printf 'ours\tnew\t4K\t1\t1\t1\t1\t1\t1\n' >>"$tmp/rows"
check
like "a row that is not in the record" "$out" $'1\tnew, .*no such row in .*record'

# Targets: a number, another kernel's, and locked operations of a compound.
printf '%b' 'pin-fast\tTHP,2M\t4096\tacquire\t1.9\t3\n' \
	'pin-fast\t4K\t*\tacquire\tbaseline:get-fast+5\t-\n' >"$tmp/targets"
printf '%b' 'ours\tpin-fast\t4K\t1\t10\t85\t9\t2\t1\n' >>"$tmp/other"
printf '%b' 'baseline\tget-fast\t4K\t1\t10\t80\t9\t2\t1\n' >"$tmp/record"
run "$bench" table "$tmp/targets" "$tmp/record" "$tmp/other"
like "a target that is missed" "$status $out" \
	'^0 .*pin-fast +THP +4096 +! 2\.0 \(0\.006\) +1\.9 \(0\.006\)'
like "a target that another kernel sets" "$out" \
	'pin-fast +4K +1 +85\.0 \(2\) +85\.0'

# No more than the baseline and a half percent, in the same mode or another one.
printf '%b' 'ours\tfork\t4K\t9\t1000\t1006\t1004\t2\t1\n' \
	'ours\tfault\t4K-mixed\t1\t1000\t1504\t9\t2\t1\n' >"$tmp/other"
printf '%b' 'baseline\tfork\t4K\t9\t1000\t1000\t1000\t2\t1\n' \
	'baseline\tcow\t4K-mixed\t1\t1000\t1000\t9\t2\t1\n' >"$tmp/record"
printf '%b' 'fork,fault\t4K\t*\tacquire\tbaseline:*1.005\t-\n' \
	'fork\t4K\t*\trelease\tbaseline:fork*1.005\t-\n' \
	'fault\t4K-mixed\t*\tacquire\tbaseline:cow*1.5\t-\n' >"$tmp/targets"
run "$bench" table "$tmp/targets" "$tmp/record" "$tmp/other"
like "a factor, of the same mode" "$status $out" \
	'^0 .*fork +4K +9 +! 1006\.0 \(2\) +1005\.0'
like "within a factor" "$out" 'fork +4K +9 +1004\.0 \(1\) +1005\.0'
like "a factor, of another mode" "$out" \
	'fault +4K-mixed +1 +! 1504\.0 \(2\) +1500\.0'
echo $'fork\t4K\t*\tacquire\tbaseline:fork-5\t-' >"$tmp/targets"
run "$bench" table "$tmp/targets" "$tmp/record" "$tmp/other"
like "a target that cannot be read" "$status $err" '^1 .*baseline:fork-5 is no target'
done_testing
