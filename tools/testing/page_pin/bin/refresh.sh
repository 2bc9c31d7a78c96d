#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Write patches/ and the files that they claim back from the commits of
# build/linux between the tag baseline and the branch page_pin, after they were
# edited there with git.  The same commits give the same bytes.  Before anything
# is written, the new queue is made into commits again and compared.
#
# refresh.sh [check]    check: write nothing, fail if anything would be written

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=queue.sh
. "$PP_DIR/bin/queue.sh"

new=$PP_TOP/.refresh.tmp
writing=$PP_BUILD/.refresh.writing
# The patch that claimed each file so far in the history.
declare -A added

# file_name NUMBER COMMIT: as git format-patch names its files.
file_name()
{
	printf '%04d-%s.patch\n' "$1" \
	       "$(kgit log -1 --format=%f "$2" | cut -c1-52 | sed 's/[-.]*$//')"
}

# sort_files COMMIT: fill new_files and old_files from what COMMIT changes.
sort_files()
{
	local kind path
	new_files=() old_files=()
	while IFS=$'\t' read -r kind path; do
		[ -z "${added[$path]:-}" ] ||
			die "$(kgit log -1 --format='"%s"' "$1") changes $path, which ${added[$path]} adds" \
			    "squash the change into it: git -C build/linux rebase -i baseline"
		if [ "$kind" != A ]; then
			old_files+=("$path")
			continue
		fi
		case " ${KERNEL_DIRS[*]} " in
		*" ${path%%/*} "*) ;;
		*) die "$path is new and in no folder of the kernel" "move it" ;;
		esac
		new_files+=("$path")
	done < <(kgit -c core.quotePath=false diff-tree -r --no-renames \
		 --name-status "$1^" "$1")
	for path in "${new_files[@]}"; do
		added[$path]=$(kgit log -1 --format='"%s"' "$1")
	done
}

