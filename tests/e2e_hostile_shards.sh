#!/bin/sh
# Files that claim to be shards: flowq answers, or refuses with one line that
# names the file and status 1.  It never crashes, hangs or believes that a view
# is a table.  (Run under ASan and UBSan by "make asan"; mutations of a sealed
# shard are in tests/test_mutants.c.)
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
command -v sqlite3 >/dev/null || {
	echo 'skip hostile shards: there is no sqlite3'
	exit 0
}
q=$BUILD/flowq
s=$tmp/flows.201604101200.sqlite

# a sealed shard of real form
"$BUILD/flowgen" --flows 3000 --pcap "$tmp/in.pcap" &&
    "$BUILD/flowdbd" -l "$tmp/d" -r "$tmp/in.pcap" >"$tmp/log" 2>&1
good=$(ls "$tmp"/d/flows.*.sqlite | head -n 1)
holds 'hostile shards: a shard to start from' test -n "$good"

# SQL of a shard's tables, without STRICT and types where they are in the way
ddl=$(sqlite3 "$good" "SELECT sql || ';' FROM sqlite_schema WHERE name IN
    ('flow', 'path', 'extra', 'exporter', 'meta')")
loose=$(printf '%s\n' "$ddl" | sed 's/ STRICT//; s/, *WITHOUT ROWID//; s/ WITHOUT ROWID//
    s/ NOT NULL//g; s/ INTEGER\([,) ]\)/ \1/g
    s/ PRIMARY KEY//')
marks='PRAGMA application_id = 0x666c6f77; PRAGMA user_version = 1;'
meta="INSERT INTO meta VALUES ('slot_start_ms', 1460289600000),
    ('slot_end_ms', 1460293200000), ('flows', 3), ('sealed', 1),
    ('first_ms', 1460289600000), ('last_ms', 1460293200000);"
rows="INSERT INTO exporter(id, address, version, source_id, name)
    VALUES (1, x'7f000001', 9, 0, 'r');
    INSERT INTO path(id, exporter, in_if, sampling) VALUES (1, 1, 7, 1);
    INSERT INTO flow(id, first_ms, duration_ms, src_addr, dst_addr, packets,
    bytes, path) VALUES (1, 1460289600000, 5, x'0a000001', x'0a000002', 1, 10,
    1), (2, 1460289600001, 5, x'0a000001', x'0a000002', 1, 10, 1),
    (3, 1460289600002, 5, x'0a000001', x'0a000002', 1, 10, 1);"

# The ways a shard is read: roll-ups, pages, SQL, index, list, sorting.
ask_all() {
	for args in '-s dstip/bytes' '-s record:p/bps --no-rollup' \
	    '-s ip -s router -s tos -s port:p/obytes' '-A srcnet,proto,inif' \
	    '-b' '-B -O tstart' '-I' '-o long' '-o csv' '-o json -O bytes' \
	    '-o extended -O obytes -c 2' '-s srcip host 10.0.0.1' \
	    '-t -10 -s any' '-t 2016-04-10T12:00Z..2016-04-10T12:10Z -s proto' \
	    '-c 2 -s srcip' '-s exporter in if 7' '-s mac not out if 5' \
	    '--threads 1 -s srcip out bytes > 5'; do
		case $args in *any*) args='-t -10 -s srcas' ;; esac
		# shellcheck disable=SC2086
		timeout -k 1 20 "$q" -r "$s" --no-dns $args >"$tmp/out" 2>"$tmp/err"
		rc=$?
		case $rc in
		0) refused=false ;;
		1)
			refused=true
			[ "$(wc -l <"$tmp/err")" -eq 1 ] &&
			    grep -q "^flowq: .*$s" "$tmp/err" || {
				echo "$args: $(head -c 300 "$tmp/err")"
				return 1
			}
			;;
		*)
			echo "$args: status $rc: $(head -c 2000 "$tmp/err")"
			return 1
			;;
		esac
	done
	return 0
}

