#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels that came later, to compare with: the sources that base/newer names, as
# the mirrors of this machine have them today, in build/newer/.  The names of the
# kernels that are there go to stdout; where there is none, that is no error.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$PP_DIR/bin/apt.sh"

# get NAME SUITE: make the tree of linux-source-NAME.
get()
{
	local version=${1#v} dir=$PP_BUILD/newer/$1 deb
	rm -rf "$tmp"
	mkdir -p "$tmp"
	find_mirrors && find_suites "$2" && cd "$tmp/deb" &&
		private_apt download "linux-source-$version" || return
	deb=$(find "$tmp/deb" -name '*.deb')
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/linux-source-$version.tar.xz" |
		tar -xJm -C "$tmp" || return
	mkdir -p "$PP_BUILD/newer"
	mv "$tmp/linux-source-$version" "$dir"
}

take_lock
tmp=$PP_BUILD/newer.tmp
trap 'rm -rf "$tmp"' EXIT
while read -r name suite; do
	log=$PP_BUILD/log/$name.log
	if [ ! -d "$PP_BUILD/newer/$name" ]; then
		need_space 2500
		stage "$name" "$log" get "$name" "$suite" || {
			say "$name: no mirror of this machine gives its source, so it is left out"
			continue
		}
	fi
	echo "$name"
done < <(sed '/^#/d' "$PP_TOP/base/newer")
