#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot a built kernel, run one job of guest/ in it, and judge what came out.
# Everything goes to a folder of results/, whose name is printed; the exit
# status is the verdict.
#
# run.sh KERNEL SCENARIO JOB [ARGUMENT...]    MEASURE=1 TIMEOUT=seconds

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=qemu.sh
. "$PP_DIR/bin/qemu.sh"

[ $# -ge 3 ] || die "run.sh wants KERNEL SCENARIO JOB" "see its first lines"
kernel=$1 scenario=$2 job=$3
shift 3
[ -x "$PP_DIR/guest/$job.sh" ] ||
	die "there is no guest job '$job'" "see tools/testing/page_pin/guest/"
qemu_args "$kernel" "$scenario" "$job" "$@"

# A folder of our own, also when two runs begin in one second.
out=$PP_BUILD/kernel/$kernel-$BUILT
mkdir -p "$PP_RESULTS"
until dir=$PP_RESULTS/$(date +%Y%m%d-%H%M%S)-$kernel-$scenario-$job
	mkdir "$dir" 2>/dev/null; do
	[ -d "$dir" ] || die "cannot make $dir" "check its owner and the disk"
	sleep 1
done
cp "$out/.config" "$dir/.config"
cp "$out/build.log" "$dir/build.log"

# The disks are of no use once the guest is gone, and would fill ours.
mkdir "$dir/disks"
trap 'rm -rf "$dir/disks"' EXIT
make_disks "$dir/disks"
[ "$BOOT" != initramfs ] || make_initramfs "$dir/disks" "$out/guest"
QEMU+=(-serial "file:$dir/console.log")
if [ -z "$RESULTS_BUS" ]; then
	QEMU+=(-serial "file:$dir/tap.log")
else
	QEMU+=(-chardev "file,id=results,path=$dir/tap.log"
	       -device "virtio-serial-pci,bus=$RESULTS_BUS"
	       -device "virtconsole,chardev=results")
fi
[ "${MEASURE:-0}" != 1 ] || count_insns "$dir" "$out"
printf '%q ' "${QEMU[@]}" >"$dir/qemu-cmd"
echo >>"$dir/qemu-cmd"

# The guest dies with this script, however that ends.
status=0
stage "run-$kernel-$scenario-$job" "$dir/qemu.log" \
	setpriv --pdeathsig TERM timeout -k 5 "${TIMEOUT:-600}" "${QEMU[@]}" \
	</dev/null || status=$?

# Splats that this boot, this job, or this job in this scenario provokes.
expect=()
for file in "$PP_DIR/scenarios/$scenario.$kernel.expect" \
	    "$PP_DIR/guest/$job.expect" "$PP_DIR/guest/$job.$scenario.expect"; do
	[ ! -e "$file" ] || expect+=("$file")
done
good=0
"$PP_DIR/bin/console.py" verdict "$PP_DIR/scenarios/allow" "$status" "$dir" \
	"${expect[@]}" >"$dir/verdict.new" || good=1
[ -s "$dir/verdict.new" ] || printf 'failed\nno verdict\n' >"$dir/verdict.new"
mv "$dir/verdict.new" "$dir/verdict"
[ "$good" -eq 0 ] ||
	say "run failed: $(sed -n 2p "$dir/verdict"); see $dir"
echo "$dir"
exit "$good"
