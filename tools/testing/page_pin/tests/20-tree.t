#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The patch queue: `make tree`, `make refresh` and `make mbox` on a toy project,
# and that a refresh of the real build/linux would change nothing.

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source-path=SCRIPTDIR source=toy.sh
. "$(dirname "$0")/toy.sh"

# in_linux COMMAND...: git in the toy's build/linux.
in_linux()
{
	git -C "$linux" "$@"
}

# head_of: the last commit of the toy's build/linux.
head_of()
{
	in_linux rev-parse HEAD
}

# refuses NAME REGEX: make tree ends with one line of error that matches, and
# build/linux is as it was.  Puts the toy back.
refuses()
{
	local before=$head
	run "$bin/tree.sh"
	ok "$1" one_error "$2"
	is "$1: build/linux is as it was" \
	   "$(head_of) $(in_linux status --porcelain)" "$before "
	ok "$1: nothing half-made" nothing_half_made
	reset_toy 2>/dev/null
}

# commit_all MESSAGE: what a developer does in build/linux.
commit_all()
{
	in_linux add -A && in_linux commit -qm "$1"
}

### make tree

run "$bin/tree.sh"
is 'tree succeeds' "$status" 0
is 'one commit for the base, one for the baseline, one for each patch' \
   "$(in_linux log --reverse --format=%s)" \
   "Linux 1.0 as in Debian's linux-toy 1.0-1
The baseline: as if FOLL_PIN had never been merged
mm/a: prepare
mm/pin: add it
mm: document it"
is 'the tags are there' "$(in_linux tag | xargs)" 'base baseline'
is 'the base is the whole tarball, ignored files too' \
   "$(in_linux ls-tree -r --name-only base | wc -l)" 8
is 'a commit holds the hunks and the claimed files of its patch' \
   "$(in_linux show --format= --name-status HEAD^ | xargs)" \
   'M mm/Makefile A mm/pin.c'
is 'an earlier commit has them not' \
   "$(in_linux ls-tree --name-only HEAD^^ mm/pin.c)" ''
is 'the work tree has it all' \
   "$(cat "$linux/mm/pin.c")$(grep -c twenty "$linux/mm/a.c")" 'int pin;1'
is 'the work tree is clean' "$(in_linux status --porcelain --ignored)" ''
"$bin/refresh.sh" 2>/dev/null
commit_toy refreshed
head=$(head_of)

run "$bin/tree.sh"
is 'a second run has nothing to do and says nothing' "$status$out$err" 0

printf '[diff]\nnoprefix=true\ncontext=1\n[i18n]\ncommitEncoding=latin1\n' \
	>"$toy/gitconfig"
run env GIT_CONFIG_GLOBAL="$toy/gitconfig" TZ=Asia/Tokyo BUILD="$toy/other" \
	"$bin/tree.sh"
is 'another build folder, user and time zone give the same commit' \
   "$(git -C "$toy/other/linux" rev-parse HEAD)" "$head"

before=$(stat -c %y "$linux/mm/b.c" "$linux/mm/a.c")
echo 'int pin2;' >>"$project/mm/pin.c"
run "$bin/tree.sh"
is 'a changed new file gets into the tree' "$(tail -n1 "$linux/mm/pin.c")" \
   'int pin2;'
is 'files that do not differ are not written again' \
   "$(stat -c %y "$linux/mm/b.c" "$linux/mm/a.c")" "$before"
reset_toy 2>/dev/null
chmod +x "$project/mm/pin.c"
run "$bin/tree.sh"
is 'the execute bit of a new file is kept' \
   "$(in_linux ls-tree HEAD mm/pin.c | cut -c1-6)" 100755
reset_toy 2>/dev/null
is 'going back gives the same commit' "$(head_of)" "$head"

### What is wrong with a queue

p2=$project/patches/0002-mm-pin-add-it.patch
sed -i 's/^-obj 5/-obj five/' "$p2"
refuses 'a patch that does not apply' \
	'0002-mm-pin-add-it.patch does not apply: .*mm/Makefile'
sed -i 's/^ obj 3/ obj three/' "$p2"
refuses 'a patch that needs fuzz' \
	'0002-mm-pin-add-it.patch does not apply: .*mm/Makefile'
