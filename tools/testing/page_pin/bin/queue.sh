# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# The patch queue: what patches/ and the files that it claims say, and the git
# commits that they make on top of the baseline.  Sourced after lib.sh by the
# scripts that make build/linux or write patches/ back from it.
#
# A commit is a function of the base, the baseline and the queue alone: who,
# when and every setting of git that could be seen in it are fixed here.

LINUX=$PP_BUILD/linux
LINUX_STAMP=$PP_BUILD/.linux.stamp
LINUX_MOVING=$PP_BUILD/.linux.moving
PP_WHO='page_pin developers <page_pin@example.invalid>'
PP_DATE='Thu, 1 Jan 2026 00:00:00 +0000'
KERNEL_DIRS=(Documentation arch block crypto drivers fs include init io_uring
	     ipc kernel lib mm net samples scripts security sound tools usr virt)

# Neither the caller's repository nor anybody's settings may reach our git.
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1
export GIT_AUTHOR_NAME="${PP_WHO% <*}" GIT_COMMITTER_NAME="${PP_WHO% <*}"
export GIT_AUTHOR_EMAIL=page_pin@example.invalid
export GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_AUTHOR_DATE=$PP_DATE GIT_COMMITTER_DATE=$PP_DATE
export GIT_CONFIG_COUNT=4
export GIT_CONFIG_KEY_0=core.attributesFile GIT_CONFIG_VALUE_0=/dev/null
export GIT_CONFIG_KEY_1=core.excludesFile GIT_CONFIG_VALUE_1=/dev/null
export GIT_CONFIG_KEY_2=core.hooksPath GIT_CONFIG_VALUE_2=/dev/null
export GIT_CONFIG_KEY_3=safe.directory GIT_CONFIG_VALUE_3='*'

# kgit ARGUMENT...: git in build/linux, and never in a repository around it.
kgit()
{
	git -C "$LINUX" --git-dir="$LINUX/.git" --work-tree="$LINUX" "$@"
}

# series DIR: the patches of DIR/series, one a line; comments are whole lines.
series()
{
	sed -e 's/[[:space:]]*$//' -e '/^#/d' -e '/^$/d' "$1/series"
}

# claims_of PATCH: the paths that its Overlay: lines claim, one a line.
claims_of()
{
	awk '/^diff --git / { exit }
	     /^---$/ { below = 1 }
	     below && sub(/^Overlay:/, "") { for (i = 1; i <= NF; i++) print $i }
	    ' "$1"
}

# has_hunks PATCH: is there a diff in it, or only claims?
has_hunks()
{
	grep -qE '^(diff --git |\+\+\+ )' "$1"
}

# kernel_files ROOT: the files below ROOT that have their place in the kernel
# tree; the harness has not.  What git ignores is no part of the project.
kernel_files()
{
	if [ "$1" = "$PP_TOP" ]; then
		git -C "$1" ls-files -z -co --exclude-standard -- \
			"${KERNEL_DIRS[@]}" ':!tools/testing/page_pin' |
			while IFS= read -rd '' file; do
				[ ! -e "$1/$file" ] && [ ! -L "$1/$file" ] ||
					printf '%s\n' "$file"
			done
	else
		find "$1" -path "$1/patches" -prune -o ! -type d -printf '%P\n'
	fi | sort
}

# base_id: one word for all that the commits base and baseline are made from.
base_id()
{
	(
		echo "$TARBALL_SHA256 $TOPDIR $VERSION"
		cd "$PP_TOP" || exit 1
		find base/baseline -type f -print0 | sort -z | xargs -0 sha256sum
		sha256sum "$PP_DIR/bin/baseline.sh" | cut -c1-64
	) | sha256sum | cut -c1-64
}

# series_id: one word for all that the commits on the baseline are made from.
series_id()
{
	(
		cd "$PP_TOP" || exit 1
		find patches -type f ! -name 0000-cover-letter | sort |
			xargs -d '\n' -r sha256sum
		kernel_files "$PP_TOP" |
			xargs -d '\n' -r stat -c '%n %A'
		kernel_files "$PP_TOP" |
			xargs -d '\n' -r sha256sum
	) | sha256sum | cut -c1-64
}

