#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What reads a guest's output fails closed: a good run passes, and each way of
# being bad is found and named.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

fix=$here/fixtures
console=$here/../bin/console.py
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fresh: a copy of the good run, to break.
fresh()
{
	rm -rf "$tmp/run"
	cp -r "$fix/good" "$tmp/run"
	: >"$tmp/allow"
}

# verdict [STATUS]: judge the copy; keeps the verdict as run.sh does.
verdict()
{
	run "$console" verdict "$tmp/allow" "${1:-0}" "$tmp/run"
	printf '%s\n' "$out" >"$tmp/run/verdict"
}

passes()
{
	verdict
	is "$1" "$status $out" "0 passed"
}

fails()
{
	verdict "${3:-0}"
	like "$1" "$status $out" "^1 failed.*$2"
}

# plant LINE: into the middle of the console.
plant()
{
	fresh
	awk -v line="[    0.900000] $1" '{ print } NR == 7 { print line }' \
		"$fix/good/console.log" >"$tmp/run/console.log"
}

# tap TEXT: what the guest's job printed.
tap()
{
	fresh
	printf '%b' "$1" >"$tmp/run/tap.log"
}

end='# job x ended with status 0\n'

# Consoles.
fresh
passes "a good run passes"
while IFS= read -r line; do
	plant "$line"
	verdict
	is "found: $line" "$status ${out#*$'\n'}" "1 console line 8: $line"
done <"$fix/splats"
fresh
: >"$tmp/run/console.log"
fails "an empty console" "no booting kernel"
rm "$tmp/run/console.log"
fails "no console at all" "no booting kernel"
fresh
fails "a time-out" "time-out" 124
fails "a QEMU that died" "QEMU ended with status 1" 1

# The allow list.
splat='WARNING: CPU: 1 PID: 71 at drivers/odd.c:1 odd+0x5b/0x80'
plant "$splat"
printf 'WARNING: .* odd\\+\ttriggered on purpose by the test of odd\n' \
	>"$tmp/allow"
passes "an allowed splat passes"
echo "[    0.910000] Call Trace:" >>"$tmp/run/console.log"
passes "the trace of an allowed splat passes"
echo "[    0.910000] $splat" | sed 's/odd+/even+/' >>"$tmp/run/console.log"
fails "an allowed splat does not hide another" "even"
for entry in 'odd' 'odd\t' 'odd\t  '; do
	printf '%b\n' "$entry" >"$tmp/allow"
	verdict
	like "an allow entry without a reason: '$entry'" "$status $err" \
		"^1 .*allow:1 has no reason; "
done
printf '(\tbroken\n' >"$tmp/allow"
verdict
like "an allow entry that is no regular expression" "$status $err" \
	"^1 .*no regular expression"
ok "the allow list of the harness can be read" \
	"$console" verdict "$here/../scenarios/allow" 0 "$fix/good"

# Splats that must come.  The good run with two self-tests, and what each of
# them says on the console.
flag='WARNING: CPU: 1 PID: 71 at mm/odd.c:1 odd+0x5b/0x80'

