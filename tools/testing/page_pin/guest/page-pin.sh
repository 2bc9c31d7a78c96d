#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The user-space self-tests, one test point a case.
#
# page-pin.sh KERNEL [FIRST [TEST...]]    from case number FIRST on, and only
#                                         of binaries or cases named TEST

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=world.sh
. "$GUEST/world.sh"
# shellcheck source-path=SCRIPTDIR source=runner.sh
. "$GUEST/runner.sh"

run_programs page_pin "$@"
