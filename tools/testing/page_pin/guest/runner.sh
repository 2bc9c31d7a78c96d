# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Runs programs case by case, each a process and a test point of its own.  After
# each case every pin must have been given back.  What goes wrong with the
# counters or with the end of a case counts as that case's failure.  Sourced
# after lib.sh and what has make_world and CASE_LIMIT.

shopt -s extglob
PP_KMSG=${PP_KMSG:-/dev/kmsg}
PP_ONCE=${PP_ONCE:-/sys/kernel/debug/clear_warn_once}
PP_SYSRQ=${PP_SYSRQ:-/proc/sysrq-trigger}

# released: nobody holds a pin.  io_uring gives its pins back some time after
# the process ended.  Called once a case, so that it starts no process.
released()
{
	local try vmstat acquired released
	local pattern='nr_foll_pin_acquired ([0-9]+) (.* )?nr_foll_pin_released ([0-9]+)'
	[ "$kernel" != baseline ] || return 0
	for try in {1..50}; do
		fold
		mapfile -t vmstat <"$PP_VMSTAT"
		if ! [[ ${vmstat[*]} =~ $pattern ]]; then
			echo "# the counters of pins are not there"
			return 1
		fi
		acquired=${BASH_REMATCH[1]} released=${BASH_REMATCH[3]}
		[ "$acquired" != "$released" ] || return 0
		[ "$try" -eq 50 ] || read -r -t 0.1 -u "$clock"
	done
	echo "# nr_foll_pin_acquired $acquired, nr_foll_pin_released $released"
	return 1
}

# kill_case PID: with the child in which the case itself runs.
kill_case()
{
	local children
	read -r children <"/proc/$1/task/$1/children"
	echo "# killed after $CASE_LIMIT s"
	# shellcheck disable=SC2086
	kill -KILL "$1" $children
}

# run_case BINARY CASE: run it, with what it says as notes.  A case that
# cannot even be killed ends the job.
run_case()
{
	local pid tick=0 status=0
	"$1" "$2" >"$TMPDIR/out" 2>&1 </dev/null &
	pid=$!
	while [ -d "/proc/$pid" ]; do
		read -r -t 0.1 -u "$clock" || tick=$((tick + 1))
		[ "$tick" -ne $((CASE_LIMIT * 10)) ] ||
			kill_case "$pid"
		[ "$tick" -gt $((CASE_LIMIT * 10 + 100)) ] || continue
		echo w >"$PP_SYSRQ"
		echo "Bail out! $2 hangs and cannot be killed"
		exit 1
	done
	wait "$pid" || status=$?
	[ "$status" -eq 0 ] || echo "# ended with status $status"
	return "$status"
}

# judge BINARY NAME CASE: one test point, whatever the case does.
judge()
{
	local word="not ok" skip='' good=no left=no lines line
	run_case "$1" "$3" && good=yes
	mapfile -t lines <"$TMPDIR/out"
	for line in "${lines[@]}"; do
		case $line in
		'ok '*' # SKIP '*) skip=" # SKIP ${line#* # SKIP }" word=ok ;;
		'ok '*" $3") word=ok ;;
		'TAP version'*|1..*) ;;
		'#'*) echo "# ${line##*([# ])}" ;;
		*) echo "# $line" ;;
		esac
	done
	# Also asked of a case that failed: it may have lost pins as well.
	released || left=yes
	[ "$good$left" = yesno ] || word="not ok" skip=''
	points=$((points + 1))
	echo "$word $points - $2$skip"
	# What a peer leaks is held against the one case that found it.
	if [ "$left" = yes ] && [ "$kernel" != ours ]; then
		echo "Bail out! pins are left, the other cases need a new boot"
		exit 1
	fi
}

# wanted BINARY CASE: was it asked for?
wanted()
{
	local name
	[ ${#tests[@]} -gt 0 ] || return 0
	for name in "${tests[@]}"; do
		case $name in
		"$1"|"$1:$2") return 0 ;;
		esac
	done
	return 1
}

# run_programs PREFIX KERNEL [FIRST [TEST...]]: the cases of $TOOLS/PREFIX*,
# from number FIRST on, and only of programs or cases named TEST.
run_programs()
{
	local prefix=$1 first=${3:-1} number=0 binary cases case name
	kernel=$2
	shift 2
	shift || true
	tests=("$@")
	# A clock that ticks without starting a process: nobody writes to it.
	mkfifo "$TMPDIR/clock"
	exec {clock}<>"$TMPDIR/clock"
	make_world || { echo "Bail out! the guest cannot be prepared"; exit 1; }
	for binary in "$TOOLS/$prefix"*; do
		[ -x "$binary" ] || continue
		cases=$("$binary" -l) ||
			{ echo "Bail out! $binary has no list"; exit 1; }
		for case in $cases; do
			wanted "${binary##*/}" "$case" || continue
			number=$((number + 1))
			[ "$number" -ge "$first" ] || continue
			name=${binary##*/}:$case
			# A warning that comes only once comes again in each case.
			echo 1 >"$PP_ONCE"
			# For whoever reads the console, and for the next boot.
			echo "<5>page_pin: begin $name" >"$PP_KMSG"
			echo "# begin $number $name"
			judge "$binary" "$name" "$case"
		done
	done
	echo "<5>page_pin: end" >"$PP_KMSG"
	plan
}
