#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Write build/page_pin.mbox, the whole series as mails, new files and cover
# letter included.  Before it is put in place, `git am` has made of it, on the
# baseline, the very tree of build/linux.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"

tmp=$PP_BUILD/mbox.tmp
log=$PP_BUILD/log/mbox.log

# The first line of patches/0000-cover-letter is the subject, the rest the text.
write_mbox()
{
	local cover=$PP_TOP/patches/0000-cover-letter
	local options=(--no-cover-letter)
	[ ! -f "$cover" ] ||
		options=(--cover-letter --cover-from-description=subject)
	kgit -c branch.page_pin.description="$(cat "$cover" 2>/dev/null)" \
		format-patch --stdout --numbered --zero-commit --no-signature \
		--no-renames --no-base --no-thread --full-index --binary \
		--diff-algorithm=myers "${options[@]}" \
		baseline..page_pin >"$tmp/mbox"
}

# am_gives_the_tree: the clone borrows the objects of build/linux and has no
# files on disk but those that the series touches.
am_gives_the_tree()
{
	local -x GIT_CEILING_DIRECTORIES=$tmp
	git clone -q --shared --no-checkout --template= "$LINUX/.git" "$tmp/am" &&
		cd "$tmp/am" &&
		git update-ref --no-deref HEAD 'baseline^{commit}' &&
		git read-tree baseline &&
		git am -q --empty=drop "$tmp/mbox" &&
		git diff --quiet --cached page_pin
}

need_cmd git
take_lock
"$PP_DIR/bin/tree.sh"
[ -n "$(series "$PP_TOP/patches")" ] ||
	die "patches/series names no patch" "there is nothing to mail"
rm -rf "$tmp"
mkdir -p "$tmp" "$PP_BUILD/log"
trap 'rm -rf "$tmp"' EXIT
need_space 300
write_mbox
stage mbox "$log" am_gives_the_tree ||
	die "the mails do not make the tree of build/linux: $(tail -n1 "$log")" \
	    "see $log"
mv "$tmp/mbox" "$PP_BUILD/page_pin.mbox"
say "mbox: $PP_BUILD/page_pin.mbox, apply with git am --empty=drop"
