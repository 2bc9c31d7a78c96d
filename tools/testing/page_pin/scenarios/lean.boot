# Memory in MB, CPUs, and what the kernel command line gets on top.
MEMORY=3072
SMP=2
APPEND="hugepagesz=2M hugepages=80 hugepagesz=1G hugepages=1"
