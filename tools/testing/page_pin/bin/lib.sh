# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What every script of the page_pin harness shares: where things are, how an
# error is said, how a long step shows its progress, and how a tree or a file
# comes into being whole or not at all.  Sourced, never run.

set -euo pipefail
export LC_ALL=C
# What was said to our make is not meant for the makes of the kernel.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

PP_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)
PP_DIR=$PP_TOP/tools/testing/page_pin
PP_BUILD=${BUILD:-$PP_TOP/build}
PP_RESULTS=${RESULTS:-$PP_TOP/results}
PP_JOBS=${JOBS:-$(nproc)}
mkdir -p "$PP_BUILD"
PP_BUILD=$(cd "$PP_BUILD" && pwd)

# die WHAT-IS-WRONG WHAT-TO-DO: one line on stderr, exit status 1.
die()
{
	printf 'page_pin: %s; %s\n' "$1" "$2" >&2
	exit 1
}

# say TEXT: one plain line for whoever watches.
say()
{
	printf 'page_pin: %s\n' "$*" >&2
}

# need_cmd COMMAND: a tool that `make deps` installs must be there.
need_cmd()
{
	command -v "$1" >/dev/null 2>&1 ||
		die "$1 is not installed" "run 'make deps'"
}

# need_space MEGABYTES: room below build/ before a long step, not half-way in.
need_space()
{
	local have
	have=$(df -Pm "$PP_BUILD" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$1" ] ||
		die "$PP_BUILD has $have MB free and this step needs $1" \
		    "free some space or set BUILD= to a folder on another disk"
}

# take_lock: one writer of build/ at a time.  The lock goes with the process
# that holds it, so a killed run never leaves one behind.  Children inherit it.
take_lock()
{
	[ "${PP_LOCKED:-}" = "$PP_BUILD" ] && return 0
	exec 9>"$PP_BUILD/.lock"
	flock -n 9 ||
		die "another run is at work in $PP_BUILD" \
		    "wait for it, or set BUILD= to another folder"
	export PP_LOCKED=$PP_BUILD
}

# hms SECONDS: 75 -> 1m15s
hms()
{
	if [ "$1" -ge 60 ]; then
		printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
	else
		printf '%ds' "$1"
	fi
}

# stage_stop PID STATUS: end a stage with all its processes, and this script.
stage_stop()
{
	trap '' INT TERM HUP
	kill -TERM -- "-$1" 2>/dev/null || true
	wait "$1" || true
	exit "$2"
}

# stage NAME LOG COMMAND...: run COMMAND with its output in LOG and no input.
# Shows the stage, the time it takes, the time it took last, and where the log
# is: one line that is redrawn on a terminal, two plain lines elsewhere.  Returns
# the status of COMMAND, which runs in a process group of its own (set -m): a
# signal that ends this script ends all of it.
stage()
{
	local name=$1 log=$2 times=$PP_BUILD/.times last='' began now pid
	local status=0
	shift 2
	mkdir -p "$(dirname "$log")" "$times"
	[ -r "$times/$name" ] && last=", last time $(hms "$(cat "$times/$name")")"
	began=$(date +%s)
	[ -t 2 ] || say "$name: started$last, log $log"
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	trap 'stage_stop "$pid" 130' INT
	trap 'stage_stop "$pid" 143' TERM HUP
	while [ -t 2 ] && kill -0 "$pid" 2>/dev/null; do
		now=$(date +%s)
		printf '\r\033[K%s: %s%s, log %s' "$name" \
		       "$(hms $((now - began)))" "$last" "$log" >&2
		sleep 1
	done
	wait "$pid" || status=$?
	trap - INT TERM HUP
	[ ! -t 2 ] || printf '\r\033[K' >&2
	now=$(($(date +%s) - began))
	if [ "$status" -eq 0 ]; then
		echo "$now" >"$times/$name"
		say "$name: done in $(hms "$now")$last"
	else
		say "$name: failed with status $status after $(hms "$now"), log $log"
	fi
	return "$status"
}
