#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `make static` checks, without a guest.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../bin" && pwd)
"$bin/baseline-tree.sh"
exec "$bin/static.sh"
