# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# TAP for tests in bash: each test script sources this, says what holds with the
# functions below and ends with done_testing.  A script that ends earlier prints
# no plan, and that is a failure too.

set -uo pipefail
export LC_ALL=C
tap_count=0
tap_failed=0
trap 'echo "Bail out! ${0##*/} was interrupted"; exit 1' INT TERM

# What the last `run` gave.
out='' err='' status=0

# run COMMAND...: keep its output, errors and exit status.
run()
{
	local tmp
	tmp=$(mktemp) || exit 1
	status=0
	out=$("$@" 2>"$tmp" </dev/null) || status=$?
	err=$(cat "$tmp")
	rm -f "$tmp"
}

# note TEXT: lines for a human.
note()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# report STATUS NAME [WHY]
report()
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		note "${3:-}"
	fi
}

# ok NAME COMMAND...: the command succeeds.
ok()
{
	local name=$1 text rc=0
	shift
	text=$("$@" 2>&1 </dev/null) || rc=$?
	report "$rc" "$name" "$* gave $rc: $text"
}

# is NAME GOT WANTED: two texts are the same.
is()
{
	local rc=0
	[ "$2" = "$3" ] || rc=1
	report "$rc" "$1" "got:
$2
wanted:
$3"
}

# like NAME GOT REGEX: the text matches the extended regular expression.
like()
{
	local rc=0
	[[ $2 =~ $3 ]] || rc=1
	report "$rc" "$1" "got:
$2
wanted a match of: $3"
}

# done_testing: the plan; the exit status says whether all held.
done_testing()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ] && [ "$tap_count" -gt 0 ]
	exit
}
