#!/bin/sh
# flowq --backend against a real cluster: two ClickHouse servers on loopback,
# started here and ended here.  Hundreds of questions are put to shards, to one
# server and to both as a cluster, and every byte of the answers is compared;
# then what happens when a node is away, a password is wrong, the user
# interrupts, or a shard was not shipped yet.
#
#	FLOWDB_SLOW=1	every question to one server and to both; else each
#			filter once, and of the others one in some
#
# Prints "ok NAME", "not ok NAME", "skip NAME: why"; the last line counts.
set -u
cd "$(dirname "$0")/.." || exit 1
export TZ=UTC LC_ALL=C
unset FLOWDB_BACKEND FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD FLOWDB_DIR

[ "${1-}" = inside ] || exec scripts/counted.sh scripts/test-backend.sh

scripts/packages.sh cluster || {
	echo "skip backend: clickhouse-server cannot be installed"
	exit 0
}
: "${BUILD:=build}"
make -s "$BUILD/flowdbd" "$BUILD/flowq" "$BUILD/flowgen" "$BUILD/brute" || exit 1
# shellcheck source=scripts/cluster-lib.sh
. scripts/cluster-lib.sh
FLOWQ=$BUILD/flowq BRUTE=$BUILD/brute
# shellcheck source=scripts/backend-cases.sh
. scripts/backend-cases.sh
tmp=$(mktemp -d) || exit 1
SCRATCH=$tmp
servers=$(cluster_folder) || exit 1
trap 'cluster_stop "$servers"; rm -rf "$tmp" "$servers"' EXIT
trap 'exit 1' HUP INT TERM

# check NAME: the command before it was right
check() {
	if [ $? -eq 0 ]; then
		echo "ok backend $1"
	else
		echo "not ok backend $1"
	fi
}

# ---- flows ----

# What few exporters send, and what none should: each column NULL somewhere,
# IPv6 addresses that look like IPv4, equal ends, no path, all of extra.
make_rare() {
	for table in flow path; do
		step=97
		[ $table = flow ] || step=11
		sqlite3 "$1" "SELECT 'UPDATE $table SET ' || name ||
		    ' = NULL WHERE (id * 2654435761 + ' || cid ||
		    ' * 40503) % $step < 2;' FROM pragma_table_info('$table')
		    WHERE name <> 'id'"
	done >"$tmp/nulls"
	cat >"$tmp/rare" <<'END'
UPDATE flow SET src_addr = x'00000000000000000000ffff0a000001' WHERE id % 13 = 1;
UPDATE flow SET dst_addr = x'00000000000000000000ffff0a000001' WHERE id % 17 = 1;
UPDATE flow SET src_addr = x'0a000001' WHERE id % 19 = 1;
UPDATE flow SET dst_addr = src_addr WHERE id % 23 = 1;
UPDATE flow SET dst_port = src_port WHERE id % 29 = 1;
UPDATE flow SET src_addr = zeroblob(16) WHERE id % 31 = 1;
UPDATE flow SET packets = 0 WHERE id % 37 = 1;
UPDATE flow SET duration_ms = 0 WHERE id % 41 = 1;
UPDATE flow SET duration_ms = -5000 WHERE id % 1009 = 1;
UPDATE flow SET (first_ms, duration_ms, src_addr, dst_addr, src_port, dst_port,
    proto, packets, bytes, path) = (SELECT first_ms, 700000, src_addr, dst_addr,
    src_port, dst_port, proto, packets, bytes, path FROM flow AS o
    WHERE o.id = flow.id - 1) WHERE id % 43 = 2;
UPDATE flow SET duration_ms = 700000 WHERE id % 43 = 1;
UPDATE path SET sampling = 0 WHERE id % 7 = 2;
DELETE FROM path WHERE id % 29 = 5;
INSERT OR REPLACE INTO extra (id, out_packets, out_bytes, flows, in_src_mac,
    out_dst_mac, in_dst_mac, out_src_mac, nat_src_addr, nat_dst_addr,
    nat_src_port, nat_dst_port, nat_event, fw_event, fw_xevent, min_ttl,
    max_ttl, ether_type, end_reason, app_id, mpls1, mpls2, mpls3)
SELECT id, id * 7 % 1000, id * 977 % 100000, id % 5,
    CASE WHEN id % 2 THEN id * 77777 % 99991 END, id * 7 % 10, id % 10,
    281474976710655, x'c0a80101',
    CASE WHEN id % 5 = 0 THEN x'20010db8000000000000000000000001' END,
    id % 65536, 80, id % 3, id % 6, id % 1000, id % 64, 64 + id % 64, 2048,
    id % 6, id * 3, id * 16 + id % 16, id % 3 * 256 + 1, 17
FROM flow WHERE id % 3 = 0;
END
	sqlite3 "$1" "SELECT 'DROP TABLE ' || name || ';' FROM sqlite_master
	    WHERE type = 'table' AND name GLOB 'roll_*'" >"$tmp/rolls"
	cat >"$tmp/meta" <<'END'
UPDATE meta SET value = (SELECT max(max(sampling, 1)) FROM path)
    WHERE key = 'max_sampling';
UPDATE meta SET value = (SELECT min(ifnull(first_ms, 0)) FROM flow)
    WHERE key = 'first_ms';
UPDATE meta SET value = (SELECT max(ifnull(first_ms, 0) +
    ifnull(duration_ms, 0)) FROM flow) WHERE key = 'last_ms';
END
	chmod u+w "$1"
	{
		echo 'BEGIN;'
		cat "$tmp/rolls" "$tmp/nulls" "$tmp/rare" "$tmp/more" \
		    "$tmp/meta"
		echo 'COMMIT; ANALYZE;'
	} | sqlite3 "$1" && chmod a-w "$1"
}

