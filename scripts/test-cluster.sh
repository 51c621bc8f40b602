#!/bin/sh
# Shipping against a real cluster: two ClickHouse servers on loopback, started
# here and ended here.  Every row of every shard is compared with SQLite's;
# then shipper and servers are killed, locked out and lied to, and the rows
# must be the same again.
#
#	FLOWDB_SLOW=1	four times as many flows, and ROUNDS=20
#	ROUNDS=n	how often shipper and server are killed (1)
#
# Prints "ok NAME", "not ok NAME", "skip NAME: why"; the last line counts.
set -u
cd "$(dirname "$0")/.." || exit 1
if [ -n "${FLOWDB_SLOW-}" ]; then
	: "${ROUNDS:=20}"
	rows=400 mixed=24000 missed=60
else
	: "${ROUNDS:=1}"
	rows=100 mixed=6000 missed=300
fi
export TZ=UTC LC_ALL=C
unset FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD

[ "${1-}" = inside ] || exec scripts/counted.sh scripts/test-cluster.sh

scripts/packages.sh cluster || {
	echo "skip cluster: clickhouse-server cannot be installed"
	exit 0
}
. scripts/cluster-lib.sh
. tests/daemon.sh
servers=$(cluster_folder) || exit 1
trap 'cluster_stop "$servers"; rm -rf "$servers"; end_all' EXIT
trap 'exit 1' HUP INT TERM
port=$(free_port)
cluster_start "$servers" || { echo 'not ok cluster: it does not start'; exit 1; }

make -s "$BUILD/flowdbd" "$BUILD/flowgen" "$BUILD/shards" || exit 1
data=$tmp/data
mkdir "$data"
hours=24
"$BUILD/shards" "$data" $hours $rows
# and real exports, so that roll-ups have something to sum up
"$BUILD/flowgen" --flows $mixed --hours 4 --mix --pcap "$tmp/mix.pcap" \
    2>/dev/null && "$BUILD/flowdbd" -r "$tmp/mix.pcap" -l "$data/mix" \
    2>"$tmp/log" || { echo "not ok cluster: $(cat "$tmp/log")"; exit 1; }
rm -f "$tmp/log"
n_shards=$(find "$data" -name 'flows.*.sqlite' | wc -l)

sql() { cluster_sql "$NODE1" "$1"; }
cat >"$tmp/ship.conf" <<END
directory = "$data"
ship {
    nodes = { "$NODE1", "$NODE2" }
    cluster = "flowdb"
    collector = "edge-1"
}
END
ship() {
	"$BUILD/flowdbd" -c "$tmp/ship.conf" --ship "$NODE1,$NODE2" "$@" \
	    >"$tmp/out" 2>"$tmp/err"
	rc=$?
}
summary() { echo "$rc $(tail -n 1 "$tmp/out")"; }

# ---- what must be there: all rows, by SQLite and by the engine ----

"$BUILD/flowdbd" --ship-schema |
    awk '/^\)/ { exit } /^  first_ms/ { on = 1 }
	on { gsub(/,/, ""); print $1, $2 }' >"$tmp/columns"
lite_columns=$(awk '{ printf ", %s", $2 ~ /Fixed/ ? "hex(" $1 ")" : $1 }' \
    "$tmp/columns" | sed 's/hex(\([a-z_]*\))/iif(\1 IS NULL, NULL, hex(\1))/g')
bit=1 house_columns=
while read -r name type; do
	case $type in
	*Fixed*)
		house_columns="$house_columns, if(startsWith(hex($name),
		    '00000000000000000000FFFF') AND bitAnd(mapped, $bit) = 0,
		    substring(hex($name), 25), hex($name))"
		bit=$((bit * 2)) ;;
	*)	house_columns="$house_columns, $name" ;;
	esac
done <"$tmp/columns"

