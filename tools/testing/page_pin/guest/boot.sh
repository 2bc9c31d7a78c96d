#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The smallest job: user space was reached.  KUnit runs before it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"

point "user space is reached" true
plan