# lies NAME WANT SQL...: WANT is refused, answered or either
lies() {
	name="hostile shards: $1" want=$2
	shift 2
	rm -f "$s" "$s-wal" "$s-shm"
	if ! sqlite3 "$s" "$@" >"$tmp/log" 2>&1; then
		echo "not ok $name: $(head -n 1 "$tmp/log")"
		return
	fi
	why=$(ask_all; echo "${refused:-}")
	last=$(printf '%s\n' "$why" | tail -n 1)
	why=$(printf '%s\n' "$why" | sed '$d')
	[ -z "$why" ] || { echo "not ok $name: $why"; return; }
	case $want$last in
	refusedfalse | answeredtrue) echo "not ok $name: not $want" ;;
	*) echo "ok $name" ;;
	esac
}

shard() { printf '%s\n' "$marks" "$ddl" "$meta" "$rows" "$@"; }
loose() { printf '%s\n' "$marks" "$loose" "$meta" "$rows" "$@"; }

lies 'a plain one' answered "$(shard)"
lies 'no types' answered "$(loose)"
lies 'no tables' refused "$marks"
lies 'another program' refused "$(shard 'PRAGMA application_id = 7')"
lies 'a version to come' refused "$(shard 'PRAGMA user_version = 99')"
lies 'flow as a view' refused "$(shard 'ALTER TABLE flow RENAME TO f;
    CREATE VIEW flow AS SELECT * FROM f')"
lies 'flow as an endless view' refused "$(shard 'ALTER TABLE flow RENAME TO f;
    CREATE VIEW flow AS WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT
    id + 1 FROM c) SELECT * FROM c')"
lies 'path as a view' refused "$(shard 'DROP TABLE path; CREATE VIEW path AS
    SELECT 1 AS id')"
lies 'flow as a virtual table' refused "$(shard 'DROP TABLE flow;
    CREATE VIRTUAL TABLE flow USING fts5(id, first_ms, src_addr)')"
lies 'flow without rowid' either "$(printf '%s\n' "$marks" "$ddl" "$meta" |
    sed '/^CREATE TABLE flow/,/^)/s/ STRICT/ STRICT, WITHOUT ROWID/') $rows"
lies 'a trigger' refused "$(shard "CREATE TRIGGER t AFTER INSERT ON flow
    BEGIN SELECT 1; END")"
lies 'a generated column' refused "$(shard 'ALTER TABLE flow ADD COLUMN g
    INTEGER GENERATED ALWAYS AS (bytes * 2)')"
lies '... without the words' refused "$(shard 'ALTER TABLE flow ADD COLUMN g
    INTEGER AS (bytes * 2)')"
lies 'a column missing' refused "$(shard 'ALTER TABLE flow DROP COLUMN bytes')"
lies 'a column more' answered "$(shard 'ALTER TABLE flow ADD COLUMN x INTEGER')"
lies 'indexes that are none' either "$(shard 'CREATE INDEX flow_src_addr ON
    path(id); CREATE INDEX flow_dst_addr ON flow(abs(bytes)) WHERE bytes < 0')"
lies 'texts for numbers' answered "$(loose "UPDATE flow SET bytes = 'many',
    packets = '-9', first_ms = 'now', src_port = 'x', path = 'y'")"
lies 'reals for numbers' answered "$(loose 'UPDATE flow SET bytes = 1e300,
    packets = -0.5, first_ms = 1e18, duration_ms = -1e300, proto = 6.5')"
lies 'blobs for numbers' answered "$(loose "UPDATE flow SET bytes = x'00',
    first_ms = zeroblob(100), src_port = zeroblob(2), proto = x'06'")"
lies 'addresses of any length' either "$(loose "UPDATE flow SET src_addr =
    zeroblob(id), dst_addr = 'text'")"
lies 'addresses of a megabyte' either "$(loose "UPDATE flow SET src_addr =
    zeroblob(1000000), dst_addr = 12")"
lies 'the ends of numbers' answered "$(shard 'UPDATE flow SET
    first_ms = -9223372036854775808, duration_ms = 9223372036854775807,
    bytes = 9223372036854775807, packets = -9223372036854775808,
    src_port = 70000, proto = 300, tcp_flags = -1;
    UPDATE path SET sampling = 4294967295')"
lies 'the other ends' answered "$(shard 'UPDATE flow SET
    first_ms = 9223372036854775807, duration_ms = 9223372036854775807,
    bytes = -1, packets = 0; UPDATE path SET sampling = -5')"
