# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The one place that knows how a kernel is booted: QEMU, the host's root over
# 9p and read-only, guest/init as init; on other architectures an initramfs.
# Sourced after lib.sh.

# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$PP_DIR/bin/machine.sh"

# emulator: set QEMU to the command for the machine's processor, which is the
# host's own one where that can be had.
emulator()
{
	local command
	case $ARCH in
	x86)		command=qemu-system-x86_64 ;;
	powerpc)	command=qemu-system-ppc64 ;;
	*)		die "there is no machine of ARCH=$ARCH" \
				"correct the scenario" ;;
	esac
	need_cmd "$command"
	QEMU=("$command")
	if [ "${MEASURE:-0}" = 1 ]; then
		SMP=1
		QEMU+=(-accel tcg -icount "shift=0,sleep=off" -cpu "$CPU")
	elif [ "$ARCH" = x86 ] && grep -qwE 'vmx|svm' /proc/cpuinfo &&
	     [ -w /dev/kvm ]; then
		QEMU+=(-accel kvm -cpu host)
	else
		QEMU+=(-accel tcg ${CPU:+-cpu "$CPU"})
	fi
}

# qemu_args KERNEL SCENARIO TAIL...: set QEMU to the command that boots it.
# TAIL is what guest/init gets: the job and its arguments.  MEASURE=1 makes a
# guest nanosecond one instruction, on one CPU: runs repeat, and the timer
# interrupts rarely.
qemu_args()
{
	local kernel=$1 scenario=$2 out word guest=$PP_DIR/guest tools append
	local share="local,path=/,mount_tag=/dev/root,security_model=none"
	shift 2
	machine "$scenario"
	out=$PP_BUILD/kernel/$kernel-$BUILT
	tools=$out/guest
	[ -r "$out/$IMAGE" ] ||
		die "there is no kernel $kernel-$BUILT" \
		    "run 'make kernel KERNEL=$kernel SCENARIO=$BUILT'"
	for word in "$guest" "$out" "$@"; do
		case $word in
		*[[:space:]\"\'=,]*)
			die "'$word' cannot stand on a kernel command line" \
			    "use no blank, quote, comma or = in paths and arguments" ;;
		esac
	done

	emulator
	QEMU+=(-smp "$SMP" -m "$MEMORY" "${MACHINE[@]}" "${DEFAULTS[@]}"
	       -no-user-config -display none -no-reboot)
	append="console=$CONSOLE panic=-1 oops=panic norandmaps"
	if [ "$BOOT" = initramfs ]; then
		guest=/guest tools=/tools
		append+=" rdinit=$guest/init"
	else
		QEMU+=(-virtfs "$share,readonly=on,multidevs=remap,id=hroot")
		append+=" root=/dev/root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144 ro init=$guest/init"
	fi
	# On one CPU a kernel patches its LOCKs out.
	[ "${MEASURE:-0}" != 1 ] || append+=" noreplace-smp"
	append+=" $APPEND -- $tools $*"
	if [ -n "$HYPERVISOR" ]; then
		# QEMU takes a comma for the end of a module.
		QEMU+=(-kernel "$PP_BUILD/foreign/$HYPERVISOR" -append "$XEN"
		       -initrd "$out/$IMAGE ${append//,/,,}")
	else
		QEMU+=(-kernel "$out/$IMAGE" -append "$append")
	fi
}

# count_insns DIR KERNEL-BUILD: what MEASURE=1 is for.  A plugin counts, and
# writes insns.log in DIR.  It has to know where the clock is, and the code of
# gup_benchmark, which later kernels call gup_test.
count_insns()
{
	local dir=$1 plugin=$PP_BUILD/plugin where
	where=$(awk '
		$3 == "ktime_get" { clock = $1 }
		inside && $3 !~ /gup_(benchmark|test)_ioctl/ {
			inside = 0
			to = $1
		}
		$3 ~ /gup_(benchmark|test)_ioctl/ && $3 !~ /cold/ {
			inside = 1
			if (!from)
				from = $1
		}
		END {
			if (clock && to)
				printf "clock=%s,from=%s,to=%s", clock, from, to
		}' "$2/System.map")
	[ -n "$where" ] || die "$2/System.map has no gup_benchmark" \
		"build the kernel again"
	mkdir -p "$plugin"
	gcc -O2 -Wall -shared -fPIC -o "$plugin/insns.$$" \
		"$PP_DIR/plugin/insns.c" ||
		die "the plugin does not build" "see what gcc says"
	mv "$plugin/insns.$$" "$plugin/insns.so"
	QEMU+=(-plugin "file=${plugin//,/,,}/insns.so,out=${dir//,/,,}/insns.log,$where")
}

# What jobs and init call; busybox has it all.
COMMANDS="awk cat chmod cp dd grep kill ls ln mkdir mkfifo mknod mount rm sed
	setsid sh sleep stty sync timeout umount"

# fill_initramfs DIR TOOLS: bash and busybox of the guest's architecture, the
# scripts of guest/, and the static programs of TOOLS.
fill_initramfs()
{
	local dir=$1 tools=$2 name there=$PP_BUILD/foreign/${FOREIGN[0]}/bin
	mkdir -p "$dir"/{bin,dev,etc,proc,run,sys,tmp} &&
	cp "$there/bash-static" "$dir/bin/bash" &&
	cp "$there/busybox" "$dir/bin/" &&
	cp -r "$PP_DIR/guest" "$dir/guest" &&
	cp -r "$tools" "$dir/tools" || return
	for name in $COMMANDS; do
		ln -s busybox "$dir/bin/$name" || return
	done
}

# make_initramfs DIR TOOLS: make it in DIR and give it to QEMU.
make_initramfs()
{
	need_cmd cpio
	if ! fill_initramfs "$1/root" "$2" ||
	   ! (cd "$1/root" && find . | cpio -o -H newc -R 0:0 --quiet) |
		gzip >"$1/initramfs"; then
		die "cannot make an initramfs in $1" \
		    "see that kernel.sh built this scenario, and free some space"
	fi
	QEMU+=(-initrd "$1/initramfs")
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
		       -device "$device,drive=$kind,serial=$kind${DISK_BUS:+,bus=$DISK_BUS}")
	done
}