# rows_lite DIR COLLECTOR, rows_house COLLECTOR
rows_lite() {
	for f in "$1"/flows.*.sqlite; do
		start=$(query "$f" "SELECT value / 1000 FROM meta
		    WHERE key = 'slot_start_ms'")
		sqlite3 -readonly -separator '	' -nullvalue '\N' "$f" "
		    SELECT '$2', $start, f.id, iif(e.id IS NULL, NULL, hex(e.address)),
		    e.version,
		    e.source_id, iif(e.name IS NULL, NULL, hex(e.name))
		    $lite_columns
		    FROM flow f LEFT JOIN path p ON p.id = f.path
		    LEFT JOIN (SELECT id, address, version, source_id, name
		    FROM exporter) e ON e.id = p.exporter
		    LEFT JOIN extra x ON x.id = f.id ORDER BY f.id"
	done
}
# the key of an exporter that is none is zeros there, NULL here
rows_house() {
	sql "SELECT collector, shard, flow_id,
	    if(exporter_version = 0, NULL, if(bitAnd(mapped, 128) = 0 AND
	    startsWith(hex(exporter_addr), '00000000000000000000FFFF'),
	    substring(hex(exporter_addr), 25), hex(exporter_addr))),
	    nullIf(exporter_version, 0),
	    if(exporter_version = 0, NULL, exporter_domain),
	    if(exporter_name = '', NULL, hex(exporter_name)) $house_columns
	    FROM flowdb.flows WHERE collector = '$1' ORDER BY shard, flow_id"
}
{ rows_lite "$data" edge-1; rows_lite "$data/mix" edge-1/mix; } >"$tmp/want"

# all_there NAME: each row once, as it is in SQLite
all_there() {
	{ rows_house edge-1; rows_house edge-1/mix; } >"$tmp/got"
	cmp -s "$tmp/got" "$tmp/want" ||
	    diff "$tmp/got" "$tmp/want" | head -n 4
	holds "$1" cmp "$tmp/got" "$tmp/want"
	for roll in addr port as if; do
		sql "SELECT sum(flows), sum(packets), sum(bytes) FROM
		    flowdb.roll_$roll WHERE side = 0"
	done | sort -u >"$tmp/got"
	sql 'SELECT count(), sum(packets), sum(bytes) FROM flowdb.flows' |
	    holds "$1, in roll-ups too" cmp "$tmp/got" -
}
stages() {
	for node in "$NODE1" "$NODE2"; do
		cluster_sql "$node" 'SHOW TABLES FROM flowdb'
	done | grep -c '^stage_'
}
start_over() {
	for node in "$NODE1" "$NODE2"; do
		cluster_sql "$node" 'DROP DATABASE IF EXISTS flowdb'
	done
	rm -f "$data"/ship.*
}

ship --ship-dry-run
is 'cluster: dry run' "$(summary)" \
    "0 0 shards (0 flows) sent, 0 were there, $n_shards would be sent"
is 'cluster: ... changes nothing' "$(find "$data" -name 'ship.*')$(
    sql "SHOW DATABASES" | grep flowdb)" ''
ship
n_flows=$(wc -l <"$tmp/want")
is 'cluster: ship' "$(summary)" \
    "0 $n_shards shards ($n_flows flows) sent, 0 were there, 0 are missing"
all_there 'cluster: every column of every flow is there'
for node in "$NODE1" "$NODE2"; do
	n=$(cluster_sql "$node" 'SELECT count() FROM flowdb.flows_local')
	holds "cluster: a fair part of it at $node" \
	    [ $((n * 10)) -gt $((n_flows * 4)) ]
done
is 'cluster: no staging table is left' "$(stages)" 0
holds 'cluster: both nodes were sent shards at once' [ "$(query \
    "$data/ship.sqlite" 'SELECT count(*) FROM shipped a JOIN shipped b ON
    a.node < b.node AND a.begun_ms < b.done_ms AND b.begun_ms < a.done_ms'
    )" -gt 0 ]
ship
is 'cluster: ship again' "$(summary)" \
    "0 0 shards (0 flows) sent, $n_shards were there, 0 are missing"
is 'cluster: table shards' "$(sql 'SELECT count(), sum(flows) FROM
    flowdb.shards')" "$n_shards	$n_flows"
is 'cluster: table exporters' "$(sql 'SELECT count(), sum(flows) FROM
    flowdb.exporters')" "$(find "$data" -name 'flows.*.sqlite' |
    while read -r f; do query "$f" 'SELECT count(*), sum(flows)
    FROM exporter'; done | awk -F '|' '{ a += $1; b += $2 }
    END { print a "\t" b }')"

# ---- roll-ups: by a scan in SQLite ----

