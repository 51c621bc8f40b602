#!/bin/sh
# flowq --explain: what it says of each shard against what sqlite3 finds there.
set -u
: "${BUILD:=build}"
command -v sqlite3 >/dev/null 2>&1 || {
	echo "skip explain: there is no sqlite3"
	exit 0
}
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data=$tmp/data
flowq=$BUILD/flowq

tell() {
	if [ "$2" = "$3" ]; then
		echo "ok explain $1"
	else
		echo "not ok explain $1"
		printf 'got  %s\nwant %s\n' "$2" "$3" | head -n 20
	fi
}

# store DIR FLOWGEN-OPTIONS
store() {
	dir=$1
	shift
	if ! "$BUILD/flowgen" "$@" --pcap "$tmp/flows.pcap" 2>"$tmp/log" ||
	    ! "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$dir" 2>"$tmp/log"
	then
		cat "$tmp/log"
		echo "not ok explain: the flows could not be stored"
		exit 1
	fi
	rm "$tmp/flows.pcap"
}

# The lines of shards, as "rows passed HH: what"
lines() {
	"$flowq" -R "$data" --utc --explain -o null "$@" 2>&1 |
	    sed -n 's/^ *\([0-9-]*\)  *\([0-9-]*\)  *[0-9.]*  .*flows\.20160410\(..\)00\.sqlite: /\1 \2 \3: /p'
}

# The same from SQL: for each shard the number of rows, those that pass, and
# what is expected; all: no filter.
want() {
	rows=$1 passed=$2 how=$3
	for shard in "$data"/*.sqlite; do
		hour=${shard##*/flows.20160410}
		sqlite3 -separator ' ' "$shard" "SELECT $rows, $passed"" ||
		    ' ${hour%00.sqlite}: $how'"
	done
}

store "$data" --flows 2000 --hours 4 --mix --seed 7
all="(SELECT count(*) FROM flow)"
tcp="(SELECT count(*) FROM flow WHERE proto = 6)"
host="(SELECT count(*) FROM flow WHERE dst_addr = x'c0a80a39')"
roll="(SELECT count(*) FROM roll_dst_addr)"

tell "a roll-up" "$(lines -s dstip)" "$(want "$roll" "$roll" \
    "roll-up roll_dst_addr")"
tell "an index" "$(lines -s srcip 'dst ip 192.168.10.57')" \
    "$(want "$host" "$host" "table flow by index flow_dst_addr (no roll-up has all fields asked for)")"
tell "a part of a roll-up" "$(lines -s dstip 'dst ip 192.168.10.57' |
    sed 's/.*: //' | sort -u)" \
    "roll-up roll_dst_addr by its order"
tell "a scan, and why" "$(lines -s tos tcp)" "$(want "$all" "$tcp" \
    "scan of flow (no roll-up has all fields asked for)")"
tell "--no-rollup" "$(lines -s dstip --no-rollup)" "$(want "$all" "$all" \
    "scan of flow (--no-rollup)")"
tell "--no-index" "$(lines -n 0 --no-index 'dst ip 192.168.10.57')" \
    "$(want "$all" "$host" "scan of flow")"
tell "several statistics" "$(lines -s srcip -s proto -s tos |
    sed 's/.*: //' | sort -u)" "roll-up roll_src_addr, roll-up roll_in_if, scan of flow (no roll-up has all fields asked for)"
tell "three roll-ups for both sides" "$(lines -s port |
    sed 's/.*: //' | sort -u)" \
    "roll-up roll_src_port, roll-up roll_dst_port, roll-up roll_same_port"
tell "a list by an index" "$(lines 'dst ip 192.168.10.57')" \
    "$(want "'-'" "$host" "table flow by index flow_dst_addr (dst_addr=?)")"
tell "a list that ends early" "$(lines -n 7)" \
    "7 7 12: scan of flow"
tell "... and what was not needed" "$("$flowq" -R "$data" -n 7 -o null \
    --explain 2>&1 | grep '^shards')" "shards: 4 considered, 1 read, 0 skipped (0 by name), 0 unreadable, 3 not needed any more; flows in those read: $(sqlite3 \
    "$data"/flows.201604101200.sqlite "SELECT $all")"

# windows
in="(SELECT count(*) FROM flow WHERE first_ms + duration_ms >= 1460297400000
    AND first_ms <= 1460298000000)"
