#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The call sites that want a machine of their own, whose kernel has no modules
# and no network: one test point a case.
#
# bare.sh KERNEL [FIRST [TEST...]]    as callsites.sh

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=world-callsites.sh
. "$GUEST/world-callsites.sh"
# shellcheck source-path=SCRIPTDIR source=runner.sh
. "$GUEST/runner.sh"

make_world()
{
	set_reports
	make_files && make_faults
}

run_programs callsite_ "$@"
