#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/baseline, the plain tree of the tag baseline: 5.10 as if FOLL_PIN
# had never been merged.  One without a stamp is half-made.  Files get the time
# of now: an older kernel build must see that they changed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"

unpack()
{
	mkdir "$tmp" &&
		kgit archive --format=tar baseline | tar -xm -C "$tmp"
}

take_lock
load_base
tree=$PP_BUILD/baseline
stamp=$PP_BUILD/.baseline.stamp
tmp=$PP_BUILD/baseline.tmp

read_stamp
if [ ! -d "$LINUX/.git" ] || [ "$stamp_base" != "$base" ]; then
	"$PP_DIR/bin/tree.sh"
fi
commit=$(kgit rev-parse 'baseline^{commit}')
[ ! -d "$tree" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$commit" ] || exit 0
rm -rf "$tmp"
need_space 1400
trap 'rm -rf "$tmp"' EXIT
stage baseline-tree "$PP_BUILD/log/baseline-tree.log" unpack ||
	die "the baseline cannot be unpacked" \
	    "see $PP_BUILD/log/baseline-tree.log"
rm -f "$stamp"
rm -rf "$tree"
mv "$tmp" "$tree"
keep_stamp "$stamp" "$commit"
