#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the work of others costs with this kernel: of drivers that pin what they
# are given, and of those who never pin.  As in bench.sh a plugin counts, and the
# programs tell which rounds there were.
#
# work.sh KERNEL [MODE...]    only these modes

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$GUEST/lib.sh"
# shellcheck source-path=SCRIPTDIR source=world-callsites.sh
. "$GUEST/world-callsites.sh"

# make_quiet: nothing happens by itself.
make_quiet()
{
	# The programs run before all others, for as long as they like.
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us &&
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs &&
	echo 3600 >/proc/sys/vm/stat_interval &&
	echo 3600000 >/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs &&
	echo 0 >/sys/kernel/mm/ksm/run
}

# make_memory: swap and a file system on memory.
make_memory()
{
	or_fail mkswap -q /dev/pmem0 &&
	or_fail swapon /dev/pmem0 &&
	or_fail mkfs.ext4 -q -F -b 4096 -N 64 -O ^has_journal /dev/pmem1 &&
	mkdir -p /run/pin/ext4 &&
	or_fail mount -t ext4 /dev/pmem1 /run/pin/ext4
}

make_world()
{
	set_reports
	make_modules && make_network && make_memory && make_quiet &&
	or_fail insmod "$TOOLS/gup_hold.ko"
}

# hugepages MB: just as many of 2 MB, none that is left over.
hugepages()
{
	local file=/proc/sys/vm/nr_hugepages nr
	echo $(($1 / 2)) >"$file"
	read -r nr <"$file"
	[ "$nr" -eq $(($1 / 2)) ] || { echo "# only $nr huge pages"; return 1; }
}

# work PROGRAM MODE KIND MB [PAGES...]: unless another mode was asked for.
work()
{
	local program=$1
	shift
	[[ -z $wanted || " $wanted " == *" $1 "* ]] || return 0
	point "$*" "$TOOLS/work_$program" "$@"
}

# of_each_kind PROGRAM MODE MB HUGE-MB [PAGES...]: of small pages, and of huge ones.
of_each_kind()
{
	local program=$1 mode=$2 mb=$3 huge=$4
	shift 4
	[[ -z $wanted || " $wanted " == *" $mode "* ]] || return 0
	work "$program" "$mode" 4K-runs "$mb" "$@"
	work "$program" "$mode" 4K-mixed "$mb" "$@"
	work "$program" "$mode" THP "$huge" "$@"
	point "$mode: $((huge / 2)) huge pages" hugepages "$huge"
	work "$program" "$mode" 2M "$huge" "$@"
	point "$mode: no huge pages" hugepages 0
}

wanted=${*:2}
point "instructions whose number is known" "$TOOLS/known"
point "a world to work in" make_world
# Those who never pin come first: nobody has pinned yet.
for mode in fault fork; do
	for kind in 4K THP; do
		work mm "$mode" "$kind" 64
	done
done
for mode in fault-file cow reclaim reclaim-file; do
	work mm "$mode" 4K 64
done
for mode in hold hold-dirty; do
	for kind in 4K-runs THP; do
		work hold "$mode" "$kind" 256
	done
done
of_each_kind uring uring-buffers 1024 1024
of_each_kind uring uring-read 1024 1024 1 16
of_each_kind ib ib-mr 256 256
# 4 GB of small pages take TCG too long.
of_each_kind vfio vfio-map 1024 4096
plan
