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

# sum_is FILE SHA256
sum_is()
{
	[ "$(sha256sum <"$1" | cut -c1-64)" = "$2" ]
}

# private_apt COMMAND...: apt-get with everything that it keeps below $tmp.
private_apt()
{
	apt-get -q -o Dir::Etc::SourceList="$tmp/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$tmp/lists" -o Dir::Cache="$tmp/apt" \
		-o APT::Get::List-Cleanup=false -o APT::Update::Error-Mode=any \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 \
		-o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$@"
}

# find_suites: ask each mirror that apt uses for each suite of base/source;
# the ones that have it become our list of sources.
find_suites()
{
	local suite uri
	: >"$tmp/found"
	for suite in $SUITES; do
		while IFS= read -r uri; do
			echo "deb [signed-by=$keyring] $uri $suite main" \
				>"$tmp/sources.list"
			! private_apt update ||
				cat "$tmp/sources.list" >>"$tmp/found"
		done <"$tmp/mirrors"
	done
	mv "$tmp/found" "$tmp/sources.list"
	[ -s "$tmp/sources.list" ]
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
	mkdir -p "$tmp/lists/partial" "$tmp/apt/archives/partial" "$tmp/deb" \
		 "$PP_BUILD/log"
	apt-get update --print-uris 2>"$log" |
		sed -n "s|^'\(.*/\)dists/.*InRelease'.*|\1|p" |
		sort -u >"$tmp/mirrors" || true
	[ -s "$tmp/mirrors" ] || die "apt knows no mirror" \
		"set up /etc/apt/sources.list, or $instead"
	stage fetch-lists "$log" find_suites ||
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
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
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
