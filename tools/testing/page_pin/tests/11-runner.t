#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The scripts around a guest, with a toy kernel and a QEMU that only writes
# logs: what goes wrong is said in one line, and makes make check fail.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fix=$here/fixtures
top=$tmp/project/tools/testing/page_pin
src=$tmp/project/build/stock
built=$tmp/project/build/kernel/stock-toy
unset BUILD RESULTS JOBS MEASURE TIMEOUT PP_LOCKED PP_TESTS
mkdir -p "$top/scenarios" "$top/guest" "$tmp/path"
ln -s "$here/../bin" "$top/"
ln -s "$here/../guest"/* "$top/guest/"
# What these programs are made of is not there.
rm "$top/guest/work"
: >"$top/scenarios/allow"
export PATH=$tmp/path:$PATH

# one NAME REGEX: the last run failed with one line, which says what to do.
one()
{
	like "$1" "$status $(wc -l <<<"$err") $err" "^1 1 page_pin: .*$2"
	like "$1: what to do" "$err" '; .+$'
}

kernel()
{
	run "$top/bin/kernel.sh" "$@"
	err=$(grep -v 'kernel-stock-[a-z]*: ' <<<"$err")
}

# A kernel that loses an option, and builds or not as the file `broken` says.
kernel "no-such" toy
one "an unknown kernel" "unknown kernel 'no-such'"
kernel stock toy
one "a kernel without its tree" "there is no .*/build/stock"
mkdir -p "$src/kernel/configs" "$src/arch/x86/configs" \
	"$src/tools/testing/selftests/vm"
echo 'CONFIG_TINY=y' >"$src/kernel/configs/tiny.config"
echo 'CONFIG_X86=y' >"$src/arch/x86/configs/tiny.config"
echo 'int main(void) { return 0; }' \
	>"$src/tools/testing/selftests/vm/gup_benchmark.c"
touch "$src/Kbuild"
cat >"$src/Makefile" <<'MAKE'
allnoconfig:
	grep -v LOST $(KCONFIG_ALLCONFIG) >$(KCONFIG_CONFIG)
bzImage:
	@test ! -e broken || { echo 'mm/gup.c:1:1: error: toy' >&2; false; }
	mkdir -p $(O)/arch/x86/boot
	touch $(O)/arch/x86/boot/bzImage
headers_install:
	mkdir -p $(O)/usr/include
