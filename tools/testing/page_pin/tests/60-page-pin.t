#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The self-tests that hold pins and look at the data, without and with the
# checks of memory management: one test point a case.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
dirs=()
for scenario in hold debug; do
	"$bin/kernel.sh" ours "$scenario"
	dir=$(TIMEOUT=${TIMEOUT:-3600} "$bin/run.sh" \
		ours "$scenario" page-pin ours) || [ -d "$dir" ]
	dirs+=("$dir")
done
exec "$bin/console.py" tap "${dirs[@]}"
