#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a base that cannot be had gets: one line that says what is wrong and what
# to do, an exit status that is not 0, and nothing half-made.  The real apt-get
# is asked where there is no network; a fake one stands for mirrors.

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source-path=SCRIPTDIR source=toy.sh
. "$(dirname "$0")/toy.sh"

source=$toy/linux-toy.tar.xz
cached=$project/build/cache/linux-toy.tar.xz
log=$project/build/log/fetch.log
unset LINUX_SOURCE

# refused NAME REGEX SCRIPT [VARIABLE=VALUE...]: the script fails as it should.
refused()
{
	local name=$1 regex=$2 script=$3
	shift 3
	run env "$@" "$bin/$script"
	ok "$name" one_error "$regex"
	ok "$name: no tarball is left" test ! -e "$cached"
	ok "$name: nothing half-made" nothing_half_made
	ok "$name: no tree" test ! -e "$linux" -a ! -e "$project/build/stock"
}

### LINUX_SOURCE

refused 'LINUX_SOURCE is missing' "LINUX_SOURCE=$toy/none is no file; give" \
	fetch.sh LINUX_SOURCE="$toy/none"
head -c 100 "$source" >"$toy/short"
refused 'LINUX_SOURCE is cut short' 'short has the wrong sha256; give linux-toy.tar.xz of linux-toy 1.0-1' \
	fetch.sh LINUX_SOURCE="$toy/short"
refused 'and tree stops there' 'short has the wrong sha256' \
	tree.sh LINUX_SOURCE="$toy/short"
refused 'and stock' 'short has the wrong sha256' \
	stock.sh LINUX_SOURCE="$toy/short"

### Too little disk

mkdir "$toy/full"
cat >"$toy/full/df" <<'END'
#!/bin/sh
echo 'Filesystem 1048576-blocks Used Available Capacity Mounted on'
echo '/dev/toy 100 93 7 93% /'
END
chmod +x "$toy/full/df"
full=PATH=$toy/full:$PATH
room='has 7 MB free and this step needs [0-9]+; free some space'
refused 'a full disk, fetch' "$room" fetch.sh "$full" LINUX_SOURCE="$source"
LINUX_SOURCE=$source "$bin/fetch.sh"
for script in tree.sh stock.sh; do
	run env "$full" "$bin/$script"
	ok "a full disk, $script" one_error "$room"
	ok "a full disk, $script: nothing half-made" nothing_half_made
	ok "a full disk, $script: no tree" \
	   test ! -e "$linux" -a ! -e "$project/build/stock"
done
LINUX_SOURCE=$source "$bin/tree.sh" 2>/dev/null
for script in baseline-tree.sh mbox.sh; do
	run env "$full" "$bin/$script"
	ok "a full disk, $script" one_error "$room"
	ok "a full disk, $script: nothing half-made" nothing_half_made
done
rm -rf "$project/build"

### The machine's apt, with mirrors that are not there

# apt_conf SOURCES: how the machine's apt would be set up.
apt_conf()
{
	echo "$1" >"$toy/sources.list"
	cat >"$toy/apt.conf" <<-END
	Dir::Etc::SourceList "$toy/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Acquire::Retries "0";
	END
}

apt_conf 'deb http://127.0.0.1:9/debian stable main'
refused 'no network' 'no mirror of this machine serves toy toy-security.*; check the network, or set LINUX_SOURCE=' \
	fetch.sh APT_CONFIG="$toy/apt.conf"
mkdir "$toy/empty"
apt_conf "deb file:$toy/empty stable main"
refused 'a mirror without the suites' 'serves toy toy-security.*; .*LINUX_SOURCE=' \
	fetch.sh APT_CONFIG="$toy/apt.conf"
mkdir -p "$toy/unsigned/dists/toy/main/binary-all"
echo 'Suite: toy' >"$toy/unsigned/dists/toy/Release"
apt_conf "deb [trusted=yes] file:$toy/unsigned toy main"
refused 'a mirror that nobody signed' 'serves toy toy-security.*; .*LINUX_SOURCE=' \
	fetch.sh APT_CONFIG="$toy/apt.conf"
apt_conf ''
refused 'no mirror at all' 'apt knows no mirror; .*LINUX_SOURCE=' \
	fetch.sh APT_CONFIG="$toy/apt.conf"

### A fake apt: $toy/deb is what the mirror gives, $toy/suites what it serves

mkdir "$toy/apt"
cat >"$toy/apt/apt-get" <<END
#!/bin/bash
lists=\$(printf '%s\n' "\$@" | sed -n 's/^Dir::Etc::SourceList=//p')
case " \$* " in
*' update --print-uris '*)
	printf "'http://%s.invalid/dists/x/InRelease' x 0\n" one two ;;
*' update '*) grep -qwf "$toy/suites" "\$lists" ;;
*' download linux-toy=1.0-1 '*)
	cp "\$lists" "$toy/asked"
	[ ! -e "$toy/hang" ] || { echo \$\$ >"$toy/at-work"; sleep 60; }
	[ -e "$toy/deb" ] && cp "$toy/deb" linux-toy_1.0-1_all.deb ;;
