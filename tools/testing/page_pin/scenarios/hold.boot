# shellcheck shell=bash disable=SC2034
# Node 0 has room for three pages of 1 GB.  Most of what is free on node 1 is
# CMA, so that user pages come from there.  Node 2 is six DIMMs, which a job
# brings online as movable; a test may eject the last one.  The last 128 MB of
# node 1 are /dev/pmem0.
MEMORY="7168,slots=6,maxmem=9G"
SMP="2,sockets=2"
APPEND="cma=896M memmap=128M!8064M hugepagesz=1G hugepages=3 hugepagesz=2M hugepages=128 numa_balancing=disable"
MACHINE=(
	-object "memory-backend-ram,id=node0,size=5632M"
	-object "memory-backend-ram,id=node1,size=1536M"
	-numa "node,nodeid=0,cpus=0,memdev=node0"
	-numa "node,nodeid=1,cpus=1,memdev=node1"
	-numa "node,nodeid=2"
)
# Each DIMM is one block of memory, with a gap to the next one.  5.10 with KASAN
# cannot bring a block online again between two that are: its vmalloc() finds no
# area of just the right size for the shadow.
for dimm in {0..5}; do
	MACHINE+=(
		-object "memory-backend-ram,id=dimm$dimm,size=128M"
		-device "pc-dimm,memdev=dimm$dimm,node=2,addr=$(((8192 + dimm * 256) << 20))"
	)
done
# What is on each disk, its size in MB, and the bytes a second that it writes.
DISKS=("ext4 320" "xfs 320" "swap 512" "slow 64 1048576")
