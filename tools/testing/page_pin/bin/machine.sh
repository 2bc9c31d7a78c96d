# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# The machine that a scenario is made for and booted on.  Sourced after lib.sh.

# machine SCENARIO: what its .boot says, and what holds where that says nothing.
#
#   MEMORY SMP MACHINE APPEND         size, devices, kernel parameters
#   DISKS DISK_BUS                    disks, and the bus that they are on
#   CPU CONSOLE DEFAULTS              the processor under TCG, the console, and
#                                     which devices of QEMU are left out
#   RESULTS_BUS                       where there is no second serial port, the
#                                     bus of a virtual console
#   BUILT                             the scenario whose kernel it boots
#   ARCH CROSS_COMPILE TARGET IMAGE   how its kernel is built, and what boots
#   BOOT                              9p: the root is the host's; initramfs: it
#                                     is made of static programs
#   FOREIGN                           packages that are unpacked, and not
#                                     installed: their architecture and names
#   HYPERVISOR XEN                    what boots first, a file of FOREIGN, and
#                                     its parameters
machine()
{
	MEMORY=1024 SMP=2 MACHINE=() APPEND='' DISKS=() DISK_BUS=''
	CPU="max,la57=off" CONSOLE=ttyS0 DEFAULTS=(-nodefaults) BUILT=$1
	ARCH=x86 CROSS_COMPILE='' TARGET=bzImage IMAGE=arch/x86/boot/bzImage
	RESULTS_BUS='' BOOT=9p FOREIGN=() HYPERVISOR='' XEN=''
	# shellcheck source=/dev/null
	[ ! -r "$PP_DIR/scenarios/$1.boot" ] ||
		. "$PP_DIR/scenarios/$1.boot"
}