modules:
	mkdir -p $(O)/mm
	echo "from inside" >$(O)/mm/gup_hold.ko
	@test -z "$(M)" || for c in $(M)/*.c; do \
		cat $(M)/Kbuild $(M)/*.[ch] >$${c%.c}.ko; done
modules_install:
	mkdir -p $(INSTALL_MOD_PATH)/lib/modules
MAKE
toy=$top/scenarios/toy
printf 'CONFIG_TOY=y\n# CONFIG_OFF is not set\n' >"$toy.config"
echo 'MEMORY=64 APPEND=toy' >"$toy.boot"
kernel stock tiny
one "an unknown scenario" "unknown scenario 'tiny'; use one of: toy"
kernel stock toy
is "the toy kernel builds" "$status $err" "0 "
is "its .config has what the scenario says" \
	"$(grep -c -e TINY=y -e X86=y -e TOY=y "$built/.config")" 3
before=$(stat -c %Y%i "$built/.config")
kernel stock toy
is "a .config that is the same is not touched" \
	"$(stat -c %Y%i "$built/.config")" "$before"

echo 'CONFIG_LOST=y' >>"$toy.config"
kernel stock toy
one "an option that does not stick" "did not stick: CONFIG_LOST=y"
ok "the old .config stays" grep -q TOY=y "$built/.config"
printf 'CONFIG_TOY=y\nCONFIG_LOST_TOO=n\n# CONFIG_LOST is not set\n' \
	>"$toy.config"
kernel stock toy
is "an option that is off may be absent" "$status $err" "0 "
echo 'CONFIG_TOY=m' >"$toy.stock.config"
kernel stock toy
is "what one kernel adds wins" "$status $(grep TOY "$built/.config" | tail -n1)" \
	"0 CONFIG_TOY=m"
rm "$toy.stock.config"
printf '# Include: toy\nCONFIG_MORE=y\n' >"$top/scenarios/more.config"
kernel stock more
is "a scenario includes another" \
	"$(grep -c -e TOY=y -e MORE=y "${built%toy}more/.config")" 2
touch "$src/broken"
kernel stock toy
one "a kernel that does not build" "error: toy"
rm "$src/broken"
kernel stock toy
is "the next build recovers" "$status $err" "0 "

# What holds pins, and what tests them, comes from our tree.
linux=$tmp/project/build/linux
vm=$linux/tools/testing/selftests/vm
printf '# Include: toy\nCONFIG_MODULES=y\n' >"$top/scenarios/pins.config"
pins=${built%toy}pins
kernel stock pins
is "no module and no self-tests yet" "$status $(cd "$pins/guest" && echo *)" \
	"0 gup_benchmark known"
mkdir -p "$linux/mm" "$vm"
echo '/* holder */' | tee "$linux/mm/gup_hold.c" >"$linux/mm/gup_hold.h"
cat >"$vm/../kselftest_harness.h" <<'HARNESS'
#include <unistd.h>
#define KSFT_PASS 0
#define KSFT_FAIL 1
struct __fixture_variant_metadata {
	const char *name;
	struct __fixture_variant_metadata *next;
};
struct __test_metadata {
	const char *name;
	int timeout, passed;
	void *results;
	struct __test_metadata *next;
};
struct __fixture_metadata {
	const char *name;
	struct __test_metadata *tests;
	struct __fixture_variant_metadata *variant;
	struct __fixture_metadata *next;
} *__fixture_list;
#include <sys/mman.h>
#define ksft_print_header()
#define __run_test(f, v, t)
static int test_harness_run(int argc, char **argv) { return argc + !argv; }
HARNESS
test='int main(int argc, char **argv) { return test_harness_run(argc, argv); }'
echo "$test" | tee "$vm/page_pin_a.c" >"$vm/page_pin_b.c"
kernel stock pins
is "the module and the self-tests are built" "$status $(cd "$pins/guest" && echo *)" \
	"0 gup_benchmark gup_hold.ko known page_pin_a page_pin_b"
like "the module for a kernel that is not ours" "$(cat "$pins/guest/gup_hold.ko")" \
	"^obj-m := gup_hold.o.*guest/shim/stock.*holder.*holder"
ok "the source of our tree is not touched" test ! -e "$linux/mm/Kbuild"
before=$(stat -c %Y%i "$pins/guest"/{gup_hold.ko,page_pin_*})
sleep 1
kernel stock pins
is "a warm build touches neither" \
	"$(stat -c %Y%i "$pins/guest"/{gup_hold.ko,page_pin_*})" "$before"
rm "$vm/page_pin_b.c"
kernel stock pins
ok "a self-test that is gone is no longer run" \
	test "$status" -eq 0 -a ! -e "$pins/guest/page_pin_b"
echo 'CONFIG_GUP_HOLD=m' >"$top/scenarios/pins.stock.config"
kernel stock pins
is "our kernel's module is its own" "$status $(cat "$pins/guest/gup_hold.ko")" \
	"0 from inside"
echo '#error broken test' >>"$vm/page_pin_a.c"
kernel stock pins
one "a self-test that does not build" "error: #error broken test"
echo "$test" >"$vm/page_pin_a.c"

