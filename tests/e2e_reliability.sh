#!/bin/sh
# The promises of a collector that is left alone: stopped and started in the
# middle of a stream, killed under load, read by somebody who forgets to end,
# copying to collectors that are dead or do not answer.
#
# ROUNDS of kill -9 (5; make torture: 20); FLOWS of a stream (1000000), sent in
# PPS datagrams a second (8000), each some 18 flows.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
: "${ROUNDS:=5}" "${FLOWS:=1000000}" "${PPS:=8000}"
senders=

# the senders, too, whatever happens
end_senders() {
	for p in $senders; do
		kill -CONT "$p" 2>/dev/null
		kill "$p" 2>/dev/null
	done
	senders=
}
trap 'end_senders; end_all' EXIT

# rows DIR: every flow once
rows() {
	for f in "$1"/flows.*.sqlite; do
		query "$f" "SELECT first_ms, duration_ms, hex(src_addr),
		    hex(dst_addr), src_port, dst_port, proto, packets, bytes
		    FROM flow"
	done | LC_ALL=C sort -u
}
count() { # DIR SQL: the sum over its shards
	sum=0
	for f in "$1"/flows.*.sqlite; do
		[ -s "$f" ] || continue
		c=$(query "$f" "$2" 2>/dev/null)
		sum=$((sum + ${c:-0}))
	done
	echo "$sum"
}
# stored DIR N: asked for often, so without reading all
stored() {
	[ "$(count "$1" "SELECT value FROM meta WHERE key = 'flows'")" -ge "$2" ]
}
# damaged DIR: shards that are not whole, or contradict themselves
damaged() {
	for f in "$1"/flows.*.sqlite*; do
		case $f in
		*.sqlite) ;;
		*.sqlite-wal | *.sqlite-shm) continue ;;
		*)	echo "$f: left over"
			continue ;;
		esac
		[ "$(sqlite3 "$f" 'PRAGMA integrity_check')" = ok ] ||
		    echo "$f: integrity_check"
		n=$(sqlite3 "$f" "SELECT count(*) FROM flow")
		by=$(sqlite3 "$f" "SELECT ifnull(sum(flows), 0) FROM exporter")
		says=$(sqlite3 "$f" "SELECT value FROM meta WHERE key = 'flows'")
		# exporters: also what was shed, on a machine that is too slow
		[ "$n" -le "$by" ] && [ "$n" = "$says" ] ||
		    echo "$f: has $n flows, exporters $by, meta $says"
		[ "$(sqlite3 "$f" "SELECT count(*) FROM flow
		    WHERE path NOT IN (SELECT id FROM path)")" = 0 ] ||
		    echo "$f: flows without a path"
	done
}
received() {
	"$BUILD/flowdbd" --status -l "$1" 2>/dev/null |
	    sed -n 's/^received *\([0-9]*\) packets.*/\1/p'
}
arrives() { [ "$(received "$1")" -gt 0 ]; }
# lossless: this machine keeps up; else a test of losses says nothing
lossless() { grep -q 'shed=0 not_stored=0 kernel_drops=0 ' "$tmp/log"; }
stream() { # DATAGRAMS-A-SECOND OPTIONS...: in the background
	"$BUILD/flowgen" --send "127.0.0.1:$port" --pps "$@" 2>"$tmp/sent" &
	sender=$!
	senders="$senders $sender"
}

# --- SIGTERM and a new start in the middle of a stream, at which the sender
# --- pauses, as datagrams that nobody could receive do not count
port=$(free_port)
dir=$tmp/restart
start_daemon "$dir"
stream "$PPS" --flows "$FLOWS"
dropped=
for part in 1 2 3; do
	until_true 20 stored "$dir" $((FLOWS * part / 4))
	kill -STOP "$sender"
	# the signal is on its way for a moment, in which it still sends
	until_true 3 grep -q '^State:.*T' "/proc/$sender/status"
	stop_daemon
	is "restart: SIGTERM under load, part $part" "$rc" 0
	lossless || dropped=$(grep -o 'shed=.* kernel_drops=[0-9]*' "$tmp/log")
	start_daemon "$dir"
	kill -CONT "$sender"
done
wait "$sender"
until_true 5 stored "$dir" "$FLOWS"
stop_daemon
lossless || dropped=$(grep -o 'shed=.* kernel_drops=[0-9]*' "$tmp/log")
if [ -n "$dropped" ]; then
	echo "skip restart: no flow is lost or doubled: too slow a machine here," \
	    "$dropped"
else
	# no two that the generator makes are alike
	is "restart: no flow of $FLOWS is lost" \
	    "$(count "$dir" 'SELECT count(*) FROM flow')" "$FLOWS"
	is "restart: ... or doubled" "$(rows "$dir" | wc -l)" "$FLOWS"
fi
is "restart: nothing seemed lost on the way" \
    "$(count "$dir" 'SELECT sum(lost) FROM exporter')" 0
is "restart: the shards are whole" "$(damaged "$dir")" ''
rm -r "$dir"

