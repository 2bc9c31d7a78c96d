# shellcheck shell=bash disable=SC2034
# Devices are behind VT-d, disks of virtio are not.  edu does real DMA, below
# 256 MB of bus addresses.
MEMORY=3072
SMP=2
APPEND="intel_iommu=on vfio_iommu_type1.allow_unsafe_interrupts=1 hugepagesz=2M hugepages=64"
MACHINE=(
	-machine q35
	-device intel-iommu
	-device edu
)
DISKS=("ext4 256" "xfs 320" "nvme 64")
