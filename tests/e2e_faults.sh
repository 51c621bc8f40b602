#!/bin/sh
# Storage that fails, memory that is out, processes that are killed and power
# that goes, at one step after another of storing, sealing, adding to sealed
# shards, saving templates and expiring (tests/faults/faults.c).  After each:
# flowdbd ended with an answer or a reason, its next start needs no hand, all
# shards are sound, no flow is there twice, and what was told as stored is
# there.
#
# Few steps of each kind by default; FULL=1 (make faults) takes all of them (of
# memory out anywhere, in libraries too: 400).  ONLY="append live": not the
# others, which takes part of the time.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${FULL:=0}" "${ONLY:=store append import expire live}"
flowdbd=$BUILD/flowdbd
lib=$(pwd)/$BUILD/faults.so

if [ ! -e "$lib" ] || grep -q '__[at]san_init' "$flowdbd"; then
	echo "skip faults: LD_PRELOAD and sanitizers do not go together"
	exit 0
fi
# thousands of syncs: in memory when there is a place for it
tmp=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
daemon=
finish() {
	[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null
	chmod -R u+w "$tmp"
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM
dir=$tmp/data
port=$((20000 + $$ % 20000))

"$BUILD/flowgen" --pcap "$tmp/a.pcap" --flows 300 --hours 2 \
    >"$tmp/gen" 2>&1 &&
    "$BUILD/flowgen" --pcap "$tmp/b.pcap" --flows 300 --hours 2 --seed 2 \
    >"$tmp/gen" 2>&1 || {
	cat "$tmp/gen"
	echo "not ok faults: no flows made"
	exit 1
}

# COMMAND...: under the fault $how at step $at, for $for steps
faulty() {
	FAULTS_DIR=$dir FAULTS_HOW=$how FAULTS_AT=$at FAULTS_FOR=$for \
	    FAULTS_COUNT=$tmp/count LD_PRELOAD=$lib "$@"
}

# LOG: a daemon, $daemon; an older log is not to be taken for its own
start() {
	: >"$1"
	"$flowdbd" -v -l "$dir" -b 127.0.0.1 -p "$port" >"$1" 2>&1 &
	daemon=$!
}

# the same under the fault
start_faulty() {
	: >"$1"
	FAULTS_DIR=$dir FAULTS_HOW=$how FAULTS_AT=$at FAULTS_FOR=$for \
	    FAULTS_COUNT=$tmp/count LD_PRELOAD=$lib "$flowdbd" -v -l "$dir" \
	    -b 127.0.0.1 -p "$port" >"$1" 2>&1 &
	daemon=$!
}

# waits up to 8 s for a condition
wait_for() {
	tries=160
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

all_sealed() {
	for f in "$dir"/flows.*.sqlite; do
		[ ! -e "$f" ] || [ ! -w "$f" ] || [ "$(stat -c %a "$f")" = 440 ] ||
		    return 1
	done
}

# the next start: without faults, by itself
recover() {
	rm -f "$dir"/*.synced
	start "$tmp/next"
	wait_for grep -q 'receiving on' "$tmp/next" || fail "no next start"
	wait_for all_sealed || fail "not sealed at the next start"
	kill "$daemon" 2>/dev/null
	wait "$daemon" || fail "the next start ended with status $?"
	daemon=
}

fail() {
	bad=1
	echo "$scenario, $how at $at for $for: $*"
	tail -n 5 "$tmp/out" "$tmp/next" 2>/dev/null
}

unique="first_ms || hex(src_addr) || hex(dst_addr) || ifnull(src_port, '') || \
'/' || ifnull(dst_port, '') || '/' || ifnull(bytes, '') || '/' || \
ifnull(packets, '') || '/' || ifnull(proto, '') || '/' || ifnull(duration_ms, '')"

# $flows: how many are in all shards, each of them sound
check_shards() {
	flows=0
	for f in "$dir"/flows.*; do
		case $f in
		*.sqlite) ;;
		*'*') continue ;;
		# the slot is not over: its log is read with it
		*.sqlite-wal | *.sqlite-shm)
			[ "$scenario" = live ] || fail "${f##*/} was left"
			continue
			;;
		*.bad-*) fail "${f##*/}: moved aside"; continue ;;
		*) fail "${f##*/} was left"; continue ;;
		esac
		n=$(sqlite3 -readonly "$f" "PRAGMA integrity_check; SELECT \
		    count(*) || ' ' || count(DISTINCT $unique) || ' ' || \
		    (SELECT value FROM meta WHERE key = 'flows') FROM flow" \
		    2>&1 | tr '\n' ' ')
		# shellcheck disable=SC2086 # words on purpose
		set -- $n
		if [ $# -ne 4 ] || [ "$1" != ok ]; then
			fail "${f##*/}: $n"
			continue
		fi
		[ "$2" -eq "$3" ] || fail "${f##*/}: $2 flows, $3 different"
		[ "$2" -eq "$4" ] || fail "${f##*/}: $2 flows, meta says $4"
		flows=$((flows + $2))
	done
}

# flows told as stored by -v, in the output of the run
told() {
	sed -n 's/.*: \([0-9]*\) flows in [0-9]* us$/\1/p' "$tmp/out" |
	    awk '{ n += $1 } END { print n + 0 }'
}

# BEFORE LEAST: $flows are the flows of before and at least so many; all 300,
# when it says that all went well.  Only where the decoder counts what it had no
# memory for, and memory was out more than once, are they what it decoded.
check_flows() {
	all=300
	if grep -q '^flowdbd: decoder:.* no_memory=' "$tmp/out"; then
		[ "$for" -gt 1 ] || fail "given up for lack of memory"
		all=$(sed -n 's/^flowdbd: decoder:.* flows=\([0-9]*\).*/\1/p' \
		    "$tmp/out")
		: "${all:=0}"
	fi
	least=$2
	[ "$rc" -ne 0 ] || least=$all
	n=$((flows - $1))
	[ "$n" -ge "$least" ] || fail "$n flows, $least were stored"
	[ "$n" -le "$all" ] || fail "$n flows of $all"
}

# how it ended: $rc must be an answer, or a reason
check_end() {
	case $how in
	kill | power)
		[ "$rc" -eq 137 ] || [ "$rc" -eq 0 ] || fail "status $rc"
		return
		;;
	esac
	[ "$rc" -le 2 ] || fail "status $rc"
	[ "$rc" -eq 0 ] || grep -q '^flowdbd: ' "$tmp/out" ||
	    fail "status $rc without a reason"
}