# roll_lite COLUMN [OTHER]: its values, or where both are equal
roll_lite() {
	for f in "$data"/flows.*.sqlite "$data"/mix/flows.*.sqlite; do
		sqlite3 -readonly -separator '	' -nullvalue '\N' "$f" "
		    SELECT (SELECT value / 1000 FROM meta
		    WHERE key = 'slot_start_ms'),
		    iif(typeof($1) = 'blob', hex($1), $1), proto, sampling,
		    count(*), sum(ifnull(packets, 0)), sum(ifnull(bytes, 0)),
		    min(ifnull(first_ms, 0)),
		    max(ifnull(first_ms, 0) + ifnull(duration_ms, 0))
		    FROM flow f LEFT JOIN path p ON p.id = f.path
		    ${2:+WHERE $1 = $2} GROUP BY $1, proto, sampling"
	done | sort
}
# roll_house TABLE SIDE VALUE
roll_house() {
	sql "SELECT shard, if(bitAnd(nulls, 1) != 0, NULL, $3),
	    if(bitAnd(nulls, 2) != 0, NULL, proto),
	    if(bitAnd(nulls, 4) != 0, NULL, sampling), flows, packets, bytes,
	    first_ms, last_ms FROM flowdb.$1 WHERE side = $2" | sort
}
address="if(startsWith(hex(value), '00000000000000000000FFFF') AND
    bitAnd(nulls, 8) = 0, substring(hex(value), 25), hex(value))"
while read -r table side columns; do
	value=value
	[ "$table" != roll_addr ] || value=$address
	# shellcheck disable=SC2086 # one or two
	roll_lite $columns >"$tmp/roll.want"
	roll_house "$table" "$side" "$value" >"$tmp/roll.got"
	holds "cluster: $table of $columns" cmp "$tmp/roll.got" \
	    "$tmp/roll.want"
done <<'END'
roll_addr 0 src_addr
roll_addr 1 dst_addr
roll_addr 2 src_addr dst_addr
roll_port 0 src_port
roll_port 1 dst_port
roll_port 2 src_port dst_port
roll_as 0 src_as
roll_as 1 dst_as
roll_as 2 src_as dst_as
roll_if 0 in_if
roll_if 1 out_if
roll_if 2 in_if out_if
END

# ---- what goes wrong ----

rm -f "$data"/ship.*
ship
all_there 'cluster: the ledger was lost: each flow is there once'
for node in "$NODE1" "$NODE2"; do
	cluster_sql "$node" 'TRUNCATE TABLE flowdb.shards_local'
done
rm -f "$data"/ship.*
ship
all_there 'cluster: ... also when no node had a whole shard'
first=$(find "$data/mix" -name 'flows.*.sqlite' | sort | head -n 1)
touch -d '2026-11-25 00:00' "$first"
ship
is 'cluster: a shard that was replaced goes again' "$(summary |
    cut -d ' ' -f 1-3)" '0 1 shards'
all_there 'cluster: ... and is there once'

# between 0 and $1 ms
random_ms() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }
nap_ms() { sleep "$(awk -v ms="$1" 'BEGIN { print ms / 1000 }')"; }

start_over
i=0 killed=0
while [ $i -lt "$ROUNDS" ]; do
	i=$((i + 1))
	"$BUILD/flowdbd" -c "$tmp/ship.conf" --ship "$NODE1,$NODE2" \
	    >/dev/null 2>&1 &
	victim=$!
	nap_ms "$(random_ms 1500)"
	kill -9 $victim 2>/dev/null && killed=$((killed + 1))
	wait $victim 2>/dev/null
done
holds "cluster: the shipper was killed $killed times" [ $killed -gt 0 ]
ship
is 'cluster: ... then it ships all' "$rc" 0
all_there 'cluster: ... and each flow is there once'
is 'cluster: ... and no staging table is left' "$(stages)" 0

# what is left goes to the other server, so each round begins anew
i=0 broken=0
while [ $i -lt "$ROUNDS" ]; do
	start_over
	i=$((i + 1)) node=$((i % 2 + 1))
	"$BUILD/flowdbd" -c "$tmp/ship.conf" --ship "$NODE1,$NODE2" \
	    >/dev/null 2>"$tmp/err" &
	victim=$!
	nap_ms $((100 + $(random_ms 1200)))
	cluster_kill "$servers" $node
	wait $victim || broken=$((broken + 1))
	cluster_server "$servers" $node || exit 1
	ship
	is "cluster: server $node was killed, then it ships all" "$rc" 0
	all_there 'cluster: ... and each flow is there once'
done
holds "cluster: $broken of $ROUNDS runs noticed" [ $broken -gt 0 ]
is 'cluster: ... and no staging table is left' "$(stages)" 0

# one line, no password in it
FLOWDB_BACKEND_USER=alice FLOWDB_BACKEND_PASSWORD=looking-glass ship
is 'cluster: wrong password' "$rc $(grep -c 'Wrong password' "$tmp/err") $(
    cat "$tmp/err" "$tmp/out" | grep -c looking-glass)" '1 2 0'
