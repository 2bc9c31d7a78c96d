#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs the self-tests: select.h with the kernel's real test harness, and
# the guest's job with toy programs.  Nothing that goes wrong becomes a pass.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

selftests=${BUILD:-$here/../../../../build}/linux/tools/testing/selftests
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# select.h.
cat >"$tmp/toy.c" <<'TOY'
#include "kselftest_harness.h"

FIXTURE(size) { int n; };
FIXTURE_VARIANT(size) { int n; };
FIXTURE_VARIANT_ADD(size, small) { .n = 1, };
FIXTURE_VARIANT_ADD(size, large) { .n = 2, };
FIXTURE_SETUP(size) { self->n = variant->n; }
FIXTURE_TEARDOWN(size) { }
TEST_F(size, is_small) { ASSERT_EQ(1, self->n); }
TEST_F(size, is_there) { ASSERT_NE(0, self->n); }
TEST(skipped) { SKIP(return, "no reason"); }
TEST_F_TIMEOUT(size, takes_long, 1) { sleep(2); }
TEST(crashes) { abort(); }
TEST_HARNESS_MAIN
TOY
ok "a self-test builds with select.h" gcc -Wall -Werror -I"$selftests" \
	-include "$here/../guest/select.h" -o "$tmp/toy" "$tmp/toy.c"
run "$tmp/toy" -l
is "it lists its cases" "$status $(paste -sd ' ' <<<"$out")" "0 global.skipped \
global.crashes size.small.is_small size.small.is_there size.small.takes_long \
size.large.is_small size.large.is_there size.large.takes_long"

# points: the lines that tell results, without notes.
points()
{
	run "$tmp/toy" "$@"
	out="$status $(grep -v '^#' <<<"$out" | paste -sd '|')"
}

points size.large.is_there
is "one case runs alone" "$out" "0 TAP version 13|ok 1 size.large.is_there|1..1"
points size.large.is_small size.small.is_small
is "a case that fails" "$out" \
	"1 TAP version 13|ok 1 size.small.is_small|not ok 2 size.large.is_small|1..2"
points global.skipped
is "a case that is skipped" "$out" "0 TAP version 13|ok 1 # SKIP no reason|1..1"
points global.crashes
is "a case that crashes" "$out" "1 TAP version 13|not ok 1 global.crashes|1..1"
points size.small
is "a case that there is not" "$out" "1 TAP version 13|1..0"
points size.small.takes_long
like "a case has its own time" "$out" "^1 .*not ok 1 size.small.takes_long"
export CASE_TIMEOUT=4
points size.small.takes_long
like "of which it gets more" "$out" "^0 .*\|ok 1 size.small.takes_long"
unset CASE_TIMEOUT

# Clients that are shell scripts.
cat >"$tmp/client" <<'CLIENT'
. "$GUEST/client.sh"
case_good() { expect sum $((1 + 1)) 2; none_held; }
case_bad() { expect sum 3 2; true; }
case_skipped() { skip no device; }
case_leaves() { exit 4; }
case_held() { [ "$(held)" = 3 ]; [ "$(taken)" = 10 ]; }
client "$@"
CLIENT

# client CASE: run it, with counters in a file.
client()
{
	run env GUEST="$here/../guest" PP_VMSTAT="$tmp/counters" \
		PP_REFRESH=/dev/null bash "$tmp/client" "$@"
	out="$status $(paste -sd '|' <<<"$out")"
}

printf 'nr_foll_pin_acquired 10\nnr_foll_pin_released 10\n' >"$tmp/counters"
client -l
is "a client lists its cases" "$out" "0 bad|good|held|leaves|skipped"
client good
is "a client's case" "$out" "0 TAP version 13|ok 1 good|1..1"
client bad
is "one whose first command fails" "$out" \
	"1 TAP version 13|# sum: 3, not 2|not ok 1 bad|1..1"
client skipped
is "one that is skipped" "$out" "0 TAP version 13|ok 1 # SKIP no device|1..1"
client leaves
is "one that ends as if it were" "$out" "0 TAP version 13|1..1"
client none
like "one that there is not" "$out" "^127 .*not ok 1 none"
sed -i 's/released 10/released 7/' "$tmp/counters"
client held
is "pins that are held" "$out" "0 TAP version 13|ok 1 held|1..1"
client good
like "and should not be" "$out" "^1 .*not ok 1 good"

# The guest's job.  A toy program has a file of cases, each a name and what it
# does; it runs its one argument.
mkdir "$tmp/guest" "$tmp/tools" "$tmp/run"
ln -s "$here/../guest"/{lib,runner}.sh "$tmp/guest/"
cat >"$tmp/guest/world.sh" <<'WORLD'
CASE_LIMIT=2
make_world()
{
	[ ! -e "$TMPDIR/no-world" ]
}
WORLD
cat >"$tmp/program" <<'PROGRAM'
#!/bin/bash
if [ "$1" = -l ]; then
	cut -d ' ' -f 1 "$0.cases"
else
	eval "$(sed -n "s/^$1 //p" "$0.cases")"
fi
PROGRAM
chmod +x "$tmp/program"