# load_base: the words of base/source, and one word for the base in `base`.
load_base()
{
	git -C "$PP_TOP" rev-parse --git-dir >/dev/null 2>&1 ||
		die "$PP_TOP is no git repository" "clone it with git"
	[ -r "$PP_TOP/base/source" ] ||
		die "base/source is missing" "restore it with git"
	# shellcheck source=/dev/null
	. "$PP_TOP/base/source"
	base=$(base_id)
}

# keep_stamp FILE TEXT: say in FILE that something is whole.  What it says is
# on the disk before FILE is.
keep_stamp()
{
	sync -f "$PP_BUILD"
	printf '%s\n' "$2" >"$1.new"
	mv "$1.new" "$1"
}

# read_stamp: what the last run made: stamp_base, stamp_series, stamp_head.
read_stamp()
{
	stamp_base='' stamp_series='' stamp_head=''
	[ ! -r "$LINUX_STAMP" ] ||
		read -r stamp_base stamp_series stamp_head <"$LINUX_STAMP" ||
		true
}

# linux_is_ours: is build/linux as the last run left it?
linux_is_ours()
{
	[ "$(kgit rev-parse -q --verify HEAD)" = "$stamp_head" ] &&
		linux_is_clean
}

# linux_is_clean: on its branch, nothing uncommitted, no rebase half-way.
linux_is_clean()
{
	[ "$(kgit symbolic-ref -q HEAD)" = refs/heads/page_pin ] &&
		[ ! -d "$LINUX/.git/rebase-merge" ] &&
		[ ! -d "$LINUX/.git/rebase-apply" ] &&
		[ -z "$(kgit status --porcelain --untracked-files=normal 2>&1)" ]
}

# linux_move_to COMMIT BASE SERIES: make the branch page_pin and the work tree
# COMMIT, which BASE and SERIES gave.  Only files that differ are written.  A run
# that ends in the middle is found by the next one through LINUX_MOVING and done
# again; what it or a dropped rebase left behind goes.
linux_move_to()
{
	local git=$LINUX/.git
	if [ -e "$LINUX_MOVING" ] || [ "${FORCE:-}" = 1 ]; then
		rm -rf "$git/index.lock" "$git/HEAD.lock" \
		       "$git/refs/heads/page_pin.lock" \
		       "$git/rebase-merge" "$git/rebase-apply"
	fi
	keep_stamp "$LINUX_MOVING" "$1"
	kgit symbolic-ref HEAD refs/heads/page_pin
	{ kgit reset -q --hard "$1" && kgit clean -fdq; } ||
		die "git cannot write $LINUX" "read its message above and run 'make tree' again"
	keep_stamp "$LINUX_STAMP" "$2 $3 $1"
	rm -f "$LINUX_MOVING"
}

# check_series DIR: each patch is there, once, and no other lies about.
check_series()
{
	local dir=$1 name twice
	[ -r "$dir/series" ] || die "patches/series is missing" "restore it"
	twice=$(series "$dir" | sort | uniq -d | head -n1)
	[ -z "$twice" ] ||
		die "patches/series names $twice twice" "remove one line"
	while IFS= read -r name; do
		[ -f "$dir/$name" ] ||
			die "patches/$name is in patches/series and does not exist" \
			    "restore it or remove the line"
	done < <(series "$dir")
	for name in "$dir"/*.patch; do
		[ -e "$name" ] || continue
		name=${name##*/}
		grep -qxF -e "$name" < <(series "$dir") ||
			die "patches/$name is not in patches/series" \
			    "add it there or remove it"
	done
}

# check_claims DIR ROOT: each new file below ROOT enters with one patch of DIR.
# Leaves in owner[PATH] the patch that claims PATH.
declare -A owner
check_claims()
{
	local dir=$1 root=$2 name path
	local -A there=()
	owner=()
	kernel_files "$root" >"$PP_BUILD/queue.files"
	while IFS= read -r path; do
		there[$path]=1
	done <"$PP_BUILD/queue.files"
	rm -f "$PP_BUILD/queue.files"
	while IFS= read -r name; do
		while IFS= read -r path; do
			[ -z "${owner[$path]:-}" ] ||
				die "$path is claimed by ${owner[$path]} and by $name" \
				    "keep one of the two Overlay: entries"
			[ -n "${there[$path]:-}" ] ||
				die "$path is claimed by $name and is no new kernel file of this repository" \
				    "restore it, or remove the Overlay: entry"
			[ ! -L "$root/$path" ] ||
				die "$path is a symbolic link" "make it a file"
			! kgit cat-file -e "baseline:$path" 2>/dev/null ||
				die "$path is claimed by $name and exists in the baseline" \
				    "change it with hunks and remove it here"
			owner[$path]=$name
		done < <(claims_of "$dir/$name")
	done < <(series "$dir")
	for path in "${!there[@]}"; do
		[ -n "${owner[$path]:-}" ] ||
			die "$path is claimed by no patch" \
			    "add it to an Overlay: line below the --- of one"
	done
}

