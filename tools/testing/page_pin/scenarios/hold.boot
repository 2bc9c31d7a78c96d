# shellcheck shell=bash disable=SC2034
# Node 0 has room for three pages of 1 GB.  Most of what is free on node 1 is
# CMA, so that user pages come from there.  Node 2 is DIMMs, which a job brings
# online as movable; a test may eject the last one.  The last 128 MB of node 1
# are /dev/pmem0.
#
# A DIMM is one block of memory, and there is room behind each: KASAN asks
# vmalloc for just the range that a block needs, and 5.10 does not find one that
# fits without a page to spare.
MEMORY="7168,slots=5,maxmem=9G"
SMP="2,sockets=2"
APPEND="cma=896M memmap=128M!8064M hugepagesz=1G hugepages=3 hugepagesz=2M hugepages=128 numa_balancing=disable"
MACHINE=(
	-object "memory-backend-ram,id=node0,size=5632M"
	-object "memory-backend-ram,id=node1,size=1536M"
	-numa "node,nodeid=0,cpus=0,memdev=node0"
	-numa "node,nodeid=1,cpus=1,memdev=node1"
	-numa "node,nodeid=2"
	-object "memory-backend-ram,id=dimm0,size=128M"
	-device "pc-dimm,memdev=dimm0,node=2,addr=0x200000000"
	-object "memory-backend-ram,id=dimm1,size=128M"
	-device "pc-dimm,memdev=dimm1,node=2,addr=0x210000000"
	-object "memory-backend-ram,id=dimm2,size=128M"
	-device "pc-dimm,memdev=dimm2,node=2,addr=0x220000000"
	-object "memory-backend-ram,id=dimm3,size=128M"
	-device "pc-dimm,memdev=dimm3,node=2,addr=0x230000000"
	-object "memory-backend-ram,id=dimm4,size=128M"
	-device "pc-dimm,memdev=dimm4,node=2,addr=0x240000000"
)
# What is on each disk, its size in MB, and the bytes a second that it writes.
DISKS=("ext4 320" "xfs 320" "swap 512" "slow 64 1048576")
