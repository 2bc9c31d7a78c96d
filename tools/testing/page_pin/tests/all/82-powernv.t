#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# VFIO on POWER: a POWER9 machine, where memory is registered before it is mapped,
# and a logical partition, where it is not.

set -e
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../bin" && pwd)
dirs=()
"$bin/kernel.sh" ours powernv
for scenario in powernv:mm_iommu pseries:spapr_tce; do
	dir=$(TIMEOUT=${TIMEOUT:-1800} "$bin/run.sh" ours "${scenario%:*}" \
		bare ours 1 "callsite_${scenario#*:}") || [ -d "$dir" ]
	dirs+=("$dir")
done
exec "$bin/console.py" tap "${dirs[@]}"