*) exit 1 ;;
esac
END
chmod +x "$toy/apt/apt-get"
apt=PATH=$toy/apt:$PATH

echo none >"$toy/suites"
refused 'no suite is served' 'serves toy toy-security' fetch.sh "$apt"
echo 'http://two.invalid/ toy-security' >"$toy/suites"
refused 'the version is not there' 'does not give linux-toy=1.0-1.*; .*LINUX_SOURCE=' \
	fetch.sh "$apt"
is 'only what is served is asked' \
   "$(sed 's/\[[^]]*\] //' "$toy/asked")" \
   'deb http://two.invalid/ toy-security main'
like 'and the list must be signed' "$(cat "$toy/asked")" 'signed-by=/'

# toy_deb FILE: a package that holds FILE as the tarball.
toy_deb()
{
	rm -rf "$toy/pkg"
	mkdir -p "$toy/pkg/DEBIAN" "$toy/pkg/usr/src"
	cp "$1" "$toy/pkg/usr/src/linux-toy.tar.xz"
	printf 'Package: linux-toy\nVersion: 1.0-1\nArchitecture: all\n' \
		>"$toy/pkg/DEBIAN/control"
	printf 'Maintainer: toy <toy@example.invalid>\nDescription: toy\n' \
		>>"$toy/pkg/DEBIAN/control"
	dpkg-deb -b "$toy/pkg" "$toy/deb" >/dev/null
}

# trust_deb: base/source names the package that the mirror gives.
trust_deb()
{
	sed -i "s/^DEB_SHA256=.*/DEB_SHA256=$(sha256sum <"$toy/deb" | cut -c1-64)/" \
		"$project/base/source"
}

toy_deb "$source"
refused 'the package has the wrong sha256' 'linux-toy=1.0-1 from the mirror has the wrong sha256; .*LINUX_SOURCE=' \
	fetch.sh "$apt"
toy_deb "$toy/short"
trust_deb
refused 'the tarball in it has the wrong sha256' 'linux-toy.tar.xz that was fetched has the wrong sha256; .*LINUX_SOURCE=' \
	fetch.sh "$apt"
toy_deb "$source"
trust_deb
touch "$toy/hang"
env "$apt" "$bin/fetch.sh" >/dev/null 2>&1 &
pid=$!
tries=0
until [ -s "$toy/at-work" ] || [ $((tries += 1)) -gt 300 ]; do
	sleep 0.1
done
began=$SECONDS
kill -TERM $pid
wait $pid
ok 'ended by a signal: it ends at once' test $((SECONDS - began)) -lt 20
ok 'ended by a signal: nothing half-made' nothing_half_made
tries=0
while [ -e "/proc/$(cat "$toy/at-work")" ] && [ $((tries += 1)) -lt 30 ]; do
	sleep 0.1
done
ok 'ended by a signal: no process of it is left' test "$tries" -lt 30
rm "$toy/hang"

run env "$apt" "$bin/fetch.sh"
is 'a good package is taken' "$status" 0
ok 'the tarball is the right one' cmp "$cached" "$source"
ok 'and nothing half-made is left' nothing_half_made
run env "$full" "$bin/fetch.sh"
is 'with the tarball there is nothing to do, nothing to say' "$status$out$err" 0
run env "$full" LINUX_SOURCE="$toy/short" "$bin/fetch.sh"
ok 'but a wrong LINUX_SOURCE is not passed over' one_error 'wrong sha256'
echo broken >"$cached"
run env "$apt" "$bin/fetch.sh"
ok 'a tarball that is not the one is fetched again' cmp "$cached" "$source"
ok 'the log is kept' test -e "$log"

### The rest

mv "$project/base/source" "$toy/source"
run "$bin/tree.sh"
ok 'no base/source' one_error 'base/source is missing; restore'
mv "$toy/source" "$project/base/source"
sed -i s/^TOPDIR=.*/TOPDIR=elsewhere/ "$project/base/source"
run "$bin/stock.sh"
ok 'the tarball holds another folder' one_error 'holds no elsewhere; mend base/source'
ok 'and no tree is made of it' test ! -e "$project/build/stock"
run "$bin/tree.sh"
ok 'tree says so too' one_error 'build/linux cannot be made: .*elsewhere'
ok 'and leaves nothing half-made' nothing_half_made
git -C "$project" checkout -q base/source
mv "$project/.git" "$toy/dotgit"
run env GIT_CEILING_DIRECTORIES="$toy" "$bin/tree.sh"
ok 'no git repository' one_error 'is no git repository; clone'
mv "$toy/dotgit" "$project/.git"
exec 8>"$project/build/.lock"
flock 8
run "$bin/tree.sh"
ok 'another run is at work' one_error 'another run is at work in .*; wait'
exec 8>&-

done_testing
