# As lean; the checks need time and some memory.
MEMORY=1536
SMP=2
APPEND="hugepagesz=2M hugepages=80"
