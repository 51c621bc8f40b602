#!/bin/sh
# What keeps flows from being stored for a while: a lock, errors of the disk, a
# folder that may not be written or is gone.  Receiving goes on, what does not
# fit into memory is counted, and storing resumes by itself; each told once when
# it begins and once when it is over.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
far_from_slot_end 3600000 || until_true 20 far_from_slot_end 3600000

trouble_begins() {
	holds "outage: $1: told" until_true 8 logged 'cannot store flows'
}
# trouble_ends NAME FLOWS
trouble_ends() {
	holds "outage: $1: over, all is stored" until_true 8 has_flows "$dir" "$2"
	holds 'outage: ... told' until_true 3 logged 'storing flows again'
	is 'outage: ... both once' "$(grep -c 'cannot store' "$tmp/log") $(grep \
	    -c 'storing flows again' "$tmp/log")" '1 1'
}

# lock SHARD: by a shell that waits in a transaction; unlock: it ends
mkfifo "$tmp/fifo"
lock() {
	sqlite3 -cmd '.timeout 3000' "$1" <"$tmp/fifo" >"$tmp/locked" &
	other=$!
	exec 3>"$tmp/fifo"
	echo 'BEGIN IMMEDIATE; SELECT 1;' >&3
	until_true 4 test -s "$tmp/locked"
}
unlock() {
	exec 3>&-
	wait "$other"
}

# somebody else's transaction
dir=$tmp/busy
start_daemon "$dir"
send --flows 300
until_true 2 has_flows "$dir" 300
shard=$(echo "$dir"/flows.*.sqlite)
lock "$shard"
send --flows 300 --seed 2
trouble_begins 'a foreign lock'
send --flows 300 --seed 3
received() { kill -USR1 "$pid" && logged 'decoder:.* flows=900'; }
holds 'outage: ... receiving goes on' until_true 5 received
unlock
trouble_ends 'a foreign lock' 900
stop_daemon
is 'outage: ... and no failure' "$rc" 0

# what does not fit into memory is counted, to the last flow
dir=$tmp/shed
mkdir "$dir"
echo "directory = \"$dir\" batch_flows = 100" >"$tmp/conf"
start_daemon "$dir" -c "$tmp/conf"
send --flows 50
until_true 2 has_flows "$dir" 50
shard=$(echo "$dir"/flows.*.sqlite)
lock "$shard"
send --flows 5000 --seed 2
trouble_begins 'a full memory'
all_read() { kill -USR1 "$pid"; logged 'decoder:.* flows=5050'; }
until_true 3 all_read
unlock
until_true 5 logged 'storing flows again'
stop_daemon
shed=$(sed -n 's/.* shed=\([0-9]*\) .*/\1/p' "$tmp/log" | tail -n 1)
is 'outage: what is shed and what is stored is all' \
    "$((shed + $(flows "$dir")))" 5050
holds 'outage: ... and memory was of use' [ "$(flows "$dir")" -ge 550 ]

# writes fail: no disk does that on demand, a limit on file sizes does
if command -v prlimit >/dev/null; then
	dir=$tmp/eio
	start_daemon "$dir"
	send --flows 300
	until_true 2 has_flows "$dir" 300
	prlimit --pid "$pid" --fsize=131072:
	send --flows 20000 --seed 2
	trouble_begins 'failing writes'
	holds 'outage: ... it is not taken for a full disk' \
	    logged 'cannot store.*disk I/O error'
	prlimit --pid "$pid" --fsize=unlimited:
	trouble_ends 'failing writes' 20300
	stop_daemon
	is 'outage: ... the shard is whole' "$(query "$(echo \
	    "$dir"/flows.*.sqlite)" 'PRAGMA integrity_check')" ok
else
	echo 'skip outage: failing writes: there is no prlimit'
fi

# the folder is gone, and comes again
dir=$tmp/gone
start_daemon "$dir"
send --flows 300
until_true 2 has_flows "$dir" 300
rm -r "$dir"
send --flows 300 --seed 2
trouble_begins 'a folder that is gone'
holds 'outage: ... and what went with it' logged 'removed while it was written'
mkdir "$dir"
trouble_ends 'a folder that is gone' 300
stop_daemon
is 'outage: ... and no failure' "$rc" 0

