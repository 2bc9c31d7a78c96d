# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Packages from suites that this machine does not use: our own list of sources and
# apt's private state below $tmp leave its settings alone.  $log has what apt says.
# Sourced after lib.sh.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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

# find_mirrors: those that apt uses.
find_mirrors()
{
	mkdir -p "$tmp/lists/partial" "$tmp/apt/archives/partial" "$tmp/deb" \
		 "$PP_BUILD/log"
	apt-get update --print-uris 2>"$log" |
		sed -n "s|^'\(.*/\)dists/.*InRelease'.*|\1|p" |
		sort -u >"$tmp/mirrors" || true
	[ -s "$tmp/mirrors" ]
}

# find_suites SUITES: ask each mirror for each suite; the ones that have it become
# our list of sources.
find_suites()
{
	local suite uri
	: >"$tmp/found"
	for suite in $1; do
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
