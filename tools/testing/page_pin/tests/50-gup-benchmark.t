#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gup_benchmark of the series in every get and pin mode over 4K, THP and
# hugetlb memory, without and with the checks of memory management, and the
# counters after each.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
dirs=()
for scenario in hold debug; do
	"$bin/kernel.sh" ours "$scenario"
	dir=$("$bin/run.sh" ours "$scenario" gup-benchmark ours) ||
		[ -d "$dir" ]
	dirs+=("$dir")
done
exec "$bin/console.py" tap "${dirs[@]}"
