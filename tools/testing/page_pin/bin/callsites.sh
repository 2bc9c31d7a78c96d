#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# List every place of a kernel tree where pages of user memory are taken or given
# back, with what is known of it: which case of the documentation it is, what
# proves it, and how that went the last time.  Coccinelle finds the places, the
# table callsites/table.tsv says the rest, results/ has the outcomes.  A place
# that the table does not have, or a row without a place, is an error.
#
# callsites.sh [-t TREE] [-c TABLE] [-r RESULTS] [table|markdown|places]
#
#	table		one line a place, with counts (the default)
#	markdown	one line a file, for the README
#	places		file, function, function called; the table is not read

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tree=$PP_BUILD/linux
table=$PP_DIR/callsites/table.tsv
results=$PP_RESULTS
while getopts t:c:r: option; do
	case $option in
	t) tree=$OPTARG ;;
	c) table=$OPTARG ;;
	r) results=$OPTARG ;;
	*) die "this is no option of callsites.sh" "see its first lines" ;;
	esac
done
shift $((OPTIND - 1))
need_cmd spatch
need_cmd git
[ -d "$tree" ] || die "$tree is no folder" "run 'make tree'"
[ "${1:-}" = places ] || [ -r "$table" ] ||
	die "$table is missing" "restore it with git"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table=$(realpath -m "$table")
results=$(realpath -m "$results")

# The files that have such a name, in code or not.  Programs of user space and
# texts are no places.
cd "$tree"
git grep --no-index -lzF -e _user_page -e _vaddr_frames -e iov_iter_get_pages \
	-e iov_iter_pin_pages -e iov_iter_release_pages -e page_pin_again -- '*.[chS]' \
	':!tools' ':!Documentation' >"$work/files" || [ $? -eq 1 ]
: >"$work/found"
# A file at a time: an empty line ends a group.
tr '\0' '\n' <"$work/files" | sed G >"$work/groups"
if [ -s "$work/files" ]; then
	CALLSITES_OUT=$work/found spatch --very-quiet --no-includes \
		--cocci-file "$PP_DIR/callsites/sites.cocci" \
		--file-groups "$work/groups" >"$work/log" 2>&1 ||
		die "spatch failed: $(tail -n1 "$work/log")" \
		    "see callsites/sites.cocci"
fi
"$PP_DIR/bin/callsites.py" "${1:-table}" "$work/files" "$work/found" \
	"$table" "$results"
