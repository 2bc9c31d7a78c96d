#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Get the tarball that base/source names into build/cache, from the Debian
# mirror that this machine uses or from the file LINUX_SOURCE, and check it.
# Our own list of sources and apt's private state below build/ leave the
# machine's settings alone.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$PP_DIR/bin/apt.sh"

# sum_is FILE SHA256
sum_is()
{
	[ "$(sha256sum <"$1" | cut -c1-64)" = "$2" ]
}

download()
{
	cd "$tmp/deb" && private_apt download "$PACKAGE=$VERSION"
}

# tarball_of DEB: take the tarball out of it.
tarball_of()
{
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO "./usr/src/$TARBALL" >"$tmp/$TARBALL"
}

from_mirror()
{
	local deb
	need_cmd apt-get
	need_cmd dpkg-deb
	[ -r "$keyring" ] || die "$keyring is missing" \
		"install debian-archive-keyring, or $instead"
	need_space 500
	find_mirrors || die "apt knows no mirror" \
		"set up /etc/apt/sources.list, or $instead"
	stage fetch-lists "$log" find_suites "$SUITES" ||
		die "no mirror of this machine serves $SUITES, log $log" \
		    "check the network, or $instead"
	stage fetch "$log" download ||
		die "the mirror does not give $PACKAGE=$VERSION, log $log" \
		    "check the network, or $instead"
	deb=$(find "$tmp/deb" -name '*.deb')
	sum_is "$deb" "$DEB_SHA256" ||
		die "the package $PACKAGE=$VERSION from the mirror has the wrong sha256" \
		    "try again later, or $instead"
	tarball_of "$deb" ||
		die "the package $PACKAGE=$VERSION gives no $TARBALL" \
		    "free some space and try again, or $instead"
}

from_file()
{
	[ -f "$LINUX_SOURCE" ] ||
		die "LINUX_SOURCE=$LINUX_SOURCE is no file" \
		    "give the path of $TARBALL of $PACKAGE $VERSION"
	sum_is "$LINUX_SOURCE" "$TARBALL_SHA256" ||
		die "LINUX_SOURCE=$LINUX_SOURCE has the wrong sha256" \
		    "give $TARBALL of $PACKAGE $VERSION, sha256 $TARBALL_SHA256"
	! sum_is_cached || return 0
	need_space 200
	cp "$LINUX_SOURCE" "$tmp/$TARBALL" ||
		die "LINUX_SOURCE=$LINUX_SOURCE cannot be copied to $PP_BUILD" \
		    "free some space"
}

sum_is_cached()
{
	[ -f "$cached" ] && sum_is "$cached" "$TARBALL_SHA256"
}

take_lock
load_base
cached=$PP_BUILD/cache/$TARBALL
instead="set LINUX_SOURCE= to $TARBALL of $PACKAGE $VERSION"
tmp=$PP_BUILD/fetch.tmp
log=$PP_BUILD/log/fetch.log

[ -n "${LINUX_SOURCE:-}" ] || ! sum_is_cached || exit 0
trap 'rm -rf "$tmp"' EXIT
rm -rf "$tmp"
mkdir -p "$tmp"
if [ -n "${LINUX_SOURCE:-}" ]; then
	from_file
else
	from_mirror
fi
[ -f "$tmp/$TARBALL" ] || exit 0
sum_is "$tmp/$TARBALL" "$TARBALL_SHA256" ||
	die "the $TARBALL that was fetched has the wrong sha256" \
	    "try again, or $instead"
sync -f "$tmp"
mkdir -p "$PP_BUILD/cache"
mv "$tmp/$TARBALL" "$cached"
