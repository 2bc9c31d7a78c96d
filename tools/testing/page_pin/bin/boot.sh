#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A shell in the guest, on this terminal.  Leaving it switches the guest off;
# Ctrl-A x ends QEMU.
#
# boot.sh KERNEL SCENARIO

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=qemu.sh
. "$PP_DIR/bin/qemu.sh"

[ $# -eq 2 ] || die "boot.sh wants KERNEL SCENARIO" "see its first lines"
[ -t 0 ] || die "the shell in the guest needs a terminal" \
		"call 'make boot' from one, or run a job with run.sh"
qemu_args "$1" "$2" shell
say "a shell in the guest: 'exit' switches it off, Ctrl-A x ends QEMU"
disks=$(mktemp -d)
trap 'rm -rf "$disks"' EXIT
make_disks "$disks"
[ "$BOOT" != initramfs ] ||
	make_initramfs "$disks" "$PP_BUILD/kernel/$1-$BUILT/guest"
"${QEMU[@]}" -serial mon:stdio
