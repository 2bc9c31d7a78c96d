#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the series must not change in the layout of two structures: struct page
# grows by no byte, and mmap_lock stays where it is in struct mm_struct, as its
# two hot fields lie on two cache lines by luck only (traps 21 and, for struct
# page, SPEC section 3).  Our tree and the baseline are asked with the same
# configuration, without building either.

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../bin/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../bin/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../bin/config.sh
. "$PP_DIR/bin/config.sh"
set +e

work=$(mktemp -d "$PP_BUILD/layout.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# Without the alignment that would hide a field of 8 bytes.
cat >"$work/ask.c" <<'END'
#undef CONFIG_HAVE_ALIGNED_STRUCT_PAGE
#include <linux/mm_types.h>
#define SAY(name, value) asm volatile("\n.ascii \"SAY " name " %c0\"" :: "i"(value))
void ask(void);
void ask(void)
{
	SAY("struct_page", sizeof(struct page));
	SAY("mmap_lock", offsetof(struct mm_struct, mmap_lock));
}
END

# shellcheck disable=SC2317 # `run` calls it
# layout KERNEL: what struct page and mm_struct are like there.  A source file
# is compiled as the kernel's own ones are, with its own compiler command.
layout()
{
	local SRC command
	local out=$work/$1
	kernel_source "$1" &&
	configure "$1" lean "$SRC" "$out" &&
	make_kernel "$SRC" "$out" -s mm/init-mm.o &&
	command=$(sed -n 's/^cmd_mm\/init-mm.o := //p' "$out/mm/.init-mm.o.cmd") &&
	command=${command%%;*} &&
	command=${command//-Wp,-MMD,mm\/.init-mm.o.d/} &&
	command=${command/ -c -o mm\/init-mm.o */ -S -o "$work/$1.s" "$work/ask.c"} &&
	(cd "$out" && eval "$command") &&
	sed -n 's/.*SAY \([a-z_]*\) \$\{0,1\}\([0-9]*\)".*/\1 \2/p' "$work/$1.s"
}

"$PP_DIR/bin/baseline-tree.sh"
for kernel in baseline ours; do
	run layout "$kernel"
	note "$kernel: $out"
	like "$kernel can be asked" "${out//$'\n'/ }" \
		'^struct_page [0-9]+ mmap_lock [0-9]+$'
	eval "$kernel=\$out"
done
# shellcheck disable=SC2154 # set by the loop
{
	is "struct page is not larger than in the baseline" \
	   "$(grep struct_page <<<"$ours")" "$(grep struct_page <<<"$baseline")"
	is "mmap_lock of mm_struct is where it is in the baseline" \
	   "$(grep mmap_lock <<<"$ours")" "$(grep mmap_lock <<<"$baseline")"
}
done_testing
