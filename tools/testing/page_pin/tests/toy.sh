# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# A toy project for the tests of the queue: the real scripts, a kernel of seven
# files, a baseline made by sed, and a series of three patches.  Sourced after
# tap.sh.  A file named slow in the toy makes its baseline take a minute.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
toy=$(mktemp -d)
trap 'rm -rf "$toy"' EXIT
unset BUILD RESULTS FORCE OFFSETS LINUX_SOURCE JOBS
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=toy GIT_AUTHOR_EMAIL=toy@example.invalid
export GIT_COMMITTER_NAME=toy GIT_COMMITTER_EMAIL=toy@example.invalid
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
project=$toy/project
linux=$project/build/linux
bin=$project/tools/testing/page_pin/bin

# numbered WORD FROM TO: lines that a hunk can find.
numbered()
{
	seq "$2" "$3" | sed "s/.*/$1 &/"
}

# make_patch NAME SUBJECT OVERLAY: the diff comes on stdin.
make_patch()
{
	{
		echo 'From: page_pin developers <page_pin@example.invalid>'
		printf 'Subject: [PATCH] %s\n\nWhy it is done.\n---\n' "$2"
		[ -z "$3" ] || echo "Overlay: $3"
		echo
		cat
	} >"$project/patches/$1"
}

# change FILE FROM TO: the diff that replaces a line of a file of the baseline.
change()
{
	local old=$toy/old new=$toy/new
	sed 's/pinned/held/' "$toy/linux-toy/$1" >"$old"
	sed "s/^$2\$/$3/" "$old" >"$new"
	diff -u --label "a/$1" --label "b/$1" "$old" "$new" |
		sed "1i diff --git a/$1 b/$1"
}

toy_kernel()
{
	mkdir -p "$toy/linux-toy"/{mm,include/linux,Documentation}
	cd "$toy/linux-toy" || return 1
	numbered a 1 40 >mm/a.c
	echo pinned >>mm/a.c
	numbered b 1 40 >mm/b.c
	numbered obj 1 10 >mm/Makefile
	echo '*.o' >.gitignore
	echo tracked >mm/odd.o
	echo header >include/linux/a.h
	echo 'one' >Documentation/one.rst
	printf '#!/bin/sh\n' >tool.sh
	chmod +x tool.sh
	tar -cJf "$toy/linux-toy.tar.xz" -C "$toy" linux-toy
}

toy_base()
{
	mkdir -p "$project/base/baseline" "$project/patches" "$bin"
	cat >"$project/base/source" <<-END
	PACKAGE=linux-toy
	VERSION=1.0-1
	SUITES="toy toy-security"
	DEB_SHA256=$(printf 0 | sha256sum | cut -c1-64)
	TARBALL=linux-toy.tar.xz
	TARBALL_SHA256=$(sha256sum <"$toy/linux-toy.tar.xz" | cut -c1-64)
	TOPDIR=linux-toy
	END
	echo toy >"$project/base/baseline/pass"
	cp "$here"/../bin/{lib,queue,apt,fetch,stock,tree,refresh,mbox,baseline-tree}.sh \
		"$bin"
	cat >"$bin/baseline.sh" <<-END
	#!/bin/bash
	if [ -e "$project/slow" ]; then
		echo \$\$ >"$toy/at-work"
		sleep 60
	fi
	cd "\$1" && sed -i s/pinned/held/ mm/a.c && git add -A
	END
	chmod +x "$bin/baseline.sh"
	echo /build/ >"$project/.gitignore"
}

toy_series()
{
	mkdir -p "$project/mm"
	echo 'int pin;' >"$project/mm/pin.c"
	cat >"$project/patches/series" <<-END
	# The toy series.

	0001-mm-a-prepare.patch
	# engine
	0002-mm-pin-add-it.patch

	0003-mm-document-it.patch
	# the end
	END
	change mm/a.c 'a 20' 'a twenty' |
		make_patch 0001-mm-a-prepare.patch 'mm/a: prepare' ''
	change mm/Makefile 'obj 5' 'obj pin' |
		make_patch 0002-mm-pin-add-it.patch 'mm/pin: add it' mm/pin.c
	mkdir -p "$project/Documentation"
	echo text >"$project/Documentation/pin.rst"
	make_patch 0003-mm-document-it.patch 'mm: document it' \
		Documentation/pin.rst </dev/null
}

# commit_toy: what the project is now, to compare with later.
commit_toy()
{
	git -C "$project" add -A &&
		git -C "$project" commit -qm "$1"
}

# reset_toy: the project as commit_toy left it, with the tree that belongs to it.
reset_toy()
{
	git -C "$project" reset -q --hard &&
		git -C "$project" clean -fdq &&
		FORCE=1 "$bin/tree.sh"
}

# one_error REGEX: the last run failed, and in one line that matches says what
# is wrong and what to do.  Lines of progress do not count.
one_error()
{
	local lines
	lines=$(grep -vE '^page_pin: [a-z-]+: (started|done|failed) ?' <<<"$err")
	[ "$status" -ne 0 ] || { echo "it exited with 0"; return 1; }
	if [ "$(wc -l <<<"$lines")" -ne 1 ] || ! grep -q '; ' <<<"$lines"; then
		printf 'not one line of error:\n%s\n' "$err"
		return 1
	fi
	grep -qE "$1" <<<"$lines" || { echo "$lines"; return 1; }
}

# nothing_half_made: no temporary file or folder in the project.
nothing_half_made()
{
	local left
	left=$(find "$project" "$project/build" -maxdepth 1 -name '*.tmp' -o \
	       -maxdepth 1 -name '*.old' -o -maxdepth 1 -name '*.new' -o \
	       -maxdepth 1 -name 'queue.*')
	[ -z "$left" ] || { echo "left: $left"; return 1; }
}

{ toy_kernel && toy_base && toy_series; } ||
	{ echo 'Bail out! no toy'; exit 1; }
cd "$project" || exit 1
git init -q . && commit_toy toy || exit 1
export LINUX_SOURCE=$toy/linux-toy.tar.xz