# The clients of call sites are built for one scenario.
sites=${built%toy}callsites
printf '# Include: pins\n' >"$top/scenarios/callsites.config"
mkdir -p "$top/callsites/modules"
printf '%s\n' "$test" '/* LIBS: -lm -lno-such */' >"$top/callsites/sums.c"
kernel stock callsites
one "a client whose library is not there" "ld returned 1"
printf '%s\n' "$test" '/* LIBS: -lm */' '#include <math.h>' \
	'double root(double x) { return sqrt(x) + sin(x); }' \
	>"$top/callsites/sums.c"
printf '#!/bin/bash\n' >"$top/callsites/script.sh"
chmod +x "$top/callsites/script.sh"
echo '/* CFLAGS: -Idriver */' >"$top/callsites/modules/fake.c"
kernel stock callsites
is "clients are built" "$status $(cd "$sites/guest" && echo callsite_* modules/*)" \
	"0 callsite_script callsite_sums modules/fake.ko"
ok "a script can be run" test -x "$sites/guest/callsite_script"
ok "the drivers are installed" test -d "$sites/guest/root/lib/modules"
like "a test driver has what it names" "$(cat "$sites/guest/modules/fake.ko")" \
	'obj-m \+= fake.o.CFLAGS_fake.o \+= -Idriver.'
rm "$top/callsites"/sums.c "$top/callsites/modules/fake.c"
kernel stock callsites
is "clients that are gone are no longer run" \
	"$status $(cd "$sites/guest" && echo callsite_* modules/*)" \
	"0 callsite_script modules/*"
(
	flock 8
	sleep 30
) 8>"$tmp/project/build/.lock" &
locker=$!
sleep 0.5
kernel stock toy
one "two builds at once" "another run is at work"
kill "$locker"
wait "$locker" 2>/dev/null

# A guest: what this QEMU does is in $tmp/qemu.
cat >"$tmp/path/qemu-system-x86_64" <<'QEMU'
#!/bin/bash
logs=()
for word; do
	[[ $word == file:* ]] && logs+=("${word#file:}")
done
. "${0%/*}/../qemu"
QEMU
chmod +x "$tmp/path/qemu-system-x86_64"
good="cp $fix/good/console.log \${logs[0]}; cp $fix/good/tap.log \${logs[1]}"

# guest WHAT: boot it; the results folder is in $out.
guest()
{
	echo "$1" >"$tmp/qemu"
	run "$top/bin/run.sh" stock toy boot
	last=$out
}

guest "$good"
is "a good guest passes" "$status $(cat "$last/verdict")" "0 passed"
is "its folder has it all" "$(cd "$last" && echo .config *)" \
	".config build.log console.log qemu-cmd qemu.log tap.log verdict"
like "its folder says what ran" "$last" "/[0-9]{8}-[0-9]{6}-stock-toy-boot$"
like "the QEMU command can be run again" "$(bash -n "$last/qemu-cmd" &&
	cat "$last/qemu-cmd")" "^qemu-system-x86_64 .*-m 64 .*toy.*--"
guest "$good; echo '[ 1.0] WARNING: planted' >>\${logs[0]}"
like "a splat fails" "$status $(cat "$last/verdict")" "^1 failed.*planted"
like "and is said in a line" "$err" "run failed: console line 12.*planted"
guest "$good; exit 3"
like "a QEMU that dies fails" "$status $(cat "$last/verdict")" \
	"^1 failed.*QEMU ended with status 3"
guest ":"
like "a guest that says nothing fails" "$status $(cat "$last/verdict")" \
	"^1 failed.*no booting kernel.*printed nothing"
export TIMEOUT=1
guest "$good; exec sleep 30"
unset TIMEOUT
like "a guest that hangs fails" "$status $(cat "$last/verdict")" \
	"^1 failed.*time-out"
echo 'exec sleep 300.5' >"$tmp/qemu"
"$top/bin/run.sh" stock toy boot >/dev/null 2>&1 &
runner=$!
disown
sleep 1.5
kill -KILL "$runner"
sleep 0.5
is "the guest dies with its run, however that ends" \
	"$(pgrep -f -x -c 'sleep 300[.]5')" 0
