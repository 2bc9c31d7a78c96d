#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The call sites that pin user pages, each with a real client: one test point a
# case.
#
# callsites.sh KERNEL [FIRST [TEST...]]    from case number FIRST on, and only
#                                          of clients or cases named TEST

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=world-callsites.sh
. "$GUEST/world-callsites.sh"
# shellcheck source-path=SCRIPTDIR source=runner.sh
. "$GUEST/runner.sh"

run_programs callsite_ "$@"
