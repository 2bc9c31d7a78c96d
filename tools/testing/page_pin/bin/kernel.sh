#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Configure and build one kernel for one scenario, below build/kernel/.
# Nothing is left to do when nothing changed, which make itself finds out.
#
# kernel.sh KERNEL SCENARIO    KERNEL is ours, baseline or stock

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=config.sh
. "$PP_DIR/bin/config.sh"

[ $# -eq 2 ] || die "kernel.sh wants KERNEL SCENARIO" "see its first lines"
kernel=$1 scenario=$2
kernel_source "$kernel"
need_cmd make
need_cmd gcc
need_cmd ccache
need_cmd bc
need_cmd flex
need_cmd bison
take_lock
out=$PP_BUILD/kernel/$kernel-$scenario
[ -d "$out" ] || need_space 1500

build_image()
{
	make_kernel "$SRC" "$out" -s bzImage
}

# The kernel's own benchmark as that tree has it, on aligned memory.
build_tools()
{
	local dir=$SRC/tools/testing/selftests/vm
	mkdir -p "$out/guest" &&
	make_kernel "$SRC" "$out" -s headers_install \
		INSTALL_HDR_PATH="$out/usr" &&
	gcc -O2 -Wall -I"$out/usr/include" -Wl,--wrap=mmap \
		-o "$out/guest/gup_benchmark" \
		"$dir/gup_benchmark.c" "$PP_DIR/guest/align.c"
}

build()
{
	build_image && build_tools
}

configure "$kernel" "$scenario" "$SRC" "$out"
stage "kernel-$kernel-$scenario" "$out/build.log" build ||
	die "kernel $kernel-$scenario does not build: $(
		grep -m1 -E 'error:|\*\*\*|No space left' "$out/build.log" ||
		tail -n1 "$out/build.log")" \
	    "see $out/build.log"
