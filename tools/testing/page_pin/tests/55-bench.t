#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What pins cost, and what those pay who never pin: the plugin that counts has seen
# what is known, no row of the benchmark got more than 2 % worse than the record,
# and who never pins pays no more than 0.5 % over the baseline of the record.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$here/../bin
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# measure SCENARIO JOB: its rows are added to those that are there.
measure()
{
	ok "the kernel of $1" "$bin/kernel.sh" ours "$1"
	run env MEASURE=1 TIMEOUT=1800 "$bin/run.sh" ours "$1" "$2" ours
	report "$status" "the job $2 runs" "$err"
	run "$bin/bench.py" rows ours "$out"
	report "$status" "the plugin counts what is known, and each round" "$err"
	[ -z "$out" ] || echo "$out" >>"$tmp/rows"
}

: >"$tmp/rows"
measure lean bench
measure work work
run "$bin/bench.py" check "$here/../bench.tsv" "$tmp/rows"
report "$status" "the record can be read" "$err"
while IFS=$'\t' read -r worse name why; do
	report "$worse" "no worse than the record: $name" "$why"
done <<<"$out"
run "$bin/bench.py" table "$here/../bench-targets.tsv" "$here/../bench.tsv" \
	"$tmp/rows"
like "the work of those who never pin is in the table" "$out" \
	$'\n(fault|fork|cow|reclaim)'
worse=$(grep -E '^(fault|fork|cow|reclaim).* ! ' <<<"$out")
report ${#worse} "who never pins pays what the baseline costs" "$worse"
done_testing
