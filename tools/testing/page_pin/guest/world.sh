# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the self-tests find in the guest of the hold scenarios.  Sourced.
#
#   /run/pin/ext4, /run/pin/xfs   file systems on disks
#   /run/pin/slow                 ext4 on a disk of 1 MB a second that wants
#                                 stable pages
#   /run/pin/dax                  ext4 with DAX on memory
#   /run/pin/tmpfs, /run/pin/huge memory: tmpfs, and 2 MB hugetlbfs
#   node 2                        DIMMs, online and movable only; the last one,
#                                 PNP0C80:05, may be ejected
#   swap, huge pages, /sys/kernel/debug/gup_hold

export PAGE_PIN_DIR=/run/pin
# Times that a case may take: its own alarm, and then the whole of it.
export CASE_TIMEOUT=4
# shellcheck disable=SC2034 # the job uses it
CASE_LIMIT=600

# or_fail COMMAND...: say what went wrong.
or_fail()
{
	"$@" && return
	echo "# failed: $*"
	return 1
}

make_disk()
{
	local dev=$1 what=$2
	case $what in
	swap)
		or_fail swapon "$dev" ;;
	slow)
		echo 1 >"/sys/block/${dev##*/}/queue/stable_writes" &&
		mkdir -p /run/pin/slow &&
		or_fail mount -t ext4 "$dev" /run/pin/slow ;;
	*)
		mkdir -p "/run/pin/$what" &&
		or_fail mount -t "$what" "$dev" "/run/pin/$what" ;;
	esac
}

# online_dimms: the memory of node 2 is for movable pages only.
online_dimms()
{
	local block found=0
	for block in /sys/devices/system/node/node2/memory*; do
		[ -e "$block/state" ] || continue
		found=1
		[ "$(cat "$block/state")" = online ] && continue
		or_fail eval "echo online_movable >$block/state" || return
	done
	[ "$found" -eq 1 ] || { echo "# node 2 has no memory"; return 1; }
}

make_dax()
{
	mkdir -p /run/pin/dax &&
	or_fail mkfs.ext4 -q -F -b 4096 -N 64 -O ^has_journal /dev/pmem0 &&
	or_fail mount -t ext4 -o dax /dev/pmem0 /run/pin/dax
}

# make_files: where files are on disks and in memory.
make_files()
{
	local dir
	for dir in /sys/block/vd*; do
		[ -r "$dir/serial" ] || continue
		make_disk "/dev/${dir##*/}" "$(cat "$dir/serial")" || return
	done
	mkdir -p /run/pin/tmpfs /run/pin/huge &&
	or_fail mount -t tmpfs -o size=1G tmpfs /run/pin/tmpfs &&
	# A machine may have none.
	{ ! grep -qw hugetlbfs /proc/filesystems ||
	  or_fail mount -t hugetlbfs hugetlbfs /run/pin/huge; }
}

# set_reports: what the kernel says, and when it gives up.
set_reports()
{
	local fault
	# A kernel that spins is not waited for.
	echo 1 >/proc/sys/kernel/panic_on_rcu_stall
	# What is made to fail is no news for the console.
	for fault in /sys/kernel/debug/fail*/verbose; do
		[ ! -e "$fault" ] || echo 0 >"$fault"
	done
}

make_world()
{
	make_files && online_dimms && make_dax || return
	set_reports
	if [ -r "$TOOLS/gup_hold.ko" ]; then
		or_fail insmod "$TOOLS/gup_hold.ko"
	fi
}