FLOWDB_BACKEND_USER=alice FLOWDB_BACKEND_PASSWORD=$CLUSTER_PASSWORD ship
is 'cluster: the right one' "$rc" 0
sed "s/collector = .*/&; user = \"alice\"; password = \"$CLUSTER_PASSWORD\"/
    s/;/\n/g" "$tmp/ship.conf" >"$tmp/alice.conf"
"$BUILD/flowdbd" -c "$tmp/alice.conf" --ship "$NODE1,$NODE2" >"$tmp/out" 2>&1
is 'cluster: ... out of the configuration' "$?" 0

for node in "$NODE1" "$NODE2"; do
	cluster_sql "$node" 'DROP TABLE flowdb.schema_version'
	cluster_sql "$node" 'CREATE VIEW flowdb.schema_version AS
	    SELECT toUInt32(99) AS version'
done
ship
is 'cluster: tables of another version' "$rc $(grep -c 'of version 99' \
    "$tmp/err")" '1 2'
for node in "$NODE1" "$NODE2"; do
	cluster_sql "$node" 'DROP TABLE flowdb.schema_version'
done

# gzip, a single node, another database, then as part of the cluster
sed 's/cluster = .*/gzip = true/; s/"edge-1"/&\n database = "alone"/
    s/nodes = .*/nodes = { "'"$(echo "$NODE1" | sed 's|/|\\/|g')"'" }/' \
    "$tmp/ship.conf" >"$tmp/alone.conf"
"$BUILD/flowdbd" -c "$tmp/alone.conf" --ship "$NODE1" >"$tmp/out" 2>"$tmp/err"
rc=$?
is 'cluster: a single node, gzip' "$(summary)" \
    "0 $n_shards shards ($n_flows flows) sent, 0 were there, 0 are missing"
is 'cluster: ... is asked by the same name' "$(sql 'SELECT count(),
    sum(bytes) FROM alone.flows')" "$(sql 'SELECT count(), sum(bytes) FROM
    flowdb.flows')"
"$BUILD/flowdbd" -c "$tmp/alone.conf" --ship "$NODE1,$NODE2" \
    --cluster flowdb >"$tmp/out" 2>"$tmp/err"
is 'cluster: it becomes one of two' "$? $(sql "SELECT engine FROM
    system.tables WHERE database = 'alone' AND name = 'flows'")" \
    '0 Distributed'
is 'cluster: ... and nothing was doubled' "$(sql 'SELECT count(),
    sum(bytes) FROM alone.flows')" "$(sql 'SELECT count(), sum(bytes) FROM
    flowdb.flows')"

# a source whose folder is elsewhere
mkdir "$tmp/far"
cp "$data"/mix/flows.*.sqlite "$tmp/far"
cat >"$tmp/far.conf" <<END
directory = "$data"
source "far" { address = { "10.9.9.9" } directory = "$tmp/far" }
ship { nodes = { "$NODE1", "$NODE2" } cluster = "flowdb" collector = "edge-1" }
END
"$BUILD/flowdbd" -c "$tmp/far.conf" --ship "$NODE1,$NODE2" >"$tmp/out" 2>&1
is 'cluster: a source elsewhere goes too' "$? $(sql "SELECT count(),
    sum(bytes) FROM flowdb.flows WHERE collector = 'edge-1/far'")" \
    "0 $(sql "SELECT count(), sum(bytes) FROM flowdb.flows
    WHERE collector = 'edge-1/mix'")"
"$BUILD/flowdbd" -c "$tmp/far.conf" --ship "$NODE1,$NODE2" >"$tmp/out" 2>&1
is 'cluster: ... once' "$? $(tail -n 1 "$tmp/out" | cut -d ' ' -f 1-2)" \
    '0 0 shards'

# 24 hours back from the 12th hour of the random shards: the mix is older
sed "s/collector = .*/&\n max_age = \"$((($(date +%s) -
    1795392000) / 3600 - 11))h\"/" "$tmp/ship.conf" >"$tmp/expire.conf"
"$BUILD/flowdbd" -c "$tmp/expire.conf" --ship "$NODE1,$NODE2" >"$tmp/out" \
    2>"$tmp/err"
is 'cluster: old partitions go' "$? $(sql 'SELECT count(), min(shard) >=
    1795392000 + 11 * 3600 FROM flowdb.shards')" '0 12	1'
"$BUILD/flowdbd" -c "$tmp/expire.conf" --ship "$NODE1,$NODE2" >"$tmp/out"
is 'cluster: ... and are not sent again' "$(cut -d ' ' -f 1 "$tmp/out")" 0

