# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For clients of call sites that are shell scripts.  A client defines a function
# case_NAME for each case and ends with `client "$@"`: called with -l it lists
# the cases, and called with the name of one it runs it and says how it went.
# A case fails with its first command that does; one that cannot be run says
# `skip REASON`.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"

# What a case ends with that was skipped, as in kselftest.
SKIPPED=4

# skip REASON: the machine lacks something.
skip()
{
	echo "ok 1 # SKIP $*"
	exit "$SKIPPED"
}

# taken: pins since boot.
taken()
{
	fold
	counter nr_foll_pin_acquired
}

# held: pins that are held now.
held()
{
	fold
	echo $(($(counter nr_foll_pin_acquired) -
		$(counter nr_foll_pin_released)))
}

# wait_for COMMAND...: until it succeeds, for at most 20 seconds.
wait_for()
{
	local try
	for try in {1..200}; do
		"$@" && return
		sleep 0.1
	done
	echo "# after $((try / 10)) seconds still not: $*"
	return 1
}

# none_held: nobody holds a pin.
none_held()
{
	[ "$(held)" -eq 0 ]
}

# expect WHAT GOT WANTED: say so when they differ.
expect()
{
	[ "$2" = "$3" ] && return
	echo "# $1: $2, not $3"
	return 1
}

client()
{
	local status
	if [ "$1" = -l ]; then
		declare -F | sed -n 's/^declare -f case_//p'
		return
	fi
	echo "TAP version 13"
	# Not as part of a condition: the first command that fails ends it.
	(set -e; "case_$1")
	status=$?
	case $status in
	0) echo "ok 1 $1" ;;
	"$SKIPPED") status=0 ;;
	*) echo "not ok 1 $1" ;;
	esac
	echo "1..1"
	return "$status"
}