sed -i 's/^@@ -2,7 +2,7 @@.*/@@ -3,7 +3,7 @@/' "$p2"
refuses 'a patch at other lines' '0002-mm-pin-add-it.patch .*offset'
sed -i 's/^Overlay: .*/&\nOverlay: include\/linux\/nothing.h/' "$p2"
refuses 'a claimed file that is missing' 'include/linux/nothing.h.*0002'
sed -i 's/^Overlay: .*/& mm\/b.c/' "$p2"
echo b >"$project/mm/b.c"
refuses 'a claimed file of the baseline' 'mm/b.c.*exists in the baseline'
echo new >"$project/mm/other.c"
refuses 'a file that no patch claims' 'mm/other.c is claimed by no patch'
sed -i 's/^Overlay: .*/& mm\/pin.c/' "$project/patches/0003-mm-document-it.patch"
refuses 'a file that two patches claim' 'mm/pin.c is claimed by 0002.* and by 0003'
change mm/Makefile 'obj 1' 'obj one' | sed 's/Makefile/pin.c/' |
	make_patch 0002-mm-pin-add-it.patch 'mm/pin: add it' mm/pin.c
printf 'diff --git a/mm/pin.c b/mm/pin.c\nnew file mode 100644\n--- /dev/null\n+++ b/mm/pin.c\n@@ -0,0 +1 @@\n+x\n' |
	make_patch 0002-mm-pin-add-it.patch 'mm/pin: add it' mm/pin.c
refuses 'hunks for a claimed file' 'hunks for mm/pin.c, which 0002.* claims'
printf 'diff --git a/mm/z.c b/mm/z.c\nnew file mode 100644\n--- /dev/null\n+++ b/mm/z.c\n@@ -0,0 +1 @@\n+x\n' |
	make_patch 0002-mm-pin-add-it.patch 'mm/pin: add it' mm/pin.c
refuses 'a new file made by hunks' 'makes mm/z.c by hunks'
make_patch 0002-mm-pin-add-it.patch 'mm/pin: add it' '' </dev/null
rm "$project/mm/pin.c"
refuses 'a patch that changes nothing' '0002-mm-pin-add-it.patch changes nothing'
sed -i /^Subject/d "$p2"
refuses 'a patch without a subject' '0002-mm-pin-add-it.patch has no Subject'
echo 0009-gone.patch >>"$project/patches/series"
refuses 'a patch that is missing' '0009-gone.patch .*does not exist'
cp "$p2" "$project/patches/0004-lost.patch"
refuses 'a patch that the series does not name' '0004-lost.patch is not in'
echo 0002-mm-pin-add-it.patch >>"$project/patches/series"
refuses 'a patch that the series names twice' '0002-mm-pin-add-it.patch twice'
rm "$project/patches/series"
refuses 'no series' 'patches/series is missing'

sed -i 's/^@@ -2,7 +2,7 @@.*/@@ -3,7 +3,7 @@/' "$p2"
run env OFFSETS=1 "$bin/tree.sh"
is 'OFFSETS=1 lets hunks move' "$status $(head_of)" "0 $head"
run "$bin/refresh.sh"
is 'and refresh then writes the right lines' \
   "$(git -C "$project" status --porcelain)" ''

### Changes in build/linux are not lost

echo dirty >>"$linux/mm/b.c"
run "$bin/tree.sh"
ok 'a dirty work tree is refused' one_error 'changes that are not in patches'
is 'and is kept' "$(tail -n1 "$linux/mm/b.c")" dirty
run "$bin/refresh.sh"
ok 'refresh refuses it as well' one_error 'not committed'
run env FORCE=1 "$bin/tree.sh"
is 'FORCE=1 drops it' "$status $(in_linux status --porcelain) $(head_of)" "0  $head"
touch "$linux/mm/untracked.c"
run "$bin/tree.sh"
ok 'a new file in the work tree is refused' one_error 'changes that are not in'
reset_toy 2>/dev/null
echo more >>"$linux/mm/b.c"
commit_all 'mm/b: more'
run "$bin/tree.sh"
ok 'a commit that is not refreshed is refused' one_error 'make refresh'
is 'and is kept' "$(in_linux log -1 --format=%s)" 'mm/b: more'
echo 'int y;' >>"$project/mm/pin.c"
run "$bin/refresh.sh"
ok 'refresh does not overwrite what changed in the repository' \
   one_error 'has not; run .make tree'