# expects LIST LINE...: with this list, and these lines after the console's.
expects()
{
	fresh
	printf '%b' "$1" >"$tmp/expect"
	shift
	printf '[    0.950000] %s\n' "$@" >>"$tmp/run/console.log"
	printf '%s\n' "ok 1 - a:one" "ok 2 - a:two" 1..2 "$(printf '%b' "$end")" \
		>"$tmp/run/tap.log"
	[ ${#skip} -eq 0 ] || sed -i "s/a:one/& $skip/" "$tmp/run/tap.log"
	run "$console" verdict "$tmp/allow" 0 "$tmp/run" "$tmp/expect"
}

skip=
one='page_pin: begin a:one'
two='page_pin: begin a:two'
want='WARNING: .* odd\\+0x[0-9a-f/x]*\ta:one\tmisuse warns\n'
expects "$want" "$one" "$flag" "Call Trace:" "$two" "page_pin: end"
is "a splat that must come passes" "$status $out" "0 passed"
expects "$want" "$one" "$two"
like "one that does not come fails" "$status $out" \
	"^1 failed.no splat 'WARNING: [^']*' came, case a:one: misuse warns$"
flag_re=${flag//+/\\+}
expects "$want" "$one" "$flag" "$flag" "$two"
like "one that comes twice fails" "$status $out" \
	"^1 failed.console line 14: $flag_re$"
expects "$want$want" "$one" "$flag" "$flag" "$two"
is "two that must come pass" "$status $out" "0 passed"
expects "$want" "$one" "$two" "$flag"
like "one in another self-test fails" "$status $out" \
	"^1 failed.console line 14: $flag_re.no splat"
expects "$want" "$one" "page_pin: end" "$flag"
like "one after the end fails" "$status $out" "console line 14.*no splat"
expects "$want" "$flag" "$one"
like "one before the beginning fails" "$status $out" "console line 12.*no splat"
expects "$want" "$one" "$flag again"
like "one that is longer than the expression fails" "$status $out" \
	"again.no splat"
expects "${want/a:one/a:three}" "$one"
is "a self-test that was not run owes none" "$status $out" "0 passed"
expects "${want/a:one/a:three}" "$one" "$flag"
like "and excuses none" "$status $out" "^1 failed.console line 13: $flag_re$"
skip='# SKIP no device'
expects "$want" "$one"
is "a self-test that was skipped owes none" "$status $out" "0 passed"
expects "$want" "$one" "$flag"
like "and excuses none either" "$status $out" "^1 failed.console line 13"
skip=
expects "${want/a:one/-}" "$flag" "$one"
is "one that comes with every run passes" "$status $out" "0 passed"
expects "${want/a:one/-}"
like "and fails when it does not come" "$status $out" "no splat"
for entry in 'odd' 'odd\ta:one' 'odd\ta:one\t ' 'odd\t\twhy'; do
	expects "$entry\n"
	like "an expected splat without all of it: '$entry'" "$status $err" \
		"^1 .*expect:1 has no reason; "
done

# TAP.
tap ''
fails "no output" "the job printed nothing"
fresh
rm "$tmp/run/tap.log"
fails "no log of the job" "the job printed nothing"
tap "ok 1 - a\n$end"
fails "no plan" "no plan"
tap "ok 1 - a\n1..2\n$end"
fails "fewer points than planned" "2 test points planned, 1 came"
tap "ok 1 - a\nok 2 - b\n1..1\n$end"
fails "more points than planned" "1 test points planned, 2 came"
tap "1..0\n$end"
fails "a plan of nothing" "plans no test point"
tap "1..1\nok 1 - a\n1..1\n$end"
fails "two plans" "two plans"
tap "1..2\nok 1 - a\nok 3 - b\n$end"
fails "points out of sequence" "test point 3 came as number 2"
tap "1..2\nok 1 - a\nnot ok 2 - b\n$end"
fails "a point that is not ok" "not ok: b"
tap "1..2\n# no\nok 1 - a\n# first\n# why\nnot ok 2 - b\n$end"
fails "a point that is not ok tells why" "not ok: b: why"
tap "1..1\nok 1 - a\nBail out! no memory\n$end"
fails "a job that bails out" "Bail out! no memory"
tap "1..1\nok 1 - a\n"
fails "TAP that is cut off" "did not come to its end"
tap "1..1\nok 1 - a\n${end}ok 2 - late\n"
fails "output after the end" "did not come to its end"
tap "1..1\nok 1 - a\n# job x ended with status 3\n"
fails "a job that ends with a status" "job x ended with status 3"

# From a run to TAP for make check.
fresh
verdict
run "$console" tap "$tmp/run"
like "a good run as TAP" "$status $out" "^0 .*ok 4 - the run is clean.*1\.\.4$"
plant "WARNING: planted"
verdict
run "$console" tap "$tmp/run"
like "a splat as TAP" "$status $out" "^1 .*not ok 4 - the run is clean.*planted"
rm "$tmp/run/verdict"
run "$console" tap "$tmp/run"
like "a run without a verdict as TAP" "$status $out" "^1 .*# no verdict"
tap "# of a\nok 1 - a\n# of b\nnot ok 2 - b\n1..2\n$end"
verdict
run "$console" tap "$tmp/run"
like "what a failing point said comes after it" "$out" \
	"ok 1 - a.not ok 2 - b.# of b.not ok 3"
fresh
verdict
cp -r "$tmp/run" "$tmp/20990101-000000-ours-x-boot"
run "$console" tap "$tmp/20990101-000000-ours-x-boot" "$tmp/run"
like "two runs as TAP" "$status $out" \
	"^0 .*ok 1 - ours-x-boot: .*ok 5 - run: .*ok 8 - run: the run is clean.*1\.\.8$"
rm "$tmp/run/verdict"
run "$console" tap "$tmp/20990101-000000-ours-x-boot" "$tmp/run"
like "two runs, one bad, as TAP" "$status $out" "^1 .*not ok 8 - run: "

# From the logs of self-tests to a table.
cells()
{
	fresh
	printf '%b' "$1" >"$tmp/run/tap.log"
	run "$console" cells "$tmp/run"
}

begun='# begin 3 a:x\nok 1 - a:x\n# begin 4 a:y\n# why\nnot ok 2 - a:y\n'
more='# begin 5 a:z\nok 3 - a:z # SKIP no DAX\n'
cells "$begun${more}1..3\n$end"
is "the cells of a run" "$status $out" "$(printf \
	'0 3\ta:x\tpass\n4\ta:y\tFAIL\n5\ta:z\tskip')"
cells "$begun# begin 5 a:z\nok"
is "a self-test that took the guest down" "$status ${out##*$'\n'}" \
	"$(printf '1 5\ta:z\tcrash')"
cells "$begun# begin 5 a:z\n# begin 6 b:a\nok 3 - b:a\n1..3\n$end"
like "a self-test without a point" "$out" $'5\ta:z\tcrash\n6\tb:a\tpass$'
cells "$begun# begin 5 a:z\nBail out! it hangs\n# job x ended with status 1\n"
is "a self-test that hangs" "$status ${out##*$'\n'}" \
	"$(printf '1 5\ta:z\tcrash')"
cells "Bail out! no module\n# job x ended with status 1\n"
is "no self-test at all" "$status $out" "1 "

# table OURS STOCK: two columns of cells, without their numbers.
table()
{
	printf '%b' "$1" >"$tmp/ours"
	printf '%b' "$2" >"$tmp/stock"
	run "$console" table ours "$tmp/ours" stock "$tmp/stock"
}

table '1\ta\tpass\n2\tb\tskip\n' '1\ta\tFAIL\n2\tb\tcrash\n3\tc\tpass\n'
like "a table has a test a line" "$out" \
	$'^test +ours +stock\na +pass +FAIL\nb +skip +crash\nc +- +pass\n'
like "a table ends with the totals" "$out" \
	'total pass of 3 +1 +1.total FAIL of 3 +0 +1.total crash of 3 +0 +1.total skip of 3 +1 +0.total - of 3 +1 +0$'
is "a test that ours did not run fails" "$status" 1
table '1\ta\tpass\n2\tb\tskip\n' '1\ta\tFAIL\n'
is "what other kernels do does not" "$status" 0
table '1\ta\tpass\n2\tb\tFAIL\n' ''
is "a failure of ours fails" "$status" 1
table '1\ta\tcrash\n' ''
is "a crash of ours fails" "$status" 1
table '1\ta\tskip\n' ''
is "only skips fail" "$status" 1
table '' ''
is "nothing fails" "$status" 1

# KUnit.
kunit()
{
	run "$console" kunit page_pin "$tmp/run"
}

# bad_kunit NAME SED REGEX: the console with an edit is found bad.
bad_kunit()
{
	sed "$2" "$fix/kunit.log" >"$tmp/run/console.log"
	kunit
	like "KUnit: $1" "$status $out" "^1 .*not ok .*$3"
}

fresh
cp "$fix/kunit.log" "$tmp/run/console.log"
verdict
kunit
like "KUnit: our suites pass" "$status $out" \
	"^0 .*ok 1 - page_pin: small.*ok 3 - page_pin_batch: .*1\.\.5$"
bad_kunit "it did not run" '/TAP version/d' "KUnit did not run"
bad_kunit "our suite did not run" '/page_pin/d; s/1\.\.3/1..1/' \
	"no KUnit suite page_pin"
bad_kunit "a case fails" \
	's/ok 2 - compound/not &/; s/ok 2 - page_pin/not &/' \
	"page_pin: compound_page"
bad_kunit "a case is missing" '/ok 2 - compound/d' \
	"page_pin: 2 cases planned, 1 came"
bad_kunit "a suite has no plan" '/ 1\.\.2/d' "page_pin has no plan"
bad_kunit "a suite does not end" '/ok 3 - page_pin/d' \
	"page_pin_batch did not end"
bad_kunit "a suite is missing" '/batch/d; /    1\.\.1/d' \
	"3 KUnit suites planned, 2 ended"
bad_kunit "a suite's result is not its cases'" 's/ok 2 - compound/not &/' \
	"its result is not that of its cases"
bad_kunit "a result of something else" 's/ok 2 - page_pin/ok 2 - other/' \
	"stray KUnit result 'ok 2 - other'"
bad_kunit "cases out of sequence" 's/ok 2 - compound/ok 3 - compound/' \
	"its cases are not in sequence"
bad_kunit "cut off" "/compound/,\$d" "did not end"

# The counters, as the guest judges them.
counters()
{
	cat >"$tmp/vmstat"
	run env PP_VMSTAT="$tmp/vmstat" PP_REFRESH=/dev/null bash -c \
		". '$here/../guest/lib.sh'; point counters $1; plan"
	out=${out##*released}
}

counters balanced <"$fix/vmstat"
like "counters that are equal" "$out" " 221184.ok 1 - counters"
sed 's/released 221184/released 221183/' "$fix/vmstat" | { cat >"$tmp/v"; }
counters balanced <"$tmp/v"
like "a counter that is off by one" "$out" "not ok 1 - counters"
sed 's/221184/0/' "$fix/vmstat" >"$tmp/v"
counters balanced <"$tmp/v"
like "counters that are zero" "$out" "not ok 1 - counters"
sed '/released/d' "$fix/vmstat" >"$tmp/v"
counters balanced <"$tmp/v"
like "a counter that is missing" "$out" "not ok 1 - counters"
counters no_counters <"$tmp/v"
like "a counter that should be missing" "$out" "not ok 1 - counters"
sed '/foll_pin/d' "$fix/vmstat" >"$tmp/v"
counters no_counters <"$tmp/v"
like "no counters where none should be" "$out" "^ok 1 - counters"

done_testing
