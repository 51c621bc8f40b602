#!/bin/sh
# flowq --extract: the new shard answers as the shards did through the same
# filter and window; it is a good shard; nothing is left behind or replaced
# where something went wrong.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data=$tmp/data out=$tmp/out
mkdir "$out"
flowq=$BUILD/flowq
is() { [ "$2" = "$3" ] && echo "ok extract $1" ||
    echo "not ok extract $1: got '$2', want '$3'"; }

"$BUILD/flowgen" --flows 20000 --hours 3 --mix --seed 5 \
    --pcap "$tmp/flows.pcap" 2>"$tmp/log" &&
    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log" || {
	cat "$tmp/log"
	echo "not ok extract: the flows could not be stored"
	exit 1
}

if command -v sqlite3 >/dev/null 2>&1; then
	# fields that the generator does not send
	first=$(ls "$data"/*.sqlite | head -n 1)
	chmod u+w "$first"
	sqlite3 "$first" "INSERT INTO extra (id, out_packets, in_src_mac,
	    nat_src_addr, mpls10) SELECT id, id, 1234567, x'0a000001',
	    nullif(id % 3, 0) FROM flow WHERE id % 7 = 0" || exit 1
	chmod 440 "$first"
fi

# What is asked of both: lists with everything that is stored, statistics.
same() {
	file=$1
	shift
	for ask in '-o ndjson' '-o csv -O bytes -n 50' '-o csv -s ip/bytes -n 0' \
	    '-o csv -s srcport:p/flows -n 0' '-o csv -s proto -n 0' \
	    '-o csv -s if/bps -n 0' '-o csv -s router -n 0' \
	    '-o csv -s tos -n 0' '-o csv -A srcip4/16,dstport -n 0' \
	    '--raw -o csv -s dstip/bytes -n 0' '--bin 5m -o csv' '-I'; do
		# bins widen the window beyond what was extracted
		case "$ask $*" in --bin*\ -t\ *) continue ;; esac
		"$flowq" -R "$data" $ask "$@" >"$tmp/want" 2>/dev/null &&
		    "$flowq" -r "$file" $ask >"$tmp/got" &&
		    [ -s "$tmp/want" ] && cmp -s "$tmp/want" "$tmp/got" && continue
		echo "# $ask"
		diff "$tmp/want" "$tmp/got" | head -n 4
		return 1
	done
}

n=0
while IFS='|' read -r options filter; do
	n=$((n + 1)) file=$out/$n.sqlite
	if "$flowq" -R "$data" $options --extract "$file" "$filter" \
	    2>"$tmp/log" && same "$file" $options "$filter"; then
		echo "ok extract $options $filter"
	else
		echo "not ok extract $options $filter: $(cat "$tmp/log")"
	fi
done <<'CASES'
|any
|proto udp
|dst net 192.168.10.0/24 and src port > 1000
|ipv6 or port 53
-t 2016/04/10.12:30-2016/04/10.13:10 --utc|proto tcp
-t 2016/04/10.12:30-2016/04/10.13:10 --utc --within|any
-c 500|proto tcp
CASES
file=$out/1.sqlite

meta() { sqlite3 "$1" "SELECT value FROM meta WHERE key = '$2'"; }
if command -v sqlite3 >/dev/null 2>&1; then
	is 'integrity' "$(sqlite3 "$file" 'PRAGMA integrity_check')" ok
	is 'slot' "$(meta "$file" slot_start_ms) $(meta "$file" slot_end_ms)" \
	    "1460289600000 1460300400000"
	is 'sealed, out of WAL mode' "$(meta "$file" sealed) $(sqlite3 "$file" \
	    'PRAGMA journal_mode')" "1 delete"
	is 'rare fields came along' "$(for f in "$data"/*.sqlite; do
	    sqlite3 "$f" 'SELECT count(*) FROM extra'; done |
	    awk '{ n += $1 } END { print (n > 0), n }')" \
	    "1 $(sqlite3 "$file" 'SELECT count(*) FROM extra')"
	is 'what exporters counted is added up' "$(for f in "$data"/*.sqlite; do
	    sqlite3 "$f" 'SELECT sum(packets) FROM exporter'; done |
	    awk '{ n += $1 } END { print n }')" \
	    "$(sqlite3 "$file" 'SELECT sum(packets) FROM exporter')"
	is 'no path twice' "$(sqlite3 "$file" 'SELECT count(*) FROM (SELECT
	    count(*) FROM path GROUP BY exporter, in_if, out_if, sampling, tos,
	    next_hop, src_mask, dst_mask, direction, src_vlan, dst_vlan,
	    dst_tos, bgp_next_hop, engine_type, engine_id, obs_domain)')" \
	    "$(sqlite3 "$file" 'SELECT count(*) FROM path')"
else
	echo "skip extract meta: there is no sqlite3 to look at it"
fi
if command -v sqlite3 >/dev/null 2>&1; then
	# tables of a stranger: no types, no keys, values of any kind
	cp "$file" "$tmp/odd.sqlite"
	chmod u+w "$tmp/odd.sqlite"
	sqlite3 "$tmp/odd.sqlite" <<'SQL'
DROP VIEW flows;
CREATE TABLE e AS SELECT * FROM exporter; DROP TABLE exporter;
ALTER TABLE e RENAME TO exporter;
INSERT INTO exporter (id, address, version, source_id) VALUES
    ('text', x'01', 9, 0), (77777777, x'02', 9, 1), (-5, x'03', 9, 1),
    (3.5, 'text', 'text', 'text'), (NULL, NULL, NULL, NULL);
UPDATE exporter SET packets = 'many', name = x'ff' WHERE id = 1;
CREATE TABLE p AS SELECT * FROM path; DROP TABLE path;
ALTER TABLE p RENAME TO path;
UPDATE path SET exporter = 77777777, in_if = 'text' WHERE id % 3 = 0;
UPDATE path SET next_hop = x'0102', id = 'text' || id WHERE id % 3 = 1;
CREATE TABLE f AS SELECT * FROM flow; DROP TABLE flow;
ALTER TABLE f RENAME TO flow;
UPDATE flow SET src_addr = 'text', bytes = 1.5 WHERE id % 5 = 0;
UPDATE flow SET path = -1, first_ms = NULL WHERE id % 5 = 1;
UPDATE flow SET path = 9223372036854775807, duration_ms = -7 WHERE id % 5 = 2;
SQL
	"$flowq" -r "$tmp/odd.sqlite" -q --extract "$out/odd.sqlite" \
	    2>"$tmp/log"
	is 'a foreign shard' "$? $(cat "$tmp/log") $(sqlite3 "$out/odd.sqlite" \
	    'PRAGMA integrity_check; SELECT count(*) FROM flow')" \
	    "0  $(printf 'ok\n20000')"
	for ask in '--bin 1d -t 2016/04' '--bin 1d -s srcip'; do
		"$flowq" -r "$tmp/odd.sqlite" $ask -o csv >/dev/null 2>"$tmp/log"
		is "... $ask" "$? $(cat "$tmp/log")" '0 '
	done
fi
is 'mode' "$(stat -c %a "$file")" 440
"$flowq" -r "$file" -s srcip --explain 2>&1 >/dev/null | grep -q roll_src_addr
is 'roll-ups are there and used' "$?" 0
"$flowq" -r "$file" -q --extract "$out/again.sqlite" 2>"$tmp/log" &&
    same "$out/again.sqlite" any
is 'an extract of an extract' "$? $(cat "$tmp/log")" "0 "
"$flowq" -R "$data" --extract "$out/none.sqlite" 'src as 4294967295' 2>"$tmp/log"
is 'no flows: an empty shard' "$? $("$flowq" -r "$out/none.sqlite" -o csv -q)" "0 "

# refused NAME TEXT OPTIONS...: status 1 or 2, and nothing changed
refused() {
	name=$1 text=$2
	shift 2
	before=$(ls -lA --time-style=full-iso "$out" "$data" | cksum)
	"$flowq" -R "$data" "$@" 2>"$tmp/log"
	rc=$?
	case $rc:$(cat "$tmp/log") in
	[12]:"flowq: "$text) ;;
	*) echo "not ok extract $name: status $rc, $(cat "$tmp/log")"
	    return ;;
	esac
	is "$name" "$(ls -lA --time-style=full-iso "$out" "$data" | cksum)" \
	    "$before"
}
shard=$(ls "$data"/*.sqlite | head -n 1)
refused 'refuses to overwrite' "$file is there already*" --extract "$file"
refused 'not a source' '*one of the shards*' --force --extract "$shard"
refused 'no folder there' '*: No such file*' --extract "$tmp/none/x.sqlite"
refused 'a folder is there' '*no plain file' --force --extract "$out"
refused 'with a statistic' '*takes no -s*' --extract "$out/x" -s srcip
refused '--force alone' '*goes with --extract*' --force
ln -s "$file" "$out/link"
refused 'a link' '*no plain file' --force --extract "$out/link"
rm "$out/link"
# a full disk: files may not grow beyond half of the result
limit=$(($(stat -c %s "$file") / 1024))
full_refused() {
	before=$(ls -lA --time-style=full-iso "$out" | cksum)
	(ulimit -f "$limit"; exec "$BUILD/flowq" -R "$data" "$@") 2>"$tmp/log"
	is "$name" "$? $(ls -lA --time-style=full-iso "$out" | cksum)" \
	    "1 $before"
	case $(cat "$tmp/log") in
	"flowq: $out/"*.sqlite' is not written: '*) echo "ok extract ... told" ;;
	*) echo "not ok extract ... told: $(cat "$tmp/log")" ;;
	esac
}
name='a full disk leaves nothing behind' full_refused --extract "$out/x.sqlite"
name='... and the old file' full_refused --force --extract "$file"
"$flowq" -R "$data" --force --extract "$file" 'proto udp' 2>"$tmp/log"
is '--force' "$? $(cat "$tmp/log")" "0 flowq: $("$flowq" -R "$data" -q -o csv \
    'proto udp' | wc -l) flows of 3 shards in $file"
