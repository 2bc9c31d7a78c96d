#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The call sites that pin user pages, each with a real client, on a kernel with
# the checks of memory management: one test point a case.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
"$bin/kernel.sh" ours callsites
dir=$(TIMEOUT=${TIMEOUT:-3600} "$bin/run.sh" ours callsites callsites ours) ||
	[ -d "$dir" ]
exec "$bin/console.py" tap "$dir"
