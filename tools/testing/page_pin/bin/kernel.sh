#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Configure and build one kernel for one scenario, below build/kernel/.
# Nothing is left to do when nothing changed, which make itself finds out.
#
# kernel.sh KERNEL SCENARIO    KERNEL is ours, baseline or stock, or of base/newer

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=config.sh
. "$PP_DIR/bin/config.sh"

[ $# -eq 2 ] || die "kernel.sh wants KERNEL SCENARIO" "see its first lines"
machine "$2"
kernel=$1 scenario=$BUILT
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

# has OPTION: is it in the .config?
has()
{
	grep -q "^CONFIG_$1\$" "$out/.config"
}

build_image()
{
	local targets=("$TARGET")
	has MODULES=y && targets+=(modules)
	make_kernel "$SRC" "$out" -s "${targets[@]}"
}

# The kernel's own benchmark as that tree has it, on memory of our choice, with
# marks around what it measures.  Later kernels call it gup_test.  An initramfs
# holds clients only.
build_tools()
{
	local dir=$SRC/tools/testing/selftests files
	files=("$dir/vm/gup_benchmark.c")
	[ -e "${files[0]}" ] ||
		mapfile -t files < <(find "$dir/mm" -name gup_test.c \
			-o -name vm_util.c -o -name hugepage_settings.c)
	mkdir -p "$out/guest" &&
	make_kernel "$SRC" "$out" -s headers_install \
		INSTALL_HDR_PATH="$out/usr" || return
	[ "$BOOT" != initramfs ] || return 0
	gcc -O2 -Wall -I"$out/usr/include" -I"$SRC" -I"$dir" \
		-Wl,--wrap=mmap,--wrap=ioctl -pthread \
		-o "$out/guest/gup_benchmark" "${files[@]}" \
		"$PP_DIR/guest/mapping.c" "$PP_DIR/guest/marked.c" &&
	gcc -O2 -Wall -o "$out/guest/known" "$PP_DIR/guest/known.c"
}

# refresh_copy FILE DIR: a copy that is touched only when it changes.
refresh_copy()
{
	cmp -s "$1" "$2/${1##*/}" || cp "$1" "$2/"
}

# The module that holds pins, always from our tree: a part of our kernel, or
# built for another one as a module from outside.
build_module()
{
	local file dir=$out/gup_hold
	if has GUP_HOLD=m; then
		refresh_copy "$out/mm/gup_hold.ko" "$out/guest"
		return
	fi
	if ! [ -r "$PP_BUILD/linux/mm/gup_hold.c" ]; then
		rm -f "$out/guest/gup_hold.ko"
		return
	fi
	mkdir -p "$dir"
	for file in "$PP_BUILD/linux/mm"/gup_hold.[ch]; do
		refresh_copy "$file" "$dir" || return
	done
	cat >"$dir/Kbuild.new" <<-END &&
	obj-m := gup_hold.o
	ccflags-y := -I$PP_DIR/guest/shim/$kernel
	END
	mv "$dir/Kbuild.new" "$dir/Kbuild" &&
	make_kernel "$SRC" "$out" -s M="$dir" modules &&
	refresh_copy "$dir/gup_hold.ko" "$out/guest"
}

# newer FILE THAN...: than all of these.
newer()
{
	local file=$1 than
	shift
	for than; do
		[ "$file" -nt "$than" ] || return
	done
}

# build_program SOURCE NAME DEPENDS...: a self-test, unless it is newer than all
# that it is made of.  It names libraries in a line /* LIBS: -lname ... */.  In
# an initramfs there are none.  What it is made with besides is in flags.
flags=(-include "$PP_DIR/guest/select.h")
build_program()
{
	local file=$1 program=$out/guest/$2 libs
	local dir=$PP_BUILD/linux/tools/testing/selftests
	shift 2
	newer "$program" "$file" "$@" "$dir"/vm/page_pin*.h \
		"$dir"/kselftest*.h "$PP_DIR/guest/select.h" && return
	read -ra libs < <(sed -n 's,^/\* LIBS: \(.*\) \*/$,\1,p' "$file") ||
		libs=()
	[ "$BOOT" != initramfs ] || libs+=(-static)
	[ ${#FOREIGN[@]} -eq 0 ] ||
		libs+=(-isystem "$PP_BUILD/foreign/${FOREIGN[0]}/usr/include")
	"${CROSS_COMPILE}gcc" -O2 -Wall -I"$out/usr/include" -I"$dir" \
		-I"$dir/vm" -pthread "${flags[@]}" \
		-o "$program.new" "$file" "${libs[@]}" &&
	mv "$program.new" "$program"
}

# The self-tests in user space, always those of our tree.
build_tests()
{
	local dir=$PP_BUILD/linux/tools/testing/selftests/vm file name
	for file in "$out/guest"/page_pin*; do
		name=${file##*/}
		[ -e "$dir/$name.c" ] || rm -f "$file"
	done
	for file in "$dir"/page_pin*.c; do
		[ -e "$file" ] || continue
		build_program "$file" "$(basename "$file" .c)" || return
	done
}

# The programs of guest/work.sh, which use what self-tests and clients have.
build_work()
{
	local dir=$PP_DIR/guest/work file
	local flags=(-Wno-unused-function -I"$PP_DIR/callsites"
		     "-Wl,--wrap=mmap" "$PP_DIR/guest/mapping.c")
	for file in "$out/guest"/work_*; do
		[ -e "$dir/${file##*/}.c" ] || rm -f "$file"
	done
	for file in "$dir"/work_*.c; do
		[ -e "$file" ] || continue
		build_program "$file" "$(basename "$file" .c)" \
			"$dir"/*.h "$PP_DIR"/guest/{mapping.c,marks.h} \
			"$PP_DIR"/callsites/*.h || return
	done
}

# The drivers where modprobe -d finds them.
install_modules()
{
	PATH=$PATH:/usr/sbin:/sbin make_kernel "$SRC" "$out" -s \
		modules_install INSTALL_MOD_PATH="$out/guest/root"
}

# Test drivers, from outside.  Some include the source of a driver, for which
# they name what the compiler needs in a line /* CFLAGS: -I$(srctree)/... */.
build_test_modules()
{
	local dir=$out/callsites file name
	mkdir -p "$dir" "$out/guest/modules"
	for file in "$dir"/*.c; do
		[ -e "$PP_DIR/callsites/modules/${file##*/}" ] ||
			rm -f "$file" "$out/guest/modules/$(basename "$file" .c).ko"
	done
	# shellcheck disable=SC2016 # make reads it
	echo 'ccflags-y := -I$(srctree)' >"$dir/Kbuild.new"
	for file in "$PP_DIR/callsites/modules"/*.[ch]; do
		[ -e "$file" ] || continue
		refresh_copy "$file" "$dir" || return
		[[ $file == *.c ]] || continue
		name=$(basename "$file" .c)
		echo "obj-m += $name.o" >>"$dir/Kbuild.new"
		sed -n "s,^/\* CFLAGS: \(.*\) \*/\$,CFLAGS_$name.o += \1,p" \
			"$file" >>"$dir/Kbuild.new"
	done
	cmp -s "$dir/Kbuild.new" "$dir/Kbuild" ||
		cp "$dir/Kbuild.new" "$dir/Kbuild" || return
	grep -q '^obj-m' "$dir/Kbuild" || return 0
	make_kernel "$SRC" "$out" -s M="$dir" modules || return
	for file in "$dir"/*.ko; do
		refresh_copy "$file" "$out/guest/modules" || return
	done
}

# The clients of the call sites: programs, shell scripts, and test drivers; those
# that want a machine of their own are in the folder of that scenario.
build_callsites()
{
	local dir=$PP_DIR/callsites file name
	[ "$scenario" = callsites ] || dir+=/$scenario
	[ -d "$dir" ] || return 0
	for file in "$out/guest"/callsite_*; do
		name=${file##*/callsite_}
		[ -e "$dir/$name.c" ] || [ -e "$dir/$name.sh" ] || rm -f "$file"
	done
	for file in "$dir"/*.c; do
		[ -e "$file" ] || continue
		build_program "$file" "callsite_$(basename "$file" .c)" \
			"$PP_DIR"/callsites/*.h || return
	done
	for file in "$dir"/*.sh; do
		[ -e "$file" ] || continue
		cp "$file" "$out/guest/callsite_$(basename "$file" .sh)" || return
	done
	[ "$scenario" != callsites ] || { install_modules && build_test_modules; }
}

build()
{
	build_image && build_tools || return
	! has MODULES=y || { build_module && build_tests; } || return
	[ "$scenario" != hold ] || { install_modules && build_work; } || return
	build_callsites
}

configure "$kernel" "$scenario" "$SRC" "$out"
[ ${#FOREIGN[@]} -eq 0 ] || "$PP_DIR/bin/foreign.sh" "${FOREIGN[@]}"
stage "kernel-$kernel-$scenario" "$out/build.log" build ||
	die "kernel $kernel-$scenario does not build: $(
		grep -m1 -E 'error:|\*\*\*|No space left' "$out/build.log" ||
		tail -n1 "$out/build.log")" \
	    "see $out/build.log"