# OPTION FILE: 300 flows into a new folder
store_from() {
	chmod -R u+w "$dir" 2>/dev/null
	rm -rf "$dir"
	faulty "$flowdbd" -v "$@" -l "$dir" >"$tmp/out" 2>&1
	rc=$?
	check_end
	recover
	check_shards
	stored=$(told)
	[ "$how" != power ] || stored=0
	check_flows 0 "$stored"
}

scenario_store() {
	store_from -r "$tmp/a.pcap"
}

scenario_import() {
	store_from --import "$tmp/a.csv"
}

# 300 are there and sealed: they stay, whatever happens to the next 300
scenario_append() {
	chmod -R u+w "$dir" 2>/dev/null
	rm -rf "$dir"
	cp -rp "$tmp/sealed" "$dir"
	faulty "$flowdbd" -v -r "$tmp/b.pcap" -l "$dir" >"$tmp/out" 2>&1
	rc=$?
	check_end
	recover
	check_shards
	check_flows 300 0
}

scenario_expire() {
	chmod -R u+w "$dir" 2>/dev/null
	rm -rf "$dir"
	cp -rp "$tmp/sealed" "$dir"
	faulty "$flowdbd" -v --expire -c "$tmp/expire.conf" -l "$dir" \
	    >"$tmp/out" 2>&1
	rc=$?
	check_end
	recover
	check_shards
	[ "$rc" -ne 0 ] || [ "$flows" -eq 0 ] || fail "$flows flows stayed"
	# each is there as it was, or not at all; and the next time all go
	for f in "$dir"/flows.*.sqlite; do
		[ ! -e "$f" ] || cmp -s "$f" "$tmp/sealed/${f##*/}" ||
		    fail "${f##*/} is another"
	done
	"$flowdbd" --expire -c "$tmp/expire.conf" -l "$dir" >"$tmp/next" 2>&1 ||
	    fail "the next expiry ended with status $?"
	! ls "$dir"/flows.* >/dev/null 2>&1 || fail "shards stayed"
}