tell "skipped by the window" "$(lines -s dstip \
    -t 2016/04/10.14:10:00-2016/04/10.14:20:00 | sed 3d)" \
    "- - 12: skipped: it ends before the window
- - 13: skipped: it ends before the window
- - 15: skipped: it begins after the window"
tell "a shard that the window cuts" "$(lines -s dstip \
    -t 2016/04/10.14:10:00-2016/04/10.14:20:00 | sed -n 3p)" \
    "$(want "$all" "$in" "scan of flow (the window cuts the shard)" |
    sed -n 3p)"
tell "the window itself" "$("$flowq" -R "$data" -s dstip -o null --explain \
    --utc -t 2016/04/10.14:10:00- 2>&1 | grep ^window)" \
    "window: 2016-04-10 14:10:00.000 to the end UTC"
tell "skipped by name" "$(lines -s dstip -t 2016/04/20- |
    cut -d ' ' -f 4- | sort | uniq -c | tr -s ' ')" \
    " 4 skipped by its name: it ends before the window"
tell "... counted" "$("$flowq" -R "$data" -s dstip -o null --explain \
    -t 2016/04/20- 2>&1 | grep ^shards)" "shards: 4 considered, 0 read, 4 skipped (4 by name), 0 unreadable; flows in those read: 0"

# totals
tell "rows in all" "$("$flowq" -R "$data" -s tos tcp -o null --explain \
    --threads 2 2>&1 | grep -e ^rows -e ^workers | sed 's/;.*//')" \
    "rows: 2000 read, $(for s in "$data"/*; do sqlite3 "$s" "SELECT $tcp"
    done | awk '{ n += $1 } END { print n }') passed
workers: 2"
tell "exporters" "$(lines --exporters -q -o csv | grep -c scan)" 4
"$flowq" -R "$data" -s dstip -n 0 -o csv >"$tmp/without"
"$flowq" -R "$data" -s dstip -n 0 -o csv --explain 2>/dev/null |
    cmp -s - "$tmp/without"
tell "the answer stays as it is" "$?" 0

# shards of other kinds
cp "$data/flows.201604101200.sqlite" "$data/flows.201604101800.sqlite"
cp "$data/flows.201604101200.sqlite" "$data/flows.201604101900.sqlite"
chmod u+w "$data"/*
sqlite3 "$data/flows.201604101800.sqlite" "DELETE FROM flow;
    UPDATE meta SET value = 0 WHERE key = 'flows';
    DELETE FROM meta WHERE key IN ('first_ms', 'last_ms')"
sqlite3 "$data/flows.201604101900.sqlite" \
    "UPDATE meta SET value = 0 WHERE key = 'sealed'"
printf 'no database' >"$data/flows.201604102000.sqlite"
tell "empty, live, unreadable" "$(lines -s dstip --skip-bad |
    sed -n '5,$p' | cut -d ' ' -f 3-)" "18: skipped: it is empty
19: scan of flow (the shard is not sealed yet)
20: unreadable"
odd="$data/flows.201604101200.sqlite$(printf '\033[2J')"
cp "$data/flows.201604101200.sqlite" "$odd"
tell "no escape gets to the terminal" "$("$flowq" -r "$odd" -s dstip -o null \
    --explain 2>&1 | grep -c "$(printf '\033')")" 0
tell "... and it is told" "$("$flowq" -r "$odd" -s dstip -o null \
    --explain 2>&1 | grep -c 'roll-up roll_dst_addr')" 1

# one large shard in pieces, sums that do not fit
data=$tmp/large
store "$data" --flows 220000 --hours 1 --seed 7
got=$("$flowq" -R "$data" -s record -o null --explain --threads 2 \
    --memory 2M 2>&1)
tell "pieces are one line" "$(echo "$got" | sed -n \
    's/^ *\([0-9][0-9]*\)  *\([0-9]*\) .*: \(.*\)/\1 \2 \3/p')" \
    "220000 220000 scan of flow (no roll-up has all fields asked for) in 8 pieces"
disk=$(echo "$got" | sed -n 's/.*MiB of 2.0, \([0-9]*\).* MiB on disk/\1/p')
tell "sums on disk" "$([ "${disk:-0}" -ge 5 ] && echo yes)" yes
