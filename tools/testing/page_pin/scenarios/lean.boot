# Memory in MB, CPUs, and what the kernel command line gets on top.
MEMORY=1536
SMP=2
APPEND="hugepagesz=2M hugepages=80"