run "$top/bin/results.sh"
like "the list of results has them all" "$out" \
	"toy-boot +passed.*boot +failed: .*boot +did not end$"
splat="echo '[ 1.0] WARNING: at odd' >>\${logs[0]}"
for file in scenarios/toy.stock.expect guest/boot.expect guest/boot.toy.expect; do
	printf 'WARNING: at odd\t-\tprovoked\n' >"$top/$file"
	guest "$good; $splat"
	is "a splat that $file wants passes" "$status $(cat "$last/verdict")" \
		"0 passed"
	guest "$good"
	like "and must come" "$status $(cat "$last/verdict")" \
		"^1 failed.no splat 'WARNING: at odd' came"
	rm "$top/$file"
done
printf 'WARNING: at odd\t-\tprovoked\n' >"$top/scenarios/toy.ours.expect"
guest "$good; $splat"
like "what another kernel wants does not excuse" \
	"$status $(cat "$last/verdict")" "^1 failed.console line 12"
rm "$top/scenarios/toy.ours.expect"

# Disks.
echo 'DISKS=("ext4 8" "xfs 320" "slow 8 1000" "swap 1")' >>"$toy.boot"
guest "$good; ls \"\${logs[0]%/*}/disks\" >$tmp/disks"
is "the guest has its disks" "$status $(paste -sd ' ' "$tmp/disks")" \
	"0 ext4.img slow.img swap.img xfs.img"
is "which are gone with it" "$(ls "$last")" "$(ls -I disks "$last")"
like "and know what they are" "$(cat "$last/qemu-cmd")" \
	"slow.img.*throttling.bps-write=1000.*drive=slow.*serial=slow.*swap.img"
echo 'DISKS=("tape 8")' >>"$toy.boot"
guest "$good"
one "a disk that is none" "there is no disk 'tape'"
echo 'DISKS=()' >>"$toy.boot"
printf 'odd\n' >"$top/scenarios/allow"
guest "$good"
like "an allow list that cannot be read fails" \
	"$status $(head -n1 "$last/verdict")" "^1 failed"
