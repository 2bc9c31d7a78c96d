#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tools that people try their RDMA devices with, on software devices, each
# with a server and a client in this guest.  They have many regions, and check
# the data themselves.

# shellcheck source-path=SCRIPTDIR source=../guest/client.sh
. "$GUEST/client.sh"

ADDRESS=192.0.2.1

# siw counts against it even for root.
ulimit -l unlimited

# need COMMAND
need()
{
	command -v "$1" >/dev/null || skip "there is no $1"
}

# device TYPE: a device of that kind, and no other, on top of v0.
device()
{
	modprobe -q -r rds_rdma || true
	rdma link del rxe0 2>/dev/null || true
	rdma link del siw0 2>/dev/null || true
	modprobe ib_uverbs || skip "no RDMA in this kernel"
	modprobe rdma_ucm
	case $1 in
	rxe) modprobe rdma_rxe ;;
	siw) modprobe siw ;;
	esac || skip "no driver $1"
	rdma link add "${1}0" type "$1" netdev v0
	wait_for gid_index "$1" >/dev/null
}

# gid_index TYPE: of the GID that stands for ADDRESS, or the only one of siw.
gid_index()
{
	local gid
	for gid in "/sys/class/infiniband/${1}0/ports/1/gids"/*; do
		case $(cat "$gid" 2>/dev/null) in
		*:ffff:c000:0201) ;;
		0000:0000:0000:0000:0000:0000:0000:0000|fe80:*|'') continue ;;
		*) [ "$1" = siw ] || continue ;;
		esac
		basename "$gid"
		return
	done
	return 1
}

# pair SERVER... -- CLIENT...: run both, the client until it gets through. Pins
# must have been taken, and none may be left.
pair()
{
	local server=() before status=0 pid
	before=$(taken)
	while [ "$1" != -- ]; do
		server+=("$1")
		shift
	done
	shift
	"${server[@]}" >"$TMPDIR/server" 2>&1 &
	pid=$!
	sleep 3
	timeout 60 "$@" >"$TMPDIR/client" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		wait "$pid" || status=$?
	else
		kill -KILL "$pid" || true
	fi
	sed 's/^/# server: /' "$TMPDIR/server"
	sed 's/^/# client: /' "$TMPDIR/client"
	expect "exit status" "$status" 0
	echo "# $(($(taken) - before)) pins were taken"
	[ "$(taken)" -gt "$before" ]
	wait_for none_held
}

case_rxe_pingpong()
{
	need ibv_rc_pingpong
	device rxe
	local args=(ibv_rc_pingpong -d rxe0 -g "$(gid_index rxe)" -s 65536
		    -n 20 -c)
	pair timeout 60 "${args[@]}" -- "${args[@]}" "$ADDRESS"
}

case_rxe_write_bw()
{
	need ib_write_bw
	device rxe
	local args=(ib_write_bw -d rxe0 -x "$(gid_index rxe)" -s 65536 -n 20 -F)
	pair timeout 60 "${args[@]}" -- "${args[@]}" "$ADDRESS"
}

case_rxe_rping()
{
	need rping
	device rxe
	pair timeout 60 rping -s -a "$ADDRESS" -C 20 -S 30000 -V -- \
		rping -c -a "$ADDRESS" -C 20 -S 30000 -V
}

case_siw_rping()
{
	need rping
	device siw
	pair timeout 60 rping -s -a "$ADDRESS" -C 20 -S 30000 -V -- \
		rping -c -a "$ADDRESS" -C 20 -S 30000 -V
}

case_siw_write_bw()
{
	need ib_write_bw
	device siw
	local args=(ib_write_bw -R -d siw0 -s 65536 -n 20 -F)
	pair timeout 60 "${args[@]}" -- "${args[@]}" "$ADDRESS"
}

client "$@"
