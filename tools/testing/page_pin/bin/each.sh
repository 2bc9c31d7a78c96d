#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and boot the lean kernel at every commit of the series, the baseline
# included, so that git bisect works for those who use it.  Takes as long as
# it sounds.
#
# each.sh [FIRST-COMMIT]    a commit of build/linux; the baseline if not given

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

linux=$PP_BUILD/linux
each=$PP_BUILD/each
first=${1:-baseline}
take_lock
commits=$(git -C "$linux" rev-list --reverse "$first^..page_pin" 2>/dev/null) ||
	die "there is no commit $first on the branch page_pin" "run 'make tree'"

if [ ! -d "$each" ]; then
	need_space 1500
	git -C "$linux" worktree prune
	git -C "$linux" worktree add -q --detach "$each" "$first"
fi
for commit in $commits; do
	git -C "$each" checkout -q --detach "$commit"
	say "$(git -C "$each" log -1 --format=%s)"
	"$PP_DIR/bin/kernel.sh" each lean
	if grep ': warning: ' "$PP_BUILD/kernel/each-lean/build.log"; then
		die "the compiler warns at $commit" "correct that patch"
	fi
	"$PP_DIR/bin/run.sh" each lean boot >/dev/null
done
say "each of $(wc -w <<<"$commits") commits builds without a warning and boots"