: >"$top/scenarios/allow"
run "$top/bin/run.sh" stock toy no-such-job
one "an unknown job" "no guest job 'no-such-job'"
run "$top/bin/run.sh" baseline toy boot
one "a kernel that was not built" "there is no kernel baseline-toy"
run "$top/bin/run.sh" stock toy boot 'a b'
one "an argument that would be two" "'a b' cannot stand"
run "$top/bin/boot.sh" stock toy
one "a shell without a terminal" "needs a terminal"
mkdir "$tmp/few"
ln -s /usr/bin/* "$tmp/few/"
rm "$tmp/few/qemu-system-x86_64"
run env PATH="$tmp/few" "$top/bin/run.sh" stock toy boot
one "a machine without QEMU" "qemu-system-x86_64 is not installed"

# The self-tests on three kernels.  The baseline's guest dies in the second of
# three, and stock's never ends in the first one.
cp -r "$src" "${src%stock}baseline"
cp -r "$src"/{Kbuild,Makefile,arch,kernel} "$linux/"
cp "$src/tools/testing/selftests/vm/gup_benchmark.c" "$vm/"
printf 'CONFIG_TOY=y\n' >"$top/scenarios/hold.config"
cat >"$tmp/qemu" <<QEMU
cp $fix/good/console.log "\${logs[0]}"
line="\$*"
read -r kernel first tests <<<"\${line##* page-pin }"
echo "\$tests" >$tmp/tests
exec >"\${logs[1]}"
n=0
for number in 1 2 3; do
	[ "\$number" -ge "\${first%% *}" ] || continue
	n=\$((n + 1))
	echo "# begin \$number t:\$number"
	case \$kernel\$number in
	baseline2) exit ;;
	stock1) exec sleep 30 ;;
	stock3) echo "not ok \$n - t:3" ;;
	*) echo "ok \$n - t:\$number" ;;
	esac
done
echo "1..\$n"
echo "# job page-pin ended with status 0"
QEMU
export TIMEOUT=3
run "$top/bin/compare-tests.sh"
is "a table of three kernels" "$status
$(tr -s ' ' <<<"$out")" "0
test ours stock baseline
t:1 pass crash pass
t:2 pass pass crash
t:3 pass FAIL pass

total pass of 3 3 1 2
total FAIL of 3 0 1 0
total crash of 3 0 1 1"
like "and where it is kept" "$err" "results in .*-compare\."
run "$top/bin/compare-tests.sh" t u:v
like "a table of some tests" "$status $(cat "$tmp/tests")" "^0 t u:v"
sed -i 's/stock3/ours3/' "$tmp/qemu"
run "$top/bin/compare-tests.sh"
like "a failure of ours fails" "$status $out" $'^1 .*t:3 +FAIL +pass +pass'
sed -i "s/ours3/stock3/; 1a echo '[ 1.0] WARNING: odd' >>\"\${logs[0]}\"" \
	"$tmp/qemu"
run "$top/bin/compare-tests.sh"
like "a splat of ours fails, though the table is good" "$status $out" \
	$'^1 .*t:3 +pass +FAIL +pass'
echo "echo 'Bail out! no DIMM' >\${logs[1]}" >"$tmp/qemu"
run "$top/bin/compare-tests.sh"
err=$(grep -v -e ': started' -e ': done' -e 'run failed' <<<"$err")
one "a guest that runs no test at all" "guest of ours ran no test: Bail out! no DIMM"
unset TIMEOUT

# Packages: an apt whose lists are absent until `update`, or a broken one.
printf '#!/bin/bash\nexec "$@"\n' >"$tmp/path/sudo"
cat >"$tmp/path/dpkg-query" <<DPKG
#!/bin/bash
cat "$tmp/has/\${*: -1}"
DPKG
cat >"$tmp/path/apt-get" <<APT
#!/bin/bash
echo "\$*" >>$tmp/apt
[ ! -e $tmp/no-network ] || { echo 'E: Could not resolve'; exit 100; }
[[ \$* == *update ]] && touch $tmp/lists
[ -e $tmp/lists ] || exit 100
APT
chmod +x "$tmp/path"/*
printf '# ours\nmake\t# why\nold\t# why\nnew\t# why\n' >"$tmp/packages"
export PP_PACKAGES=$tmp/packages
mkdir "$tmp/has"
echo -n installed >"$tmp/has/make"
echo -n config-files >"$tmp/has/old"
: >"$tmp/no-network"
run "$top/bin/deps.sh"
err=$(grep 'could not' <<<"$err")
one "packages without a network" "could not install old new: E: Could not"
rm "$tmp/no-network" "$tmp/apt"
run "$top/bin/deps.sh"
is "packages are installed, with lists when these are absent" \
	"$status $(grep -o -e ' update' -e ' install .*' "$tmp/apt" | paste -sd,)" \
	"0  install old new, update, install old new"
rm "$tmp/apt"
echo -n installed | tee "$tmp/has/old" >"$tmp/has/new"
run "$top/bin/deps.sh"
is "nothing to install, nothing done" "$status $err$(ls "$tmp/apt" 2>&1)" \
	"0 ls: cannot access '$tmp/apt': No such file or directory"
rm "$tmp/path"/{sudo,dpkg-query,apt-get}

# make check's runner.
PP_TESTS=$tmp/t
export PP_TESTS
mkdir "$PP_TESTS"

# check NAME CLOSING STATUS SCRIPT...: how the runner closes over toy tests.
check()
{
	local name=$1 closing=$2 wanted=$3 script n=0
	shift 3
	rm -f "$PP_TESTS"/*
	for script; do
		n=$((n + 1))
		printf '#!/bin/bash\n%s\n' "$script" >"$PP_TESTS/$n.t"
		chmod +x "$PP_TESTS/$n.t"
	done
	run "$here/../bin/run-tests.pl"
	is "runner: $name" "$status ${out##*$'\n'}" "$wanted $closing"
}

pass='echo 1..2; echo ok 1 - a; echo ok 2 - b'
check "all pass" "4 passed, 0 failed" 0 "$pass" "$pass"
check "one fails" "3 passed, 1 failed" 1 "$pass" \
	'echo 1..2; echo ok 1 - a; echo not ok 2 - b'
check "skips are counted" "3 passed, 0 failed, 1 skipped" 0 "$pass" \
	'echo 1..2; echo ok 1; echo "ok 2 - b # SKIP no device"'
like "runner: a skip is shown with its reason" "$out" "SKIP no device"
check "a whole test skipped" "2 passed, 0 failed, 1 skipped" 0 "$pass" \
	'echo "1..0 # SKIP no machine"'
check "only skips prove nothing" "0 passed, 1 failed, 1 skipped" 1 \
	'echo "1..0 # SKIP no machine"'
check "a crash" "2 passed, 1 failed" 1 "$pass" 'exit 1'
check "killed" "4 passed, 1 failed" 1 "$pass" "$pass; kill -9 \$\$"
check "an exit status" "4 passed, 1 failed" 1 "$pass" "$pass; exit 3"
check "no plan" "3 passed, 1 failed" 1 "$pass" 'echo ok 1'
check "too few points" "3 passed, 1 failed" 1 "$pass" 'echo 1..2; echo ok 1'
check "no output" "2 passed, 1 failed" 1 "$pass" :
check "no tests at all" "0 passed, 1 failed" 1
run "$here/../bin/run-tests.pl" no-such-test
one "runner: an unknown test" "no test .*no-such-test.t"
check "one test" "2 passed, 0 failed" 0 "$pass"
mkdir "$PP_TESTS/all"
printf '#!/bin/bash\n%s\n' "$pass" >"$PP_TESTS/all/more.t"
chmod +x "$PP_TESTS/all/more.t"
run "$here/../bin/run-tests.pl"
is "runner: not without --all" "$status ${out##*$'\n'}" "0 2 passed, 0 failed"
run "$here/../bin/run-tests.pl" --all
is "runner: --all" "$status ${out##*$'\n'}" "0 4 passed, 0 failed"
run "$here/../bin/run-tests.pl" more
is "runner: one of all by its name" "$status ${out##*$'\n'}" \
	"0 2 passed, 0 failed"
rm -r "$PP_TESTS/all"

# From a guest to the runner's closing line: planted faults are noticed.  The
# guest here judges counters with the real code, over a file.
sed 's/released 221184/released 221183/' "$fix/vmstat" >"$tmp/off-by-one"

# planted NAME CLOSING STATUS VMSTAT FAULT
planted()
{
	cat >"$tmp/qemu" <<-EOT
		cp $fix/good/console.log "\${logs[0]}"
		{
			export PP_VMSTAT=$4 PP_REFRESH=/dev/null
			. $top/guest/lib.sh
			point one true
			point counters balanced
			plan
			echo '# job boot ended with status 0'
		} >"\${logs[1]}"
		$5
	EOT
	check "$1" "$2" "$3" \
		"$top/bin/console.py tap \$($top/bin/run.sh stock toy boot)"
}

planted "a good guest" "3 passed, 0 failed" 0 "$fix/vmstat" :
planted "a WARNING is noticed" "2 passed, 1 failed" 1 "$fix/vmstat" \
	"echo '[ 1.0] WARNING: planted' >>\"\${logs[0]}\""
planted "a missing plan is noticed" "2 passed, 1 failed" 1 "$fix/vmstat" \
	"sed -i /^1[.][.]/d \"\${logs[1]}\""
planted "a counter off by one is noticed" "1 passed, 2 failed" 1 \
	"$tmp/off-by-one" :

done_testing
