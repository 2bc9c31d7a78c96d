# shellcheck shell=bash disable=SC2034
# The kernel of hold, on one node.  edu is behind VT-d.  /dev/pmem0 and /dev/pmem1
# are swap and a file system: memory that is a disk is done with a request at
# once, so that runs repeat.
# To TCG each turn of a string instruction is an instruction: pages are cleared by
# 512 turns of 8 bytes, not by 4096.
CPU="max,la57=off,-erms,-fsrm"
BUILT=hold
MEMORY=7168
APPEND="memmap=256M!8448M memmap=256M!8960M intel_iommu=on vfio_iommu_type1.allow_unsafe_interrupts=1 numa_balancing=disable"
MACHINE=(
	-machine q35
	-device intel-iommu
	-device edu
)