# $1: a folder; $2 $3: flows, hours
make_shards() {
	"$BUILD/flowgen" --flows "$2" --hours "$3" --mix --seed 7 \
	    --pcap "$tmp/pcap" 2>"$tmp/log" &&
	    "$BUILD/flowdbd" -r "$tmp/pcap" -l "$1" 2>>"$tmp/log" && return
	cat "$tmp/log"
	return 1
}

# A day, a third of it rare; sums that no number holds in the other.
make_data() {
	make_shards "$tmp/day" 60000 24 || return 1
	: >"$tmp/more"
	n=0
	for shard in "$tmp"/day/flows.*.sqlite; do
		n=$((n + 1))
		[ $((n % 3)) -ne 0 ] || make_rare "$shard" || return 1
	done
	make_shards "$tmp/huge" 6000 2 || return 1
	cat >"$tmp/more" <<'END'
UPDATE flow SET packets = 9007199254740991, bytes = 9007199254740991
    WHERE id % 97 = 1;
UPDATE path SET sampling = 4294967295 WHERE id % 7 = 1;
END
	for shard in "$tmp"/huge/flows.*.sqlite; do
		make_rare "$shard" || return 1
	done
	[ "$(find "$tmp/day" -name 'flows.*.sqlite' | wc -l)" -ge 24 ]
}

# $1: folder; $2: database; $3: "" or all nodes
ship() {
	printf 'ship {\n database = "%s"\n collector = "edge"\n}\n' "$2" \
	    >"$tmp/ship.conf"
	if [ -n "${3-}" ]; then
		set -- "$1" "$NODE1,$NODE2" --cluster flowdb
	else
		set -- "$1" "$NODE1"
	fi
	dir=$1 nodes=$2
	shift 2
	"$BUILD/flowdbd" -c "$tmp/ship.conf" -l "$dir" --ship "$nodes" "$@" \
	    >"$tmp/out" 2>"$tmp/errors" && return
	cat "$tmp/out" "$tmp/errors"
	return 1
}

# group NAME FUNCTION SHARDS DATABASE STEP: the questions of backend-cases.sh,
# without FLOWDB_SLOW one in STEP of them
group() {
	backend_shards=$3 backend_url=$url/$4
	COMPARED=0 DIFFER=0 ASKED=0 BACKEND_STEP=$5
	[ -z "${FLOWDB_SLOW-}" ] || BACKEND_STEP=1
	window=2016/04/10.14:20:00-2016/04/10.19:10:00
	hours=2016/04/10.14:00:00-2016/04/10.18:59:59
	[ "$2" = rollups ] || hours=$window
	"backend_group_$2" $hours
	[ $DIFFER -eq 0 ]
	check "$1 $2: $COMPARED compared"
}

