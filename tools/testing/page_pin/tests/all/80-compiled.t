#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What no machine here runs, and all that the series touches, is compiled
# without a warning, by the compiler of the architecture that has it.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../bin" && pwd)
"$bin/baseline-tree.sh"
exec "$bin/cross.sh"
