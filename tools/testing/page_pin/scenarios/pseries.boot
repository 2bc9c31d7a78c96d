# shellcheck shell=bash disable=SC2034
# The kernel of powernv in a logical partition.  All devices of a bridge are one
# IOMMU group, so edu has a bridge of its own.
# shellcheck source-path=SCRIPTDIR source=powernv.boot
. "$PP_DIR/scenarios/powernv.boot"
BUILT=powernv
DEFAULTS=(-nodefaults)
MACHINE=(
	-machine pseries
	-device "spapr-pci-host-bridge,index=1,id=phb1"
	-device "edu,bus=phb1.0"
)
DISK_BUS=pci.0 RESULTS_BUS=''
