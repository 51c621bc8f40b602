#!/bin/sh
# A day in the life of flowdbd: started as somebody types it who knows nfcapd,
# read while it writes, rotated, stopped, started again, and twice by mistake.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)

is_gone() { ! kill -0 "$1" 2>/dev/null; }
is_sealed() { [ "$(stat -c %a "$1")" = 440 ]; }
is_plain() { [ ! -e "$1-wal" ] && [ ! -e "$1-shm" ] && [ ! -e "$1-journal" ]; }
pragma() { sqlite3 -readonly "$1" "PRAGMA $2"; }

# What 300 flows of a seed are, from the same generator but by a capture.
reference() {
	"$BUILD/flowgen" --flows 300 --seed "$1" --pcap "$tmp/$1.pcap" \
	    2>/dev/null
	"$BUILD/flowdbd" -r "$tmp/$1.pcap" -l "$tmp/reference" 2>/dev/null
}
reference 1
reference 2
dump "$tmp/reference" >"$tmp/want"
is "daemon: the reference has all flows" "$(wc -l <"$tmp/want")" 600

# as typed: nothing but what nfcapd has, not even a folder that exists
far_from_slot_end 3600000 || until_true 20 far_from_slot_end 3600000
mkdir "$tmp/srv"
dir=$tmp/srv/cisco
(cd "$tmp" && exec "$OLDPWD/$BUILD/flowdbd" -w -D -l srv/cisco -p "$port" \
    -P flowdbd.pid) >"$tmp/out" 2>&1
is "daemon: -D comes back when it is ready" "$? $(cat "$tmp/out")" "0 "
pid=$(cat "$tmp/flowdbd.pid")
pids=$pid
is "daemon: the folder is not for all" "$(stat -c %a "$dir")" 750
send --flows 300 --seed 1
holds "daemon: flows are seen within a second" \
    until_true 1 has_flows "$dir" 300
shard=$(echo "$dir"/flows.*.sqlite)
is "daemon: the name is the hour, in UTC" "$(basename "$shard")" \
    "flows.$(date -u +%Y%m%d%H00).sqlite"
is "daemon: the live shard is for its group" "$(stat -c %a "$shard")" 640
is "daemon: the live shard is read while written" \
    "$(pragma "$shard" journal_mode)" wal
is "daemon: the view tells times and addresses" "$(query "$shard" \
    "SELECT count(*) FROM flows WHERE first_seen LIKE '2016-04-1%'
    AND exporter LIKE '127.0.0.%' AND src_addr GLOB '*[.:]*'
    AND proto IS NOT NULL")" 300
kill -TERM "$pid"
holds "daemon: SIGTERM ends it" until_true 5 is_gone "$pid"
pids=
holds "daemon: the pid file is gone" test ! -e "$tmp/flowdbd.pid"
holds "daemon: one plain file is left" is_plain "$shard"
is "daemon: ... out of WAL mode" "$(pragma "$shard" journal_mode)" delete
is "daemon: ... not sealed" "$(stat -c %a "$shard")" 640

# again, in the same hour; what comes just before the signal counts as well
start_daemon "$dir"
send --flows 300 --seed 2
stop_daemon
is "daemon: SIGTERM is no failure" "$rc" 0
is "daemon: the same shard goes on" "$(shards "$dir")" 1
dump "$dir" >"$tmp/got"
holds "daemon: no flow is lost or doubled" cmp -s "$tmp/got" "$tmp/want"
is "daemon: the shard is whole" "$(pragma "$shard" integrity_check)" ok
holds "daemon: counters are logged at the end" logged ' flows=300'

# two on one folder
start_daemon "$dir"
"$BUILD/flowdbd" -l "$dir" -b 127.0.0.1 -p "$(free_port)" 2>"$tmp/err"
is "daemon: the second on a folder is refused" \
    "$? $(sed "s|$tmp/srv/||" "$tmp/err")" \
    "1 flowdbd: cisco: another flowdbd, process $pid writes there"
"$BUILD/flowdbd" -l "$dir" -r "$tmp/1.pcap" 2>"$tmp/err"
is "daemon: ... also one that reads a capture" "$?" 1
kill -USR1 "$pid"
holds "daemon: SIGUSR1 logs counters" until_true 2 logged 'datagrams=0 .*stored=0'
stop_daemon KILL
start_daemon "$dir"
holds "daemon: a killed one leaves no lock" kill -0 "$pid"
stop_daemon INT
is "daemon: SIGINT is as SIGTERM" "$rc" 0

