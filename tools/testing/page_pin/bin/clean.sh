#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: clean.sh [all]
#
# Remove what was built and the results of runs; with `all` the trees, the
# downloads and the compiler cache as well.  A run that is at work keeps its
# files: the lock is asked first.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

take_lock
if [ "${1:-}" = all ]; then
	say "removing $PP_BUILD and $PP_RESULTS"
	rm -rf "$PP_BUILD" "$PP_RESULTS"
else
	say "removing $PP_BUILD/kernel and $PP_RESULTS"
	rm -rf "$PP_BUILD/kernel" "$PP_RESULTS"
fi
