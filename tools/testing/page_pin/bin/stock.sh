#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/stock, the untouched base tree.  One without a stamp is half-made.
# Files get the time of now: an older kernel build must see that they changed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"

take_lock
load_base
stock=$PP_BUILD/stock
stamp=$PP_BUILD/.stock.stamp
tmp=$PP_BUILD/stock.tmp

[ ! -d "$stock" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$TARBALL_SHA256" ] ||
	exit 0
"$PP_DIR/bin/fetch.sh"
rm -rf "$tmp"
need_space 1400
need_cmd xz
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp"
stage stock "$PP_BUILD/log/stock.log" \
	tar -xmf "$PP_BUILD/cache/$TARBALL" -C "$tmp" ||
	die "the base cannot be unpacked" "see $PP_BUILD/log/stock.log"
[ -d "$tmp/$TOPDIR" ] ||
	die "$TARBALL holds no $TOPDIR" "mend base/source"
rm -f "$stamp"
rm -rf "$stock"
mv "$tmp/$TOPDIR" "$stock"
keep_stamp "$stamp" "$TARBALL_SHA256"
