#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of the series, in a booted kernel without and with the checks
# of memory management: one test point a case.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
dirs=()
for scenario in hold debug; do
	"$bin/kernel.sh" ours "$scenario"
	dir=$("$bin/run.sh" ours "$scenario" boot) || [ -d "$dir" ]
	dirs+=("$dir")
done
exec "$bin/console.py" kunit page_pin "${dirs[@]}"