# all goes again, but where it was: what is for one node waits for no other
start_over
ship
find "$data" -name 'flows.*.sqlite' -exec touch -d '2026-11-26 00:00' {} +
n_first=$(query "$data/ship.sqlite" "SELECT count(*) FROM shipped
    WHERE node = '$NODE1'")
cluster_kill "$servers" 2
ship
is 'cluster: a node is away, the other gets its part' "$(summary |
    sed 's/(.*)/./')" "1 $n_first shards . sent, 0 were there,\
 $((n_shards - n_first)) are missing"
cluster_server "$servers" 2 || exit 1

# ---- the daemon, with the engine away at first ----

start_over
cluster_kill "$servers" 1
cluster_kill "$servers" 2
ship
is 'cluster: the engine is away' "$rc $(grep -c "Couldn't connect" \
    "$tmp/err")" '1 2'
# an hour that was collected meanwhile, then what arrives now
"$BUILD/flowgen" --flows 2000 --hours 1 --pcap "$tmp/hour.pcap" 2>/dev/null &&
    "$BUILD/flowdbd" -r "$tmp/hour.pcap" -t $missed -l "$tmp/live" 2>/dev/null
n_missed=$(find "$tmp/live" -name 'flows.*.sqlite' | wc -l)
sed "s|directory.*|directory = \"$tmp/live\"\nslot = 2\nmetrics_file = \
\"$tmp/metrics\"|" "$tmp/ship.conf" >"$tmp/live.conf"
start_daemon "$tmp/live" -c "$tmp/live.conf"
send --flows 500
metric() { sed -n "s/^flowdb_ship_$1 //p" "$tmp/metrics" 2>/dev/null; }
has_backlog() { [ "$(metric backlog_shards)" -gt "$n_missed" ]; } 2>/dev/null
holds "cluster: the daemon has a backlog of more than $n_missed" \
    until_true 30 has_backlog
cluster_server "$servers" 1 && cluster_server "$servers" 2 || exit 1
arrived() {
	[ "$(sql "SELECT sum(flows) FROM flowdb.shards WHERE collector =
	    'edge-1'" 2>/dev/null)" = 2500 ]
}
holds 'cluster: ... which goes out when the engine is there' until_true 90 \
    arrived
is_told() { [ "$(metric backlog_shards)" = 0 ]; }
holds 'cluster: ... and then has none' until_true 20 is_told
stop_daemon
is 'cluster: ... and the daemon ends well' "$rc" 0
holds 'cluster: ... and told the trouble once' [ "$(grep -c 'cannot ship' \
    "$tmp/log")" -eq 1 ]

# ---- a server whose disk is full ----

if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	echo 'skip cluster: full disk: needs root, to mount a small one'
	exit 0
fi
# one too small for all: each of hundreds of columns is a file of its own
cluster_small "$servers" 48m || exit 1
sed "s|nodes = .*|nodes = { \"$NODE3\" }|" "$tmp/alone.conf" >"$tmp/small.conf"
small() {
	"$BUILD/flowdbd" -c "$tmp/small.conf" --ship "$NODE3" >"$tmp/out" \
	    2>"$tmp/err"
	rc=$?
}
rm -f "$data"/ship.*
small
n_sent=$(tail -n 1 "$tmp/out" | cut -d ' ' -f 1)
is 'cluster: the disk is full' "$rc $(wc -l <"$tmp/err")" '1 1'
holds 'cluster: ... and it says so' grep -qi 'space' "$tmp/err"
holds "cluster: ... after $n_sent of $n_shards shards" [ "$n_sent" -gt 0 ]
is 'cluster: ... nothing half done is seen' "$(cluster_sql "$NODE3" \
    'SELECT count() FROM alone.flows')" "$(cluster_sql "$NODE3" \
    'SELECT sum(flows) FROM alone.shards')"
small
is 'cluster: ... nor is one more sent' "$(summary)" "1 0 shards (0 flows)\
 sent, $n_sent were there, $((n_shards - n_sent)) are missing"
cluster_grow "$servers" 120m
small
is 'cluster: ... then there is room' "$rc $(tail -n 1 "$tmp/out" |
    sed 's/(.*)/./')" "0 $((n_shards - n_sent)) shards . sent,\
 $n_sent were there, 0 are missing"
is 'cluster: ... and each flow is there once' "$(cluster_sql "$NODE3" \
    'SELECT count(), sum(bytes) FROM alone.flows')" "$(cluster_sql "$NODE1" \
    'SELECT count(), sum(bytes) FROM alone.flows')"
is 'cluster: ... and no staging table is left' "$(cluster_sql "$NODE3" \
    'SHOW TABLES FROM alone' | grep -c '^stage_')" 0
