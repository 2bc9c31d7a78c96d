# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# From a scenario to a .config that holds every option of it, and make as we
# call it for a kernel.  Sourced after lib.sh.

# shellcheck source-path=SCRIPTDIR source=machine.sh
. "$PP_DIR/bin/machine.sh"

# kernel_source KERNEL: set SRC to its tree.
kernel_source()
{
	local target
	case $1 in
	ours)
		target=tree SRC=$PP_BUILD/linux ;;
	baseline|stock|each)
		target=$1 SRC=$PP_BUILD/$1 ;;
	v[0-9]*)
		target=compare SRC=$PP_BUILD/newer/$1 ;;
	*)
		die "unknown kernel '$1'" "use ours, baseline or stock" ;;
	esac
	[ -r "$SRC/Kbuild" ] || die "there is no $SRC" "run 'make $target'"
	case $SRC in
	*[[:space:]:]*)
		die "a kernel does not build in '$SRC'" \
		    "use a path without blanks and colons" ;;
	esac
}

# scenario_files KERNEL SCENARIO: its fragments, one a line, included ones
# first.  NAME.ours.config is for our kernel only, NAME.newer.config for those of
# base/newer.
scenario_files()
{
	local file=$PP_DIR/scenarios/$2.config include
	include=$(sed -n 's/^# Include: //p' "$file")
	[ -z "$include" ] || scenario_files "$1" "$include"
	echo "$file"
	case $1 in
	v[0-9]*)	file=$PP_DIR/scenarios/$2.newer.config ;;
	*)		file=$PP_DIR/scenarios/$2.$1.config ;;
	esac
	[ ! -r "$file" ] || echo "$file"
}

# missing_options FRAGMENT CONFIG: those that did not stick, on one line.
missing_options()
{
	awk '
	FNR == 1 && NR != 1 {
		for (name in want)
			asked[name] = want[name]
		split("", want)
	}
	/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { want[$2] = "n" }
	/^CONFIG_[A-Za-z0-9_]+=/ {
		split($0, part, "=")
		want[part[1]] = substr($0, length(part[1]) + 2)
	}
	END {
		for (name in asked) {
			value = name in want ? want[name] : "n"
			if (value != asked[name])
				print name "=" asked[name]
		}
	}' "$1" "$2" | sort | paste -sd ' '
}

# make_kernel SOURCE OUT ARGUMENT...: the kernel's make.  Neither who builds
# nor when gets into the image.
make_kernel()
{
	local src=$1 out=$2
	shift 2
	CCACHE_DIR=$PP_BUILD/ccache \
	KBUILD_BUILD_TIMESTAMP=2000-01-01 KBUILD_BUILD_VERSION=1 \
	KBUILD_BUILD_USER=page_pin KBUILD_BUILD_HOST=page_pin \
	make -C "$src" O="$out" -j"$PP_JOBS" \
		ARCH="${ARCH:-x86}" CROSS_COMPILE="${CROSS_COMPILE:-}" \
		CC="ccache ${CROSS_COMPILE:-}gcc" PYTHON=python3 "$@" </dev/null
}

# configure KERNEL SCENARIO SOURCE OUT: make OUT/.config, from nothing each
# time: tinyconfig and the scenario in one.  A .config that comes out the same
# is not touched, so nothing is rebuilt for it.
configure()
{
	local kernel=$1 scenario=$2 src=$3 out=$4 known missing tiny
	if ! [ -r "$PP_DIR/scenarios/$scenario.config" ] ||
	   [[ $scenario == *.* ]]; then
		known=$(cd "$PP_DIR/scenarios" && echo *.boot)
		die "unknown scenario '$scenario'" "use one of: ${known//.boot/}"
	fi
	machine "$scenario"
	need_cmd "${CROSS_COMPILE}gcc"
	mkdir -p "$out"
	scenario_files "$kernel" "$scenario" | xargs cat >"$out/.fragment"
	tiny=$src/arch/$ARCH/configs/tiny.config
	[ -r "$tiny" ] || tiny=/dev/null
	cat "$src/kernel/configs/tiny.config" "$tiny" \
	    "$out/.fragment" >"$out/.allconfig"
	rm -f "$out/.config.new"
	make_kernel "$src" "$out" KCONFIG_CONFIG="$out/.config.new" \
		KCONFIG_ALLCONFIG="$out/.allconfig" allnoconfig \
		>"$out/config.log" 2>&1 ||
		die "$kernel-$scenario cannot be configured" "see $out/config.log"
	missing=$(missing_options "$out/.fragment" "$out/.config.new")
	[ -z "$missing" ] ||
		die "$kernel-$scenario: options that did not stick: $missing" \
		    "see what they depend on, and correct the scenario"
	cmp -s "$out/.config.new" "$out/.config" ||
		mv "$out/.config.new" "$out/.config"
	rm -f "$out/.config.new"
}