# rotation, with nothing to drive it
dir=$tmp/rotate
start_daemon "$dir" -t 2
until_true 3 slot_begins 2000
send --flows 300
until_true 2 has_flows "$dir" 300
shard=$(echo "$dir"/flows.*.sqlite)
holds "daemon: a slot ends without traffic" until_true 6 is_sealed "$shard"
until_true 6 time_is $(($(date +%s) + 4))
is "daemon: a slot without flows makes no shard" "$(shards "$dir")" 1
is "daemon: a sealed shard is one file" "$(ls "$dir")" "$(basename "$shard")"
is "daemon: ... out of WAL mode" "$(pragma "$shard" journal_mode)" delete
is "daemon: ... whole" "$(pragma "$shard" integrity_check)" ok
is "daemon: ... of all flows" "$(flows "$dir")" 300
is "daemon: ... which the roll-up has, too" "$(query "$shard" \
    'SELECT sum(flows) FROM roll_dst_addr')" 300
is "daemon: ... indexed by address" "$(query "$shard" \
    "SELECT count(*) FROM sqlite_schema WHERE name IN
    ('flow_src_addr', 'flow_dst_addr')")" 2

# every slot of a minute has a file of its own; templates alone end one, too
until_true 3 slot_begins 2000
send --flows 300
until_true 2 has_flows "$dir" 600
is "daemon: the next slot has its own shard" "$(shards "$dir")" 2
shard=$(ls "$dir"/flows.*.sqlite | tail -n 1)
pcap_part "$tmp/1.pcap" 1 1 "$tmp/template.pcap"
send_templates() {
	send --replay "$tmp/template.pcap"
	is_sealed "$shard"
}
holds "daemon: traffic without flows ends a slot" until_true 6 send_templates
is "daemon: ... and makes no shard" "$(shards "$dir")" 2
stop_daemon

# the same folder with longer slots: the short ones lie in this hour, the last
# of them not sealed
until_true 3 slot_begins 2000
start_daemon "$dir" -t 2
send --flows 300
until_true 2 has_flows "$dir" 900
shard=$(ls "$dir"/flows.*.sqlite | tail -n 1)
stop_daemon
far_from_slot_end 3600000 || until_true 20 far_from_slot_end 3600000
start_daemon "$dir"
send --flows 300
until_true 2 has_flows "$dir" 1200
holds "daemon: another slot length starts with this hour" \
    test -e "$dir/flows.$(date -u +%Y%m%d%H00).sqlite"
holds "daemon: ... and the short ones are sealed" until_true 3 is_sealed "$shard"
stop_daemon
# templates outlive the daemon: first they alone, then data alone
dir=$tmp/templates
"$BUILD/flowgen" --flows 40 --pcap "$tmp/few.pcap" 2>/dev/null
pcap_part "$tmp/few.pcap" 1 1 "$tmp/template.pcap"
pcap_part "$tmp/few.pcap" 2 99 "$tmp/data.pcap"
start_daemon "$dir"
send --replay "$tmp/template.pcap"
stop_daemon
holds "daemon: a template alone makes no flow" logged ' templates='
start_daemon "$dir"
send --replay "$tmp/data.pcap"
holds "daemon: templates survive a restart" until_true 2 has_flows "$dir" 40
stop_daemon

# many flows take a while to seal: nobody who reads is shut out meanwhile
dir=$tmp/readers
"$BUILD/flowgen" --flows 200000 --start 2016-04-10T12:00:00Z --rate 100 \
    --pcap "$tmp/big.pcap" 2>/dev/null
"$BUILD/flowdbd" -r "$tmp/big.pcap" -l "$dir" 2>"$tmp/log" &
pid=$!
pids=$pid
shard=$dir/flows.201604101200.sqlite
# out of WAL mode, a writer shuts readers out: so only when all is built
alone="delete
0"
reads=0 wrong=0
until is_gone "$pid"; do
	mode=$(sqlite3 -readonly "$shard" "PRAGMA journal_mode;
	    SELECT value FROM meta WHERE key = 'sealed'" 2>/dev/null)
	[ "$mode" != "$alone" ] || wrong=$((wrong + 1))
	reads=$((reads + 1))
done
wait "$pid"
pids=
is "daemon: reading while it is sealed ($reads times)" "$wrong" 0
