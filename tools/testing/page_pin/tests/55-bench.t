#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What pins cost: the plugin that counts has seen what is known, and no row of
# the benchmark got more than 2 % worse than the record.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$here/../bin
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

ok "the lean kernel" "$bin/kernel.sh" ours lean
run env MEASURE=1 "$bin/run.sh" ours lean bench ours
report "$status" "the benchmark runs" "$err"
dir=$out
run "$bin/bench.py" rows ours "$dir"
report "$status" "the plugin counts what is known, and each round" "$err"
echo "$out" >"$tmp/rows"
run "$bin/bench.py" check "$here/../bench.tsv" "$tmp/rows"
report "$status" "the record can be read" "$err"
while IFS=$'\t' read -r worse name why; do
	report "$worse" "no worse than the record: $name" "$why"
done <<<"$out"
done_testing