make_data
check "makes shards"
cluster_start "$servers" || { echo 'not ok backend: it does not start'; exit 1; }
url=clickhouse://${NODE1#http://}
ship "$tmp/day" one && ship "$tmp/day" two all && ship "$tmp/huge" huge all
check "ships"

while read -r what one two; do
	group "one node," "$what" "$tmp/day" one "$one"
	group "two nodes," "$what" "$tmp/day" two "$two"
done <<'END'
filters 14 2
statistics 20 8
rollups 13 5
aggregates 11 4
lists 11 4
series 11 4
windows 7 3
END
[ "$BACKEND_FILTERS" -ge 60 ]
check "tries $BACKEND_FILTERS filters"
for what in statistics aggregates lists rollups; do
	group "huge," $what "$tmp/huge" huge 9
done

# ---- what goes wrong ----

# ask ARGUMENTS: rc, and what was said
ask() {
	"$FLOWQ" "$@" >"$tmp/got" 2>"$tmp/said"
	rc=$?
}

says() { [ "$(wc -l <"$tmp/said")" -eq 1 ] && grep -q "$1" "$tmp/said"; }

ask --backend "$url/nothing" -I
[ $rc -eq 1 ] && says 'nothing'
check "no such database"
ask --backend "clickhouse://127.0.0.1:1/two" -I
[ $rc -eq 1 ] && says 'connect'
check "no server"
ask --backend "http://127.0.0.1" -I
[ $rc -eq 2 ] && grep -q 'clickhouse://HOST' "$tmp/said"
check "no URL of a cluster"
backend_shards=$tmp/day backend_url=$url/two DIFFER=0 BACKEND_STEP=1
for option in '' '-o csv' '-o json' "-t $window" "-t 2000/01/01-2000/01/02"; do
	# shellcheck disable=SC2086 # words
	backend_same --exporters --utc $option
done
[ $DIFFER -eq 0 ]
check "--exporters"
for option in --shell --top '--extract x' '--report x'; do
	# shellcheck disable=SC2086 # words
	ask --backend "$url/two" $option
	[ $rc -eq 2 ] && says 'reads shards' && [ ! -e x ]
	check "refuses $option"
done
ask --backend "$url/two" --explain -t "2016/04/10.14:20:00-2016/04/10.14:40:00" \
    --utc -s srcip -s dstip 'proto udp'
[ $rc -eq 0 ] && [ "$(grep -c "$url/two: .*sums from table flows, [1-9][0-9]* of 24 shards" \
    "$tmp/said")" -ge 2 ] && grep -q 'shards: 24 considered' "$tmp/said"
check "--explain"
# explains ARGUMENTS...: tables and shards that served it
explains() {
	ask --backend "$url/two" --explain --utc -q "$@"
	sed -n 's/.*: \(.* from tables\{0,1\} .*\) of 24 shards$/\1/p' \
	    "$tmp/said" | tr '\n' ';'
}
[ "$(explains -s dstip/bytes)" = "first sums from table roll_addr, 24;total from table roll_if, 24;" ]
check "--explain: a roll-up"
[ "$(explains -s dstip/bytes --no-rollup)" = "first sums from table flows, 24;total from table flows, 24;" ]
check "--explain: --no-rollup"
[ "$(explains -s ip/bytes 'proto udp')" = "first sums from table roll_addr, 24;total from table roll_if, 24;" ]
check "--explain: a roll-up of a pair"
[ "$(explains -s dstip/bytes 'dst port 53')" = "first sums from table flows, 24;total from table roll_port, 24;" ]
check "--explain: no roll-up has both"
FLOWDB_BACKEND_USER=alice FLOWDB_BACKEND_PASSWORD=nonsense
export FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD
ask --backend "$url/two" -I
[ $rc -eq 1 ] && says 'alice' && ! grep -q nonsense "$tmp/said"
check "wrong password"
FLOWDB_BACKEND_PASSWORD=$CLUSTER_PASSWORD
ask --backend "$url/two" -I
[ $rc -eq 0 ] && [ ! -s "$tmp/said" ]
check "right password"
unset FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD
FLOWDB_BACKEND=$url/two "$FLOWQ" -s srcip/bytes -o csv >"$tmp/got" &&
    "$FLOWQ" -R "$tmp/day" -s srcip/bytes -o csv | cmp -s - "$tmp/got"
check "environment"

