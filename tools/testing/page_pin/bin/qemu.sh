# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The one place that knows how a kernel is booted: QEMU, the host's root over
# 9p and read-only, guest/init as init.  Sourced after lib.sh.

# qemu_args KERNEL SCENARIO TAIL...: set QEMU to the command that boots it.
# TAIL is what guest/init gets: the job and its arguments.  MEASURE=1 makes a
# guest nanosecond one instruction, on one CPU.
qemu_args()
{
	local kernel=$1 scenario=$2 out init=$PP_DIR/guest/init word
	local MEMORY=1024 SMP=2 APPEND='' MACHINE=()
	shift 2
	out=$PP_BUILD/kernel/$kernel-$scenario
	need_cmd qemu-system-x86_64
	[ -r "$out/arch/x86/boot/bzImage" ] ||
		die "there is no kernel $kernel-$scenario" \
		    "run 'make kernel KERNEL=$kernel SCENARIO=$scenario'"
	for word in "$init" "$out" "$@"; do
		case $word in
		*[[:space:]\"\'=,]*)
			die "'$word' cannot stand on a kernel command line" \
			    "use no blank, quote, comma or = in paths and arguments" ;;
		esac
	done
	DISKS=()
	# shellcheck source=/dev/null
	[ ! -r "$PP_DIR/scenarios/$scenario.boot" ] ||
		. "$PP_DIR/scenarios/$scenario.boot"

	QEMU=(qemu-system-x86_64)
	if [ "${MEASURE:-0}" = 1 ]; then
		SMP=1
		QEMU+=(-accel tcg -icount "shift=0,sleep=off" -cpu "max,la57=off")
	elif grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
		QEMU+=(-accel kvm -cpu host)
	else
		QEMU+=(-accel tcg -cpu "max,la57=off")
	fi
	QEMU+=(-smp "$SMP" -m "$MEMORY" "${MACHINE[@]}" -nodefaults -no-user-config
	       -display none -no-reboot
	       -virtfs "local,path=/,mount_tag=/dev/root,security_model=none,readonly=on,multidevs=remap,id=hroot"
	       -kernel "$out/arch/x86/boot/bzImage"
	       -append "console=ttyS0 panic=-1 oops=panic norandmaps root=/dev/root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144 ro $APPEND init=$init -- $out/guest $*")
}

# make_disks DIR: make the scenario's disks as files in DIR and give them to
# QEMU.  The guest knows a disk by its serial number, which is what is on it.
make_disks()
{
	local dir=$1 disk kind mb bps file device PATH=$PATH:/usr/sbin:/sbin
	for disk in "${DISKS[@]}"; do
		read -r kind mb bps <<<"$disk"
		file=$dir/$kind.img device=virtio-blk-pci
		truncate -s "${mb}M" "$file" ||
			die "cannot make $file" "free some space"
		case $kind in
		ext4|slow)
			need_cmd mkfs.ext4
			mkfs.ext4 -q -F "$file" ;;
		xfs)
			need_cmd mkfs.xfs
			mkfs.xfs -q -f "$file" ;;
		swap)
			need_cmd mkswap
			mkswap -q "$file" ;;
		nvme)
			device=nvme ;;
		*)
			die "there is no disk '$kind'" "correct the scenario" ;;
		esac
		QEMU+=(-drive "file=$file,if=none,id=$kind,format=raw,cache=unsafe${bps:+,throttling.bps-write=$bps}"
		       -device "$device,drive=$kind,serial=$kind")
	done
}
