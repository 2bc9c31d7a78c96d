#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Install the packages of the list that are not there.  As root or with sudo;
# nothing is asked, and nothing is done when all are there.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

list=${PP_PACKAGES:-$PP_DIR/packages}
mapfile -t wanted < <(sed 's/[[:space:]]*#.*//; /^$/d' "$list")
missing=()
for package in "${wanted[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) ||
		state=none
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null ||
		die "packages are missing (${missing[*]}) and there is no sudo" \
		    "run 'make deps' as root"
	root=(sudo)
fi
log=$PP_BUILD/deps.log
root+=(env DEBIAN_FRONTEND=noninteractive)
apt=(apt-get -q -y --no-install-recommends)

install()
{
	"${root[@]}" "${apt[@]}" install "${missing[@]}" && return
	# The lists may be absent or old.
	"${root[@]}" "${apt[@]}" update &&
	"${root[@]}" "${apt[@]}" install "${missing[@]}"
}

say "packages to install: ${missing[*]}"
stage deps "$log" install ||
	die "apt-get could not install ${missing[*]}: $(
		grep -m1 '^E: ' "$log" || tail -n1 "$log")" \
	    "check the network and the sources of apt, see $log"