is 'and leaves it' "$(tail -n1 "$project/mm/pin.c")" 'int y;'
reset_toy 2>/dev/null
mv "$project/build/.linux.stamp" "$toy/stamp"
run "$bin/tree.sh"
ok 'a build/linux of unknown origin is refused' one_error 'not of our making'
mv "$toy/stamp" "$project/build/.linux.stamp"
mv "$linux/.git" "$toy/dotgit"
FORCE=1 "$bin/tree.sh" 2>/dev/null
is 'without its .git it is made anew, and the project is not touched' \
   "$(head_of) $(git -C "$project" log -1 --format=%s)" "$head refreshed"

### make refresh

run "$bin/refresh.sh"
is 'refresh after tree changes nothing' \
   "$status$err$(git -C "$project" status --porcelain)" 0
printf '[diff]\nnoprefix=true\ncontext=1\n' >>"$linux/.git/config"
run env GIT_CONFIG_GLOBAL="$toy/gitconfig" "$bin/refresh.sh" check
is 'nor with settings of git that change a diff' "$status$err" 0

# Reword and change the first commit, add a file to the second.
in_linux checkout -q HEAD~2
sed -i 's/a twenty/a score/' "$linux/mm/a.c"
in_linux commit -qa --amend -m 'mm/a: prepare well' -m 'A better reason, Jérôme.'
in_linux cherry-pick page_pin~1 >/dev/null
echo 'int extra;' >"$linux/mm/extra.c"
in_linux add mm/extra.c
in_linux commit -q --amend --no-edit
in_linux cherry-pick page_pin >/dev/null
in_linux checkout -q -B page_pin
wanted=$(in_linux log --format='%T %B' baseline..)
run "$bin/refresh.sh"
is 'refresh after edits succeeds' "$status" 0
is 'it writes what the commits say' \
   "$(git -C "$project" status --porcelain -uall | sort -k2 | xargs)" \
   '?? mm/extra.c ?? patches/0001-mm-a-prepare-well.patch D patches/0001-mm-a-prepare.patch M patches/0002-mm-pin-add-it.patch M patches/series'
is 'a new file is claimed and stands at its place' \
   "$(grep -h ^Overlay: "$p2" | xargs) $(cat "$project/mm/extra.c")" \
   'Overlay: mm/extra.c Overlay: mm/pin.c int extra;'
is 'comments of the series keep their place' "$(cat "$project/patches/series")" \
   '# The toy series.

0001-mm-a-prepare-well.patch
# engine
0002-mm-pin-add-it.patch

0003-mm-document-it.patch
# the end'
is 'messages and trees are what they were' \
   "$(in_linux log --format='%T %B' baseline..)" "$wanted"
edited=$(head_of)
rm -rf "$project/build"
run "$bin/tree.sh"
is 'a tree from what was written is the same commit' "$(head_of)" "$edited"
commit_toy edited

in_linux reset -q --hard HEAD~2
run "$bin/refresh.sh"
is 'patches and files of dropped commits go' \
   "$(cd "$project" && find patches mm Documentation -type f | sort | xargs)" \
   'patches/0001-mm-a-prepare-well.patch patches/series'
is 'comments stay' "$(cat "$project/patches/series")" '# The toy series.

0001-mm-a-prepare-well.patch
# engine

# the end'
in_linux rm -q mm/b.c
commit_all 'mm/b: remove'
run "$bin/refresh.sh"
run "$bin/tree.sh"
is 'a patch can remove a file of the baseline' \
   "$status $(git -C "$project" ls-files -o patches)" \
   '0 patches/0002-mm-b-remove.patch'
reset_toy 2>/dev/null

echo 'int more;' >>"$linux/mm/pin.c"
commit_all 'mm/pin: change it'
run "$bin/refresh.sh"
ok 'a change to a new file in a later commit is refused' \
   one_error '"mm/pin: change it" changes mm/pin.c, which "mm/pin: add it" adds'
is 'and nothing is written' "$(git -C "$project" status --porcelain)" ''
FORCE=1 "$bin/tree.sh" 2>/dev/null
echo x >"$linux/top.txt"
commit_all 'a file at the top'
run "$bin/refresh.sh"
ok 'a new file that is in no folder of the kernel is refused' one_error 'top.txt'
FORCE=1 "$bin/tree.sh" 2>/dev/null
echo x >>"$linux/mm/b.c"
commit_all 'mm/b: a message