# write_patch COMMIT: the patch, without the files that it adds.
write_patch()
{
	printf 'From %040d Mon Sep 17 00:00:00 2001\n' 0
	printf 'From: %s\nDate: %s\n' "$PP_WHO" "$PP_DATE"
	kgit log -1 --format='Subject: [PATCH] %s%n' "$1"
	kgit log -1 --format='%b' "$1" | git stripspace
	echo ---
	[ ${#new_files[@]} -eq 0 ] || printf 'Overlay: %s\n' "${new_files[@]}"
	[ ${#old_files[@]} -eq 0 ] ||
		kgit -c diff.suppressBlankEmpty=false diff-tree --stat=72 \
			--summary -p --binary --full-index --no-renames \
			--diff-algorithm=myers --unified=3 \
			--inter-hunk-context=0 --no-indent-heuristic \
			--no-color --no-ext-diff --no-textconv \
			--src-prefix=a/ --dst-prefix=b/ "$1^" "$1" -- \
			"${old_files[@]}"
}

# write_queue: all patches and new files, into $new.
write_queue()
{
	local number=0 commit name path
	while IFS= read -r commit; do
		number=$((number + 1))
		[ "$(kgit rev-list --no-walk --count --merges "$commit")" = 0 ] ||
			die "build/linux has a merge commit" "rebase it on baseline"
		name=$(file_name $number "$commit")
		sort_files "$commit"
		write_patch "$commit" >"$new/tree/patches/$name"
		echo "$name" >>"$new/names"
		for path in "${new_files[@]}"; do
			mkdir -p "$new/tree/$(dirname "$path")"
			kgit cat-file blob "$commit:$path" >"$new/tree/$path"
			[ "$(kgit ls-tree "$commit" "$path" | cut -c1-6)" != 100755 ] ||
				chmod +x "$new/tree/$path"
		done
	done < <(kgit rev-list --topo-order --reverse baseline..HEAD)
}

# write_series: the new names, each with the comments that stood above it.  A
# patch that was renamed is known by its number; the comments of one that went
# away go to the next.
write_series()
{
	awk '
	function slug(name) { sub(/^[0-9]+-/, "", name); return name }
	FILENAME == ARGV[1] { name[++n] = $0; place[slug($0)] = n; next }
	/^[ \t]*(#|$)/ { above[++lines] = $0; next }
	{
		sub(/[ \t]+$/, "")
		old[++m] = slug($0)
		for (i = 1; i <= lines; i++)
			kept[m, i] = above[i]
		count[m] = lines
		lines = 0
	}
	END {
		for (j = 1; j <= m; j++)
			if (old[j] in place)
				from[place[old[j]]] = j
		for (j = 1; j <= m; j++)
			if (!(old[j] in place) && j <= n && !(j in from))
				from[j] = j
		for (k in from)
			used[from[k]] = k
		rest = 0
		for (j = 1; j <= m; j++) {
			for (i = 1; i <= count[j]; i++)
				carry[++rest] = kept[j, i]
			if (!(j in used))
				continue
			for (i = 1; i <= rest; i++)
				put[used[j], i] = carry[i]
			puts[used[j]] = rest
			rest = 0
		}
		for (k = 1; k <= n; k++) {
			for (i = 1; i <= puts[k]; i++)
				print put[k, i]
			print name[k]
		}
		for (i = 1; i <= rest; i++)
			print carry[i]
		for (i = 1; i <= lines; i++)
			print above[i]
	}' "$new/names" "$PP_TOP/patches/series" >"$new/tree/patches/series"
}

# told COMMIT: every message and tree from the baseline to it.
told()
{
	kgit log --topo-order --format='%T %s%n%n%b' "baseline..$1" |
		git stripspace
}

# list_old: what the old queue consists of.
list_old()
{
	local name
	[ ! -e "$writing" ] || cat "$writing"
	while IFS= read -r name; do
		echo "patches/$name"
		[ ! -f "$PP_TOP/patches/$name" ] ||
			claims_of "$PP_TOP/patches/$name"
	done < <(series "$PP_TOP/patches")
}

# same_file A B: contents and the execute bit.
same_file()
{
	local x=0 y=0
	[ ! -x "$1" ] || x=1
	[ ! -x "$2" ] || y=1
	[ $x = $y ] && cmp -s "$1" "$2"
}

# check_queue: would anything be written?
check_queue()
{
	local path
	while IFS= read -r path; do
		same_file "$new/tree/$path" "$PP_TOP/$path" ||
			die "make refresh would change $path" "run it"
	done <"$new/list"
	while IFS= read -r path; do
		grep -qxF -e "$path" "$new/list" ||
			die "make refresh would remove $path" "run it"
	done < <(list_old)
}

# install_queue: all is written, so only names change from here on.  A run that
# ends half-way is done again by the next, which `writing` tells.
install_queue()
{
	local path
	list_old >"$new/old"
	keep_stamp "$writing" "$(cat "$new/old")"
	while IFS= read -r path; do
		! same_file "$new/tree/$path" "$PP_TOP/$path" || continue
		mkdir -p "$PP_TOP/$(dirname "$path")"
		mv "$new/tree/$path" "$PP_TOP/$path"
		say "refresh: wrote $path"
	done <"$new/list"
	while IFS= read -r path; do
		if [ -f "$PP_TOP/$path" ] &&
		   ! grep -qxF -e "$path" "$new/list"; then
			rm "$PP_TOP/$path"
			say "refresh: removed $path"
		fi
	done <"$new/old"
	linux_move_to "$composed" "$base" "$(series_id)"
	rm -f "$writing"
}

clean_up()
{
	rm -rf "$new" "$PP_BUILD/queue.tmp"
}

need_cmd git
take_lock
load_base
read_stamp
if [ ! -d "$LINUX/.git" ] || [ -z "$stamp_head" ]; then
	die "there is no build/linux" "run 'make tree'"
fi
[ ! -e "$LINUX_MOVING" ] ||
	die "build/linux was left half-way" "run 'make tree'"
[ "$stamp_base" = "$base" ] ||
	die "base/ has changed since build/linux was made" \
	    "put it back, 'make refresh', and change it then"
linux_is_clean ||
	die "build/linux has a rebase or changes that are not committed" \
	    "finish them on the branch page_pin"
[ "$stamp_series" = "$(series_id)" ] || [ -e "$writing" ] ||
	[ "${FORCE:-}" = 1 ] ||
	die "patches/ or new files have changes that build/linux has not" \
	    "run 'make tree', or set FORCE=1 to drop them"
kgit merge-base --is-ancestor baseline HEAD ||
	die "build/linux is not based on its tag baseline" \
	    "rebase page_pin on it"

clean_up
trap clean_up EXIT
mkdir -p "$new/tree/patches"
: >"$new/names"
write_queue
write_series
(cd "$new/tree" && find . -type f -printf '%P\n') | sort >"$new/list"
compose "$new/tree/patches" "$new/tree"
told HEAD >"$new/told"
told "$composed" | cmp -s - "$new/told" ||
	die "a commit of build/linux does not survive as a patch" \
	    "look for '---' or 'diff -' at the start of a line of its message"
if [ "${1:-}" = check ]; then
	check_queue
else
	install_queue
fi