# a folder of a source is made again
dir=$tmp/sub
mkdir "$dir"
echo "directory = \"$dir\"
source \"s\" { address = { \"127.0.0.0/8\" } directory = \"a/b\" }" >"$tmp/conf"
start_daemon "$dir" -c "$tmp/conf"
send --flows 300
until_true 2 has_flows "$dir/a/b" 300
rm -r "$dir/a"
send --flows 300 --seed 2
holds 'outage: the folder of a source is made again' \
    until_true 3 has_flows "$dir/a/b" 300
stop_daemon

# a folder that may not be written: only new shards need it
as=
if [ "$(id -u)" -eq 0 ]; then
	as="setpriv --reuid 65534 --regid 65534 --clear-groups"
	$as true 2>/dev/null || as=none
fi
if [ "$as" = none ]; then
	echo 'skip outage: read-only folder: root may write everywhere'
else
	cp "$BUILD/flowdbd" "$tmp/flowdbd"
	chmod 755 "$tmp" "$tmp/flowdbd"
	dir=$tmp/ro
	mkdir "$dir"
	[ -z "$as" ] || chown 65534:65534 "$dir"
	: >"$tmp/log"
	$as "$tmp/flowdbd" -l "$dir" -b 127.0.0.1 -p "$port" -t 4 \
	    2>"$tmp/log" &
	pid=$!
	pids="$pids $pid"
	until_true 5 logged 'receiving on port'
	chmod 555 "$dir"
	send --flows 300
	trouble_begins 'a folder that may not be written'
	chmod 755 "$dir"
	trouble_ends 'a folder that may not be written' 300
	stop_daemon
	is 'outage: ... and no failure' "$rc" 0
fi

# a sealed shard in the place of the next one is not touched: the slot after
# that takes the flows
dir=$tmp/sealed
"$BUILD/flowgen" --flows 300 --start 2016-04-10T12:00:00Z \
    --pcap "$tmp/c.pcap" 2>/dev/null
"$BUILD/flowdbd" -r "$tmp/c.pcap" -l "$tmp/c" 2>/dev/null
until_true 4 slot_begins 4000
name() {
	n=$(date -u -d "@$1" +%Y%m%d%H%M%S)
	echo "$dir/flows.${n%00}.sqlite"
}
next=$(($(date +%s) / 4 * 4 + 4))
start_daemon "$dir" -t 4
cp -p "$tmp/c/flows.201604101200.sqlite" "$(name "$next")"
until_true 6 time_is "$next"
send --flows 200
in_later() { [ "$(query "$(name $((next + 4)))" \
    'SELECT count(*) FROM flow' 2>/dev/null)" = 200 ]; }
holds 'outage: a sealed shard in the way is passed over' until_true 2 in_later
holds 'outage: ... and stays as it is' cmp -s "$(name "$next")" \
    "$tmp/c/flows.201604101200.sqlite"
stop_daemon

# what exporters sent after their last flows is counted: at the end, and at the
# end of a slot
dir=$tmp/counts
"$BUILD/flowgen" --flows 40 --pcap "$tmp/few.pcap" 2>/dev/null
pcap_part "$tmp/few.pcap" 1 1 "$tmp/template.pcap"
packets() {
	for f in "$dir"/flows.*.sqlite; do
		query "$f" 'SELECT sum(packets) FROM exporter'
	done | awk '{ n += $1 } END { print n }'
}
start_daemon "$dir"
send --replay "$tmp/few.pcap"
until_true 2 has_flows "$dir" 40
before=$(packets)
send --replay "$tmp/template.pcap"
stop_daemon
is 'outage: reports without flows are stored at the end' \
    "$(packets)" $((before + 1))
start_daemon "$dir"
send --replay "$tmp/template.pcap"
stop_daemon
is 'outage: ... also when there were no flows since the start' \
    "$(packets)" $((before + 2))
rm -r "$dir"
start_daemon "$dir" -t 4
until_true 5 slot_begins 4000
send --replay "$tmp/few.pcap"
until_true 2 has_flows "$dir" 40
send --replay "$tmp/template.pcap"
is_sealed() { [ "$(stat -c %a "$dir"/flows.*.sqlite)" = 440 ]; }
until_true 8 is_sealed
is 'outage: ... and at the end of a slot' "$(packets)" $((before + 1))
stop_daemon
