#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile the object of each file that the series touches, and of each call site
# that no machine here runs, for the architecture that has it: allmodconfig, one
# TAP point an object.  It is compiled when there is an object and W=1 warns of
# nothing that it does not warn of in the baseline.
#
# cross.sh [ARCH...]    x86 powerpc e500 arm64 arm sparc sh s390; all of them
#
# The points are kept in results/*-compiled/.  A table of call sites names the
# file in its first column, "compiled" in the fifth one, and in the sixth one the
# architectures.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=config.sh
. "$PP_DIR/bin/config.sh"
# shellcheck source-path=SCRIPTDIR/../tests source=tap.sh
. "$PP_DIR/tests/tap.sh"

TABLE=${PP_TABLE:-$PP_DIR/callsites/table.tsv}
ALL=(x86 powerpc e500 arm64 arm sparc sh s390)

# arch_of FILE: the one that has it; e500 is the powerpc of Freescale.
arch_of()
{
	case $1 in
	arch/powerpc/kvm/e500*|drivers/virt/fsl_hypervisor.c)
		echo e500 ;;
	arch/powerpc/*|drivers/vfio/vfio_iommu_spapr_tce.c)
		echo powerpc ;;
	drivers/sbus/*|arch/sparc/*)
		echo sparc ;;
	drivers/video/fbdev/pvr2fb.c|arch/sh/*)
		echo sh ;;
	arch/arm64/*|arch/arm/*|arch/s390/*)
		echo "$1" | cut -d/ -f2 ;;
	*)
		echo x86 ;;
	esac
}

# wanted: each object that is to be compiled, as ARCH FILE, one a line.
wanted()
{
	local file arch _
	while IFS= read -r file; do
		case $file in
		tools/*) continue ;;	# programs, which kernel.sh builds
		esac
		echo "$(arch_of "$file") $file"
	done < <(git -C "$linux" diff --name-only --diff-filter=AM \
		baseline page_pin -- '*.c')
	[ -r "$TABLE" ] || return 0
	while IFS=$'\t' read -r file _ _ _ how archs _; do
		[ "$how" = compiled ] || continue
		for arch in ${archs//[,;+]/ }; do
			case $arch in
			powerpc) arch_of "$file" | grep -x e500 ||
				echo powerpc ;;
			*) echo "$arch" ;;
			esac | sed "s|\$| $file|"
		done
	done <"$TABLE"
}

# target ARCH: set ARCH, CROSS_COMPILE, and CONFIG, which .config to start from.
target()
{
	ARCH=$1 CONFIG=(allmodconfig)
	case $1 in
	x86)		CROSS_COMPILE='' ;;
	powerpc)	CROSS_COMPILE=powerpc64le-linux-gnu- ;;
	e500)		CROSS_COMPILE=powerpc64le-linux-gnu- ARCH=powerpc
			CONFIG=(corenet64_smp_defconfig) ;;
	arm64)		CROSS_COMPILE=aarch64-linux-gnu- ;;
	arm)		CROSS_COMPILE=arm-linux-gnueabihf- ;;
	sparc)		CROSS_COMPILE=sparc64-linux-gnu- ;;
	sh)		CROSS_COMPILE=sh4-linux-gnu- ;;
	s390)		CROSS_COMPILE=s390x-linux-gnu- ;;
	*)		die "there is no compiler for '$1'" "use one of: ${ALL[*]}" ;;
	esac
}

# What only makes objects bigger, or wants more than a compiler.
OFF=(GCC_PLUGINS KASAN KCSAN UBSAN KCOV GCOV_KERNEL DEBUG_INFO DEBUG_INFO_BTF
     WERROR MODULE_SIG_ALL SYSTEM_TRUSTED_KEYRING)
# Warnings are counted and are no errors; what of the touched e500 lacks; and
# tests of what is no module, which KUnit as a module has not.
ON=(PPC_DISABLE_WERROR VIRTUALIZATION KVM_E500MC PARTITION_ADVANCED VIRT_DRIVERS
    FSL_HV_MANAGER KUNIT PAGE_PIN_KUNIT_TEST)

# prepare ARCH SOURCE OUT: everything that an object needs, configured.
prepare()
{
	local option args=()
	mkdir -p "$3"
	make_kernel "$2" "$3" -s "${CONFIG[@]}" || return
	for option in "${OFF[@]}"; do
		args+=(-d "$option")
	done
	for option in "${ON[@]}"; do
		args+=(-e "$option")
	done
	"$2/scripts/config" --file "$3/.config" "${args[@]}" &&
	make_kernel "$2" "$3" -s olddefconfig &&
	make_kernel "$2" "$3" -s prepare
}

# objects SOURCE OUT OBJECT...: compile them afresh; those that fail stop no
# other one.
objects()
{
	local src=$1 out=$2
	shift 2
	(cd "$out" && rm -f "$@")
	make_kernel "$src" "$out" -s -k W=1 "$@" || true
}

# warnings_of FILE LOG SOURCE: what the compiler says of that file, without the
# numbers of lines.
warnings_of()
{
	sed -n -E "s,^(\.\./|$3/)*,,
		s,^($1):[0-9]+(:[0-9]+)?: (warning|error): ,\1: \3: ,p" "$2" |
		sort
}

# compare ARCH OBJECT...: compile them from the baseline.
compare()
{
	local out=$PP_BUILD/kernel/baseline-all-$1
	prepare "$1" "$baseline" "$out" || return
	shift
	objects "$baseline" "$out" "$@"
}

# compile ARCH FILE...: one point a file.
compile()
{
	local arch=$1 file out log name noisy=() made=()
	shift
	target "$arch"
	need_cmd "${CROSS_COMPILE}gcc"
	out=$PP_BUILD/kernel/ours-all-$arch
	log=$PP_BUILD/log/compile-$arch
	stage "compile-$arch-prepare" "$log.prepare" \
		prepare "$arch" "$linux" "$out" ||
		die "ours cannot be configured for $arch" "see $log.prepare"
	stage "compile-$arch" "$log.ours" \
		objects "$linux" "$out" "${@/%.c/.o}"
	for file; do
		[ ! -e "$out/${file%.c}.o" ] || made+=("$file")
		[ -z "$(warnings_of "$file" "$log.ours" "$linux")" ] ||
			! [ -e "$baseline/$file" ] || noisy+=("$file")
	done
	: >"$log.baseline"
	[ ${#noisy[@]} -eq 0 ] ||
		stage "compile-$arch-baseline" "$log.baseline" \
			compare "$arch" "${noisy[@]/%.c/.o}" ||
		die "the baseline cannot be configured for $arch" \
		    "see $log.baseline"
	for file; do
		name="compiled ${ARCH} $file"
		if [[ " ${made[*]} " != *" $file "* ]]; then
			report 1 "$name" "$(grep -F "${file%.c}" "$log.ours" |
				head -n 5)
see $log.ours"
			continue
		fi
		run comm -23 <(warnings_of "$file" "$log.ours" "$linux") \
			<(warnings_of "$file" "$log.baseline" "$baseline")
		report ${#out} "$name" "$out"
	done
}

all()
{
	local arch files
	for arch; do
		mapfile -t files < <(sed -n "s/^$arch //p" <<<"$list")
		[ ${#files[@]} -eq 0 ] || compile "$arch" "${files[@]}"
	done
	done_testing
}

take_lock
kernel_source baseline
baseline=$SRC
kernel_source ours
linux=$SRC
[ $# -gt 0 ] || set -- "${ALL[@]}"
for arch; do
	target "$arch"
done
mkdir -p "$PP_BUILD/log"
list=$(wanted | sort -u)
dir=$PP_RESULTS/$(date +%Y%m%d-%H%M%S)-compiled
mkdir -p "$dir"
all "$@" | tee "$dir/tap.log"