lies 'all at the same end' answered "$(shard 'UPDATE flow SET
    first_ms = iif(id % 2, 9223372036854775807, -9223372036854775808),
    duration_ms = -9223372036854775808, bytes = -9223372036854775808')"
lies 'nothing but NULL' answered "$(shard 'UPDATE flow SET first_ms = NULL,
    duration_ms = NULL, src_addr = NULL, dst_addr = NULL, bytes = NULL,
    packets = NULL, path = NULL; UPDATE path SET exporter = NULL')"
lies 'path ids without end' refused "$(shard 'UPDATE path SET id = 1 << 62')"
lies 'path ids that are texts' either "$(loose "INSERT INTO path(id) VALUES
    ('-5'), ('zzz')")"
lies 'flow ids below 1' refused "$(shard 'UPDATE flow SET id = -id')"
lies 'flow ids without end' refused "$(shard 'UPDATE flow SET
    id = 9223372036854775807 - id')"
lies 'an exporter of a megabyte' answered "$(shard "UPDATE exporter SET
    name = printf('%.*c', 1000000, 'x')")"
lies 'an exporter with escapes' answered "$(shard "UPDATE exporter SET
    name = char(27) || '[2J' || char(7, 13, 10, 0, 155) || '=1+1'")"
is 'hostile shards: ... which reach no terminal' "$("$q" -r "$s" \
    -o 'fmt:%exn %ra %ts' 2>&1 | tr -d '\n -~' | wc -c)" 0
lies 'meta: less than nothing' answered "$(shard "UPDATE meta SET value = -5
    WHERE key = 'flows'")"
lies 'meta: ends before it begins' answered "$(shard "UPDATE meta SET
    value = 9223372036854775807 WHERE key = 'first_ms'; UPDATE meta SET
    value = -9223372036854775808 WHERE key = 'last_ms'")"
lies 'meta: empty' answered "$(shard 'DELETE FROM meta')"
lies 'meta: the ends of time' answered "$(shard "UPDATE meta SET
    value = -9223372036854775808 WHERE key LIKE '%_ms'")"
lies 'sealed, but with a log' answered 'PRAGMA journal_mode = WAL' "$(shard)"
roll=
for r in src_addr dst_addr same_addr src_port in_if; do
	roll="$roll CREATE TABLE roll_$r($(echo "$r" | sed 's/same/src/'), proto,
	    sampling, flows, packets, bytes, first_ms, last_ms);
	    INSERT INTO roll_$r VALUES (x'0a000001', 6, 7, -9223372036854775808,
	    -1, 'x', 1e300, NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	    NULL), ('a', 700, -1, 9223372036854775807, 9223372036854775807,
	    9223372036854775807, -9223372036854775808, 9223372036854775807);"
done
lies 'roll-ups with lies' answered "$(shard "$roll")"
lies 'roll-ups of other columns' either "$(shard 'CREATE TABLE
    roll_dst_addr(a); CREATE TABLE roll_src_addr(src_addr)')"
lies 'a roll-up as a view' answered "$(shard 'CREATE VIEW roll_dst_addr AS
    SELECT 1 AS dst_addr')"
lies 'statistics with lies' answered "$(shard "CREATE INDEX flow_src_addr ON
    flow(src_addr); CREATE INDEX flow_dst_addr ON flow(dst_addr); ANALYZE;
    UPDATE sqlite_stat1 SET stat = '-1 99999999999999999999 sz=0'")"

# whole files
cut_at() {
	rm -f "$s" "$s-wal" "$s-shm"
	head -c "$1" "$good" >"$s"
}
size=$(stat -c %s "$good")
for n in 0 1 16 99 100 512 16383 16384 16385 $((size / 2)) $((size - 16384)) \
    $((size - 1)); do
	cut_at "$n"
	why=$(ask_all)
	is "hostile shards: cut after $n bytes" "$why" ''
done
rm -f "$s"
mkdir "$s"
"$q" -r "$s" >"$tmp/out" 2>"$tmp/err"
is 'hostile shards: a folder of that name' "$? $(wc -l <"$tmp/err")" '1 1'
rmdir "$s"
mkfifo "$s"
timeout -k 1 5 "$q" -r "$s" >"$tmp/out" 2>"$tmp/err"
is 'hostile shards: a pipe of that name' "$? $(wc -l <"$tmp/err")" '1 1'
rm "$s"
