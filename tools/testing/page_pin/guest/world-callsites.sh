# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the clients of the call sites find in the guest of the scenario callsites.
# Sourced.
#
#   /run/pin/ext4, /run/pin/xfs   file systems on disks
#   /run/pin/tmpfs, /run/pin/huge memory: tmpfs, and 2 MB hugetlbfs
#   modprobe NAME                 any driver; the kernel's own requests work too
#   $TOOLS/modules/NAME.ko        test modules, for insmod
#   v0, v1                        a pair of veth, v0 is 192.0.2.1/24
#   0000:00:*                     edu behind VT-d, an NVMe disk (modprobe nvme)
#   fail-nth                      may fail every allocation of a system call
#   huge pages, /sys/kernel/debug/gup_hold

# shellcheck source-path=SCRIPTDIR source=world.sh
. "$GUEST/world.sh"

# make_modules: let modprobe find the modules of this kernel, whoever calls it.
make_modules()
{
	export MODPROBE_OPTIONS="-d $TOOLS/root"
	printf '#!/bin/sh\nMODPROBE_OPTIONS="%s" exec /sbin/modprobe "$@"\n' \
		"$MODPROBE_OPTIONS" >/run/modprobe &&
	chmod +x /run/modprobe &&
	echo /run/modprobe >/proc/sys/kernel/modprobe
}

make_network()
{
	or_fail ip link set lo up &&
	or_fail ip link add v0 type veth peer name v1 &&
	or_fail ip addr add 192.0.2.1/24 dev v0 &&
	or_fail ip link set v0 up &&
	or_fail ip link set v1 up
}

# make_faults: also allocations that could wait fail, and small ones.
make_faults()
{
	local fault=/sys/kernel/debug/fail
	echo N >"${fault}slab/ignore-gfp-wait" &&
	echo N >"${fault}_page_alloc/ignore-gfp-wait" &&
	echo N >"${fault}_page_alloc/ignore-gfp-highmem" &&
	echo 0 >"${fault}_page_alloc/min-order"
}

make_world()
{
	set_reports
	make_modules && make_files && make_network && make_faults &&
	or_fail modprobe gup_hold
}