with
---
a line that ends it'
run "$bin/refresh.sh"
ok 'a message that would be cut off is refused' one_error 'does not survive'
is 'and nothing is written' "$(git -C "$project" status --porcelain)" ''
ok 'nor left' nothing_half_made
FORCE=1 "$bin/tree.sh" 2>/dev/null

### Interrupted

# interrupt SIGNAL: while the baseline is being made; KILL takes its children
# with it, as a power cut does.
interrupt()
{
	rm -rf "$project/build"
	touch "$project/slow"
	rm -f "$toy/at-work"
	setsid "$bin/tree.sh" >/dev/null 2>&1 &
	local pid=$! tries=0
	until [ -s "$toy/at-work" ] || [ $((tries += 1)) -gt 300 ]; do
		sleep 0.1
	done
	if [ "$1" = KILL ]; then
		kill -KILL "$pid" "-$(ps -o pgid= "$(cat "$toy/at-work")" | xargs)"
	else
		kill -"$1" "$pid"
	fi
	wait "$pid" 2>/dev/null
	rm "$project/slow"
}

head=$(head_of)
interrupt KILL 2>/dev/null
ok 'killed: there is a half-made tree' test -d "$linux.tmp"
ok 'killed: it is not taken for build/linux' test ! -e "$linux"
run "$bin/tree.sh"
is 'killed: the next run makes a whole one' "$status $(head_of)" "0 $head"
ok 'killed: and cleans up' nothing_half_made
interrupt TERM
ok 'ended by a signal: nothing half-made' nothing_half_made
run "$bin/tree.sh"
is 'ended by a signal: the next run makes a whole one' "$status $(head_of)" "0 $head"

echo "$head" >"$project/build/.linux.moving"
rm "$linux/mm/a.c"
touch "$linux/mm/half.c" "$linux/.git/index.lock"
run "$bin/tree.sh"
is 'killed while files are written: the next run ends it' \
   "$status $(head_of) $(in_linux status --porcelain)" "0 $head "

### make mbox, stock, baseline

printf 'The subject\n\nThe text of Jérôme.\n' >"$project/patches/0000-cover-letter"
run "$bin/mbox.sh"
is 'mbox succeeds' "$status" 0
mbox=$project/build/page_pin.mbox
is 'one mail for the cover letter and one for each patch' \
   "$(grep '^Subject' "$mbox")" 'Subject: [PATCH 0/3] The subject
Subject: [PATCH 1/3] mm/a: prepare well
Subject: [PATCH 2/3] mm/pin: add it
Subject: [PATCH 3/3] mm: document it'
like 'the cover letter has its text and the statistics' "$(cat "$mbox")" \
     'Jérôme.*files changed, '
git clone -q --template= "$linux" "$toy/am" 2>/dev/null
git -C "$toy/am" reset -q --hard baseline
ok 'git am takes it' git -C "$toy/am" am -q --empty=drop "$mbox"
is 'and makes the same tree' "$(git -C "$toy/am" rev-parse 'HEAD^{tree}')" \
   "$(in_linux rev-parse 'HEAD^{tree}')"
cp "$mbox" "$toy/mbox"
run "$bin/mbox.sh"
ok 'a second one has the same bytes' cmp "$mbox" "$toy/mbox"

mkdir "$project/build/stock"
run "$bin/stock.sh"
ok 'a stock tree without a stamp is made anew' \
   diff -r "$toy/linux-toy" "$project/build/stock"
touch "$project/build/stock/left"
run "$bin/stock.sh"
ok 'one with a stamp is left alone' test -e "$project/build/stock/left"
mkdir "$project/build/baseline"
run "$bin/baseline-tree.sh"
in_linux archive baseline | tar -t | sort >"$toy/want"
(cd "$project/build/baseline" && find . -mindepth 1 -printf '%P\n') | sort |
	diff - <(sed 's,/$,,' "$toy/want") >"$toy/diff"
is 'a baseline tree without a stamp is made anew' \
   "$(cat "$toy/diff")$(tail -n1 "$project/build/baseline/mm/a.c")" held
ok 'nothing half-made at the end' nothing_half_made

### The real one

cd "$here" || exit 1
unset LINUX_SOURCE
run "$here/../bin/tree.sh"
is 'the real build/linux is up to date' "$status$err" 0
run "$here/../bin/refresh.sh" check
is 'a refresh of it would change nothing' "$status$err" 0

done_testing