# program NAME CASE...: each case as one text.
program()
{
	local name=$1
	shift
	cp "$tmp/program" "$tmp/tools/page_pin_$name"
	printf '%s\n' "$@" >"$tmp/tools/page_pin_$name.cases"
	chmod -x "$tmp/tools/page_pin_$name.cases"
}

# job ARGUMENT...: run it as guest/init does, with counters in a file.
job()
{
	cp "$here/fixtures/vmstat" "$tmp/vmstat"
	rm -f "$tmp/run/clock" "$tmp/kmsg"
	run env GUEST="$tmp/guest" TOOLS="$tmp/tools" TMPDIR="$tmp/run" \
		PP_VMSTAT="$tmp/vmstat" PP_REFRESH=/dev/null \
		PP_KMSG="$tmp/kmsg" PP_ONCE="$tmp/once" PP_SYSRQ=/dev/null \
		bash "$here/../guest/page-pin.sh" "$@"
	out="$status $(paste -sd '|' <<<"$out")"
}

a_good='good echo ok 1 good'
program a "$a_good"
program b 'skip echo "ok 1 # SKIP no DIMM"'
job ours
is "cases become points" "$out" "0 # begin 1 page_pin_a:good\
|ok 1 - page_pin_a:good|# begin 2 page_pin_b:skip\
|ok 2 - page_pin_b:skip # SKIP no DIMM|1..2"
is "the console says which one is at work" "$(paste -sd '|' "$tmp/kmsg")" \
	"<5>page_pin: end"
is "a warning that comes once may come again" "$(cat "$tmp/once")" 1
job ours 2
is "from the second one on" "$out" \
	"0 # begin 2 page_pin_b:skip|ok 1 - page_pin_b:skip # SKIP no DIMM|1..1"
job ours 1 page_pin_b
like "those of one program" "$out" "^0 # begin 1 page_pin_b:skip.*\|1\.\.1$"
job ours 1 page_pin_a:good page_pin_a:none
like "one of them" "$out" "^0 # begin 1 page_pin_a:good.*\|1\.\.1$"
job ours 1 page_pin_a:bad
is "one that there is not" "$out" "0 1..0"

# bad NAME REGEX CASE: a case that is not good is one that fails.
bad()
{
	program a "$3" "$a_good"
	job ours 1 page_pin_a
	like "$1" "$out" "^0 .*$2.*\|ok 2 - page_pin_a:good\|1\.\.2$"
}

bad "a case that fails" "# ended with status 1\|# why\|# not ok 1 x\|not ok 1 - page_pin_a:x" \
	'x echo why; echo not ok 1 x; exit 1'
bad "one that fails and says ok" "not ok 1" 'x echo ok 1 x; exit 1'
bad "one that says nothing" "not ok 1" 'x true'
bad "one that says ok for another" "not ok 1" 'x echo ok 1 y'
bad "one that is killed" "# ended with status 137\|not ok 1" 'x kill -KILL $$'
bad "one that does not end" "# killed after 2 s\|.*not ok 1" \
	'x sleep 30 & wait'
bad "one that skips and fails" "not ok 1 - page_pin_a:x\|" \
	'x echo "ok 1 # SKIP no"; exit 1'
leak="sed -i 's/released .*/released 1/' $tmp/vmstat"
# In one step: the job may be reading.
mend="cp $here/fixtures/vmstat $tmp/vmstat.new; mv $tmp/vmstat.new $tmp/vmstat"
program a "x echo ok 1 x; $leak" "good echo ok 1 good; $mend"
job ours 1 page_pin_a
is "one that leaves a pin" "$out" "0 # begin 1 page_pin_a:x\
|# nr_foll_pin_acquired 221184, nr_foll_pin_released 1\
|not ok 1 - page_pin_a:x|# begin 2 page_pin_a:good|ok 2 - page_pin_a:good|1..2"
program a "x echo ok 1 x; $leak" "good echo ok 1 good; $mend"
job stock 1 page_pin_a
like "a leak on a peer ends the boot" "$out" \
	"^1 .*\|not ok 1 - page_pin_a:x\|.*Bail out! pins are left[^|]*$"
program a "x echo 'ok 1 # SKIP no'; $leak" "good echo ok 1 good; $mend"
job ours 1 page_pin_a
like "one that skips and leaves a pin" "$out" "\|not ok 1 - page_pin_a:x\|"
program a "x echo ok 1 x; sed -i /foll_pin/d $tmp/vmstat"
job ours 1 page_pin_a
like "a kernel that lost its counters" "$out" "\|not ok 1 - page_pin_a:x\|"
job baseline 1 page_pin_a
like "the baseline has none" "$out" "\|ok 1 - page_pin_a:x\|"
program a "x echo ok 1 x; $leak; (sleep 1; $mend) &"
job ours 1 page_pin_a
like "pins that come back late" "$out" "\|ok 1 - page_pin_a:x\|"
touch "$tmp/run/no-world"
job ours
is "a guest that cannot be prepared" "$out" \
	"1 Bail out! the guest cannot be prepared"
rm "$tmp/run/no-world"
echo exit 3 >"$tmp/tools/page_pin_b"
job ours
like "a program without a list" "$out" "^1 .*Bail out! .*page_pin_b has no list$"
done_testing
