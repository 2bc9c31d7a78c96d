# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the guest's jobs share: TAP points, and the two counters of pins.
# Sourced.

points=0
PP_VMSTAT=${PP_VMSTAT:-/proc/vmstat}
PP_REFRESH=${PP_REFRESH:-/proc/sys/vm/stat_refresh}

# point NAME COMMAND...: one test point, ok if COMMAND succeeds.
point()
{
	local name=$1 word=ok
	shift
	"$@" || word="not ok"
	points=$((points + 1))
	echo "$word $points - $name"
}

plan()
{
	echo "1..$points"
}

# counter NAME: its value in vmstat; nothing when the kernel has no such counter.
counter()
{
	awk -v name="$1" '$1 == name { print $2 }' "$PP_VMSTAT"
}

# no_counters: this kernel does not know pins.
no_counters()
{
	[ -z "$(counter nr_foll_pin_acquired)$(counter nr_foll_pin_released)" ]
}

# fold: the counters are per CPU; add them up.
fold()
{
	echo 1 >"$PP_REFRESH"
}

# balanced: every pin was released, and there were some.
balanced()
{
	local acquired released
	fold
	acquired=$(counter nr_foll_pin_acquired)
	released=$(counter nr_foll_pin_released)
	echo "# nr_foll_pin_acquired $acquired"
	echo "# nr_foll_pin_released $released"
	[ -n "$acquired" ] && [ "$acquired" = "$released" ] &&
		[ "$acquired" -gt 0 ]
}
