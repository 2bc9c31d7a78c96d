#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Our kernel as dom0 of Xen: gntdev and privcmd, with real hypercalls.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../bin" && pwd)
"$bin/kernel.sh" ours xen
dir=$(TIMEOUT=${TIMEOUT:-1800} "$bin/run.sh" ours xen bare ours) || [ -d "$dir" ]
exec "$bin/console.py" tap "$dir"