# one that ended and nobody has waited for is still there, as Z
gone() {
	! read -r _ _ state _ 2>/dev/null <"/proc/$daemon/stat" ||
	    [ "$state" = Z ]
}

sent() {
	[ "$(told)" -ge "$want" ] || gone
}

# live: datagrams come by the network, templates are saved, then it ends
scenario_live() {
	chmod -R u+w "$dir" 2>/dev/null
	rm -rf "$dir"
	start_faulty "$tmp/out"
	# nothing may come of it: started and failed, or killed
	wait_for listening_or_gone || fail "does not listen"
	"$BUILD/flowgen" --replay "$tmp/a.pcap" --now --pps 4000 \
	    --send "127.0.0.1:$port" >"$tmp/gen" 2>&1
	want=300
	wait_for sent || [ "$at" -gt 0 ] || fail "stored $(told) of 300"
	kill "$daemon" 2>/dev/null
	wait_for gone || {
		fail 'does not end'
		kill -9 "$daemon"
	}
	wait "$daemon"
	rc=$?
	daemon=
	check_end
	stored=$(told)
	rm -f "$dir"/*.synced
	start "$tmp/next"
	wait_for grep -q 'receiving on' "$tmp/next" || fail "no next start"
	kill "$daemon"
	wait "$daemon" || fail "the next start ended with status $?"
	daemon=
	check_shards
	[ "$how" != power ] || stored=0
	[ "$flows" -ge "$stored" ] || fail "$flows flows, $stored were stored"
	if [ -e "$dir/templates.sqlite" ]; then
		n=$(sqlite3 "$dir/templates.sqlite" 'PRAGMA integrity_check')
		[ "$n" = ok ] || fail "templates.sqlite: $n"
	fi
	! ls "$dir"/templates.sqlite.bad* >/dev/null 2>&1 ||
	    fail "templates.sqlite was moved aside"
}

listening_or_gone() {
	grep -q 'receiving on' "$tmp/out" || gone
}

# SCENARIO KIND STEPS [FOR]: so many of the kind's steps, evenly; FOR operations
# fail there, 1 by default
sweep() {
	scenario=$1 how=$2 at=0 for=${4:-1}
	"scenario_$scenario"
	total=$(cat "$tmp/count" 2>/dev/null)
	: "${total:=0}"
	steps=$3
	if [ "$FULL" -eq 1 ]; then
		steps=$total
		[ "$how" != nomem ] || steps=400
	fi
	[ "$steps" -le "$total" ] || steps=$total
	i=0
	while [ "$i" -lt "$steps" ]; do
		at=$((1 + (2 * i + 1) * total / (2 * steps)))
		[ "$at" -le "$total" ] || at=$total
		"scenario_$scenario"
		i=$((i + 1))
	done
	points=$((points + steps))
}

# the shards to add to and to expire
dir=$tmp/sealed
"$flowdbd" -r "$tmp/a.pcap" -l "$dir" >"$tmp/out" 2>&1
"$BUILD/flowq" -R "$dir" -o csv >"$tmp/a.csv" 2>"$tmp/out"
dir=$tmp/data
printf 'max_age = "1h"\n' >"$tmp/expire.conf"

run() {
	name=$1
	shift
	bad=0 points=0
	case " $ONLY " in *" $name "*) ;; *) return ;; esac
	for k in "$@"; do
		# shellcheck disable=SC2046 # words on purpose
		sweep "$name" $(echo "$k" | tr : ' ')
	done
	if [ "$bad" -eq 0 ]; then
		echo "ok faults_$name ($points steps)"
	else
		echo "not ok faults_$name"
	fi
}

run store enospc:3 eio:4 short:2 fsync:3 unlink:8 emfile:4 nomem:4 ours:12 \
    ours:12:6 kill:6 power:6
run append enospc:2 eio:3 unlink:4 emfile:2 nomem:2 ours:10 kill:4 power:4
run import enospc:2 eio:2 nomem:2 ours:4 kill:2 power:2
run expire eio:1 kill:1 power:2
run live enospc:1 eio:2 emfile:2 kill:6 power:2