# apply_hunks NAME PATCH: to the index, with exact context and at the very
# lines; OFFSETS=1 lets hunks move, for `make refresh` to write the new lines.
apply_hunks()
{
	local log=$PP_BUILD/log/apply.log why
	mkdir -p "$PP_BUILD/log"
	if ! kgit apply --cached --verbose --whitespace=nowarn "$2" >"$log" 2>&1
	then
		why=$(sed -n '/while searching for:/d; s/^error: //p' "$log" |
		      head -n1)
		die "patches/$1 does not apply: ${why:-$(tail -n1 "$log")}" \
		    "mend it, log $log"
	fi
	why=$(awk '/^Checking patch / { file = $3; sub(/\.\.\.$/, ":", file) }
		   /^Hunk .*\(offset/ { print file, $0; exit }' "$log")
	[ -z "$why" ] || [ "${OFFSETS:-}" = 1 ] ||
		die "patches/$1 applies to other lines than it says: $why" \
		    "if it is right there, run 'make tree OFFSETS=1' and 'make refresh'"
}

# check_hunks NAME BEFORE AFTER: hunks change files of the baseline and leave
# new files alone, which enter whole.
check_hunks()
{
	local kind path
	while IFS=$'\t' read -r kind path; do
		[ -z "${owner[$path]:-}" ] ||
			die "patches/$1 has hunks for $path, which ${owner[$path]} claims" \
			    "make the change in the file itself"
		[ "$kind" != A ] ||
			die "patches/$1 makes $path by hunks" \
			    "put the file in this repository and claim it with Overlay:"
	done < <(kgit -c core.quotePath=false diff-tree -r --no-renames \
		 --name-status "$2" "$3")
}

# add_claims PATCH ROOT: put the files that PATCH claims into the index.
add_claims()
{
	local path mode blob
	while IFS= read -r path; do
		mode=100644
		[ ! -x "$2/$path" ] || mode=100755
		blob=$(kgit hash-object -w --no-filters "$2/$path") || return 1
		printf '%s %s\t%s\n' "$mode" "$blob" "$path"
	done < <(claims_of "$1") | kgit update-index --index-info
}

# compose DIR ROOT: make the commits of the queue in DIR, with new files from
# below ROOT, on top of the baseline.  Touches neither branch nor work tree.
# Leaves the last commit in `composed`.
compose()
{
	local dir=$1 root=$2 name before hunks after
	local tmp=$PP_BUILD/queue.tmp
	check_series "$dir"
	check_claims "$dir" "$root"
	rm -rf "$tmp"
	mkdir "$tmp"
	local -x GIT_INDEX_FILE=$tmp/index
	kgit read-tree baseline
	composed=$(kgit rev-parse 'baseline^{commit}')
	before=$(kgit rev-parse 'baseline^{tree}')
	while IFS= read -r name; do
		kgit mailinfo -b "$tmp/body" "$tmp/rest" \
			<"$dir/$name" >"$tmp/info"
		sed -n 's/^Subject: //p' "$tmp/info" >"$tmp/message"
		[ -s "$tmp/message" ] ||
			die "patches/$name has no Subject" "give it one"
		(echo; cat "$tmp/body") >>"$tmp/message"
		hunks=$before
		if has_hunks "$dir/$name"; then
			apply_hunks "$name" "$dir/$name"
			hunks=$(kgit write-tree)
			check_hunks "$name" "$before" "$hunks"
		fi
		add_claims "$dir/$name" "$root" ||
			die "the new files of patches/$name cannot be added" \
			    "read git's message above"
		after=$(kgit write-tree)
		[ "$after" != "$before" ] ||
			die "patches/$name changes nothing" "remove it"
		composed=$(git stripspace <"$tmp/message" |
			   kgit commit-tree -p "$composed" "$after")
		before=$after
	done < <(series "$dir")
	rm -rf "$tmp"
}
