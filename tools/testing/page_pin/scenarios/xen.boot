# shellcheck shell=bash disable=SC2034
# Xen has the first serial port and gives us hvc0.  It does not start on the
# processor that TCG offers as max.
CPU=qemu64,+svm,+npt
# A second CPU of dom0 comes up in 5.10 with a count of preemption that is off by
# one, which DEBUG_ATOMIC_SLEEP tells.
MEMORY=1536 SMP=2
DISKS=("ext4 64")
FOREIGN=(amd64 xen-hypervisor-4.17-amd64 libxen-dev)
HYPERVISOR=amd64/boot/xen-4.17-amd64
XEN="console=com1 com1=115200 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 loglvl=error guest_loglvl=error"
CONSOLE=hvc0
# The buffers of the clients have several pages.
APPEND=xen_privcmd.dm_op_buf_max_size=65536