# --- somebody reads and forgets to end; looked at when the killing is done
reader_dir=$tmp/reader
reader_port=$(free_port)
port=$reader_port
start_daemon "$reader_dir"
reader_pid=$pid
mv "$tmp/log" "$tmp/reader.log"
send --flows 1000
until_true 3 stored "$reader_dir" 1000
shard=$(echo "$reader_dir"/flows.*.sqlite)
mkfifo "$tmp/fifo"
sqlite3 -readonly "$shard" <"$tmp/fifo" >"$tmp/read" 2>&1 &
pids="$pids $!"
exec 9>"$tmp/fifo"
echo 'BEGIN; SELECT count(*) FROM flow;' >&9
until_true 3 test -s "$tmp/read"
stream 7000 --flows $((FLOWS * 13 / 10))
reader_sender=$sender

# --- kill -9 at any moment: whole shards, and at most the last second missing
port=$(free_port)
for slot in 3600 2; do
	dir=$tmp/kill.$slot
	late= before=0
	round=0
	while [ "$round" -lt $(((ROUNDS + 1) / 2)) ]; do
		round=$((round + 1))
		start_daemon "$dir" -t "$slot"
		stream 5000 --flows 600000 --seed "$round"
		until_true 20 arrives "$dir"
		sleep "0.$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')"
		seen=$(received "$dir")
		sleep 1
		kill -KILL "$sender" "$pid"
		{ wait "$sender" "$pid"; } 2>/dev/null
		after=$(count "$dir" 'SELECT sum(packets) FROM exporter')
		[ $((after - before)) -ge "${seen:-999999999}" ] ||
		    late="$late round $round: $((after - before)) of $seen"
		before=$after
	done
	is "kill -9: all but the last second is there, slots of $slot s" \
	    "$late" ''
	is "kill -9: ... and every shard is whole" "$(damaged "$dir")" ''
	start_daemon "$dir" -t "$slot"
	send --flows 1000
	until_true 3 stored "$dir" 1000
	stop_daemon
	pids="$reader_pid"
	is "kill -9: ... also after the next start" "$rc $(damaged "$dir")" '0 '
	rm -r "$dir"
done

# --- the reader: all flows, a log that grew, and is told
wait "$reader_sender"
holds 'reader: an open transaction costs no flow' \
    until_true 10 stored "$reader_dir" $((FLOWS * 13 / 10 + 1000))
echo 'SELECT count(*) FROM flow;' >&9
until_true 3 test "$(wc -l <"$tmp/read")" -eq 2
is 'reader: it still sees what it saw' "$(tr '\n' ' ' <"$tmp/read")" '1000 1000 '
wal=$(stat -c %s "$shard-wal")
holds "reader: the log grew ($((wal >> 20)) MiB)" test "$wal" -gt $((64 << 20))
holds 'reader: it is told' until_true 11 grep -q \
    'sqlite-wal: .*somebody has been reading' "$tmp/reader.log"
"$BUILD/flowdbd" --status -l "$reader_dir" >"$tmp/status"
holds 'reader: ... and shown' grep -qE \
    "log ($((wal >> 20))|$(((wal >> 20) + 1)))\\.[0-9] MiB" "$tmp/status"
kill "$reader_pid"
{ wait "$reader_pid"; rc=$?; } 2>/dev/null
is 'reader: the daemon ends all the same' "$rc" 0
exec 9>&-
port=$reader_port
start_daemon "$reader_dir"
send --flows 1000
stop_daemon
holds 'reader: when it is gone, the next start leaves one file' \
    test ! -e "$shard-wal"
is 'reader: ... a whole one' "$(damaged "$reader_dir")" ''
rm -r "$reader_dir"

# --- copies to a collector that is dead, one that hangs, and one that works
port=$(free_port) dead=$(free_port) slow=$(free_port) works=$(free_port)
start_daemon "$tmp/slow"
mv "$tmp/log" "$tmp/slow.log"
slow=$port slow_pid=$pid
kill -STOP "$slow_pid"
port=$works
start_daemon "$tmp/works"
works_pid=$pid
mv "$tmp/log" "$tmp/works.log"
port=$(free_port)
start_daemon "$tmp/first" -R "127.0.0.1/$dead" -R "127.0.0.1/$slow" \
    -R "127.0.0.1/$works"
"$BUILD/flowgen" --send "127.0.0.1:$port" --pps 5000 --flows 300000 \
    2>"$tmp/sent"
holds 'repeater: dead and slow targets cost nothing' \
    until_true 1 stored "$tmp/first" 300000
holds 'repeater: who works gets all' until_true 2 stored "$tmp/works" 300000
"$BUILD/flowdbd" --status -l "$tmp/first" >"$tmp/status"
is 'repeater: each is tried with each' "$(awk '$1 == "to" { n += $3 + $5 }
    END { print n }' "$tmp/status")" \
    $((3 * $(received "$tmp/first")))
stop_daemon
holds 'repeater: nothing was dropped or shed' lossless
kill -CONT "$slow_pid"
kill "$slow_pid" "$works_pid"
wait
