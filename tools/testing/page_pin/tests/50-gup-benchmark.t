#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gup_benchmark of the series in every get and pin mode over 4K, THP and
# hugetlb memory, in a kernel with the checks of memory management on, and the
# counters after each.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
"$bin/kernel.sh" ours test
dir=$("$bin/run.sh" ours test gup-benchmark ours) || [ -d "$dir" ]
exec "$bin/console.py" tap "$dir"
