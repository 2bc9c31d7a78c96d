#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of the series, in a booted kernel with the checks of memory
# management on: one test point a case.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
"$bin/kernel.sh" ours test
dir=$("$bin/run.sh" ours test boot) || [ -d "$dir" ]
exec "$bin/console.py" kunit page_pin "$dir"
