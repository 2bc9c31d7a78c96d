# shellcheck shell=bash disable=SC2034
# A POWER9 machine, whose programs are static and come in an initramfs.  QEMU
# makes its PCI buses by default only; each has room for one device, and an IOMMU
# group of its own.
ARCH=powerpc CROSS_COMPILE=powerpc64le-linux-gnu-
TARGET=vmlinux IMAGE=vmlinux
CPU='' CONSOLE=hvc0
MEMORY=2048 SMP=2
BOOT=initramfs
FOREIGN=(ppc64el bash-static busybox-static)
DEFAULTS=(-net none -vga none -monitor none)
MACHINE=(-machine powernv9 -device "edu,bus=pcie.0")
DISKS=("ext4 64") DISK_BUS=pcie.1
RESULTS_BUS=pcie.2
APPEND="8250.nr_uarts=0"
