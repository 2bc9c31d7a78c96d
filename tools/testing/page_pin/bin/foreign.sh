#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unpack Debian packages below build/foreign/ARCHITECTURE: programs for a guest
# of another architecture, or what must not be installed on this machine, such
# as a hypervisor.  They come from the mirrors that apt uses; its state for the
# other architecture is our own.
#
# foreign.sh ARCHITECTURE PACKAGE...

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# private_apt COMMAND...: apt-get for that architecture, with everything that it
# keeps below $tmp.
private_apt()
{
	apt-get -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
		-o Dir::State="$tmp/state" -o Dir::State::Lists="$tmp/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$tmp/apt" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 \
		-o Acquire::Languages=none -o Acquire::http::Timeout=30 \
		-o Acquire::https::Timeout=30 "$@"
}

# A source of apt that has nothing for this architecture is no error, as long as
# the packages are found.
download()
{
	cd "$tmp/deb" || return
	private_apt update || true
	private_apt download "${missing[@]}"
}

unpack()
{
	local deb file
	for deb in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$deb" "$tmp/new" || return
	done
	# QEMU loads a hypervisor that is not packed.
	for file in "$tmp"/new/boot/*.gz; do
		[ ! -e "$file" ] || gunzip "$file" || return
	done
}

[ $# -ge 2 ] || die "foreign.sh wants ARCHITECTURE PACKAGE" "see its first lines"
arch=$1
shift
take_lock
there=$PP_BUILD/foreign/$arch
missing=()
for package; do
	[ -d "$there/usr/share/doc/$package" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
need_cmd apt-get
need_cmd dpkg-deb
tmp=$PP_BUILD/foreign.tmp
log=$PP_BUILD/log/foreign-$arch.log
trap 'rm -rf "$tmp"' EXIT
rm -rf "$tmp"
mkdir -p "$tmp/lists/partial" "$tmp/apt/archives/partial" "$tmp/state" \
	 "$tmp/deb" "$tmp/new" "$there" "$PP_BUILD/log"
stage "foreign-$arch" "$log" download ||
	die "no mirror gives ${missing[*]} for $arch: $(
		grep -m1 '^E: ' "$log" || tail -n1 "$log")" \
	    "check the network and the sources of apt, see $log"
unpack || die "${missing[*]} cannot be unpacked in $there" "free some space"
cp -a "$tmp/new/." "$there/"
