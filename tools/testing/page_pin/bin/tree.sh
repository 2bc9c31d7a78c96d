#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make build/linux: a git repository with the commits and tags base and
# baseline, and on the branch page_pin one commit for each patch of
# patches/series.  A patch that does not apply leaves it as it was.  Changes in
# it that patches/ does not have are kept and reported; FORCE=1 drops them.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"

# commit_index NAME MESSAGE [PARENT]: commit and tag what is staged.
commit_index()
{
	local tree commit
	tree=$(kgit write-tree) &&
		commit=$(echo "$2" |
			 kgit commit-tree ${3:+-p "$3"} "$tree") &&
		kgit update-ref refs/heads/page_pin "$commit" &&
		kgit tag "$1" "$commit"
}

unpack()
{
	mkdir "$tmp" &&
		tar -xmf "$PP_BUILD/cache/$TARBALL" -C "$tmp" &&
		mv "$tmp/$TOPDIR" "$LINUX"
}

# One pack and no loose object, for speed: any size counts as big.
import()
{
	git init -q --template= -b page_pin "$LINUX" &&
		kgit config gc.auto 0 &&
		kgit config core.autocrlf false &&
		kgit config user.name "$GIT_AUTHOR_NAME" &&
		kgit config user.email "$GIT_AUTHOR_EMAIL" &&
		kgit -c core.bigFileThreshold=1 -c core.compression=1 \
			add -A -f . &&
		commit_index base "Linux ${VERSION%-*} as in Debian's $PACKAGE $VERSION"
}

baseline()
{
	"$PP_DIR/bin/baseline.sh" "$LINUX" &&
		commit_index baseline "The baseline: as if FOLL_PIN had never been merged" \
			base
}

# make_base: a new build/linux that ends at the baseline.
make_base()
{
	local linux=$LINUX tmp=$PP_BUILD/unpack.tmp name
	local LINUX=$linux.tmp
	"$PP_DIR/bin/fetch.sh"
	need_space 2000
	for name in unpack import baseline; do
		stage "tree-$name" "$PP_BUILD/log/tree-$name.log" "$name" ||
			die "build/linux cannot be made: $(tail -n1 \
				"$PP_BUILD/log/tree-$name.log")" \
			    "see $PP_BUILD/log/tree-$name.log"
	done
	rmdir "$tmp"
	[ ! -e "$linux" ] || mv "$linux" "$linux.old"
	keep_stamp "$LINUX_STAMP" "$base - $(kgit rev-parse HEAD)"
	mv "$LINUX" "$linux"
	rm -rf "$linux.old" "$LINUX_MOVING"
}

# up_to_date: is there nothing to do?  Dies before changes would be lost.
up_to_date()
{
	[ -e "$LINUX" ] && [ ! -e "$LINUX_MOVING" ] || return 1
	if [ "${FORCE:-}" != 1 ]; then
		[ -n "$stamp_head" ] ||
			die "build/linux is not of our making" \
			    "remove it, or set FORCE=1 to drop it"
		linux_is_ours ||
			die "build/linux has changes that are not in patches/" \
			    "commit them there and run 'make refresh', or set FORCE=1 to drop them"
	fi
	[ "$stamp_base $stamp_series" = "$base $series" ] && linux_is_ours
}

clean_up()
{
	rm -rf "$PP_BUILD/linux.tmp" "$PP_BUILD/linux.old" \
	       "$PP_BUILD/unpack.tmp" "$PP_BUILD/queue.tmp"
}

need_cmd git
take_lock
load_base
series=$(series_id)
read_stamp
! up_to_date || exit 0
clean_up
trap clean_up EXIT
if [ ! -d "$LINUX/.git" ] || [ "$stamp_base" != "$base" ]; then
	make_base
fi
need_space 300
compose "$PP_TOP/patches" "$PP_TOP"
linux_move_to "$composed" "$base" "$series"
say "tree: $(kgit rev-list --count baseline..page_pin) patches on the baseline, commit $(kgit rev-parse --short=12 HEAD)"