# What it prints runs: as many rows as keys.
"$FLOWQ" --backend "$url/two" --sql -A dstport 'proto tcp' |
    sed 's/;$//' >"$tmp/sql"
[ "$(curl -sS --data-binary "@$tmp/sql" "$NODE1/" | wc -l)" -eq \
    "$("$FLOWQ" -R "$tmp/day" -A dstport -q 'proto tcp' | wc -l)" ]
check "--sql"

cluster_kill "$servers" 2
ask --backend "$url/two" -I
[ $rc -eq 1 ] && says 'node' && [ ! -s "$tmp/got" ]
check "a dead node is an error"
ask --backend "$url/two" --allow-partial -s srcip/bytes -o csv
[ $rc -eq 1 ] && says 'missing' && [ "$(wc -l <"$tmp/got")" -eq 11 ]
check "--allow-partial answers, warns and fails"
cluster_server "$servers" 2
ask --backend "$url/two" --allow-partial -I
[ $rc -eq 0 ] && [ ! -s "$tmp/said" ]
check "--allow-partial with all nodes there"

# Queries under way, but this one.
running() {
	cluster_sql "$NODE1" "SELECT count() FROM system.processes
	    WHERE query NOT LIKE '%system.processes%'"
}

# wait_for N: until so many run, some seconds
wait_for() {
	n=0
	until [ "$(running)" = "$1" ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || return 1
		sleep 0.05
	done
}

# Slow by itself: each row is read a million times.
cluster_sql "$NODE1" "CREATE DATABASE slow" &&
    cluster_sql "$NODE1" "CREATE VIEW slow.schema_version AS
	SELECT toUInt32(1) AS version" &&
    cluster_sql "$NODE1" "CREATE VIEW slow.shards AS SELECT * FROM one.shards" &&
    cluster_sql "$NODE1" "CREATE VIEW slow.flows AS SELECT * FROM one.flows
	WHERE sleepEachRow(0.001) = 0 AND flow_id > 0"
"$FLOWQ" --backend "$url/slow" -s record/bytes >"$tmp/got" 2>"$tmp/said" &
pid=$!
wait_for 1
check "a slow question runs"
kill -INT $pid
wait $pid
[ $? -eq 1 ] && says 'interrupted' && [ ! -s "$tmp/got" ] && wait_for 0
check "an interrupt ends it there too"

# ---- shards that are not there yet ----

mkdir "$tmp/part"
cp "$tmp"/day/flows.*.sqlite "$tmp/part"
last=$(find "$tmp/part" -name 'flows.*.sqlite' | sort | tail -n 1)
middle=$(find "$tmp/part" -name 'flows.*.sqlite' | sort | sed -n 7p)
mv "$last" "$middle" "$tmp"
ship "$tmp/part" part all
mv "$tmp/${last##*/}" "$tmp/${middle##*/}" "$tmp/part"

# together ARGUMENTS: cluster and shards against shards alone
together() {
	ask -R "$tmp/day" "$@"
	mv "$tmp/got" "$tmp/want"
	ask --backend "$url/part" -R "$tmp/part" "$@"
	[ $rc -eq 0 ] && cmp -s "$tmp/want" "$tmp/got" && return
	echo "flowq $*: status $rc: $(cat "$tmp/said")"
	diff "$tmp/want" "$tmp/got" | head -n 4
	bad=1
}

all_together() {
	bad=0
	together -I
	together -s srcip/bytes -n 0 -o csv
	together -o csv
	together -O bytes -n 100 -o csv
	together -O tstart -o csv 'proto udp'
	together --bin 5m -s proto -o csv 'first seen > 2016-04-10'
	together -t -9000 -s dstip -o csv
	together -c 30000 -n 29000 -o csv
	together -b -O bytes -n 50 -o csv
	together --exporters -o csv
	[ $bad -eq 0 ]
}

all_together
check "shards that are not shipped are added"
ask --backend "$url/part" -I
first=$(head -n 1 "$tmp/got")
ask -R "$tmp/day" -I
[ "$first" != "$(head -n 1 "$tmp/got")" ]
check "without -R they are missing"
# there already, but not yet entered as done: as while it is arriving
ship "$tmp/part" part all && sqlite3 "$tmp/part/ship.sqlite" \
    "UPDATE shipped SET done_ms = NULL WHERE path = '${middle##*/}'"
all_together
check "a shard that is just arriving counts once"
