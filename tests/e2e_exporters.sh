#!/bin/sh
# flowq --exporters against sums that sqlite3 and awk make of table exporter,
# shard by shard: CSV, JSON, the table, windows, names that are hostile.
# shellcheck disable=SC2046,SC2086	# split on purpose
set -u
: "${BUILD:=build}"
command -v sqlite3 >/dev/null 2>&1 || {
	echo "skip exporters: there is no sqlite3"
	exit 0
}
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data=$tmp/data
flowq=$BUILD/flowq

tell() {
	if [ "$2" = "$3" ]; then
		echo "ok exporters $1"
	else
		echo "not ok exporters $1"
		printf 'got  %s\nwant %s\n' "$2" "$3" | head -n 20
	fi
}

if ! "$BUILD/flowgen" --flows 3000 --hours 4 --mix --seed 3 \
    --pcap "$tmp/flows.pcap" 2>"$tmp/log" ||
    ! "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log"; then
	cat "$tmp/log"
	echo "not ok exporters: the flows could not be stored"
	exit 1
fi
# what the generator has none of: loss, names, one exporter of IPv6
n=0
for shard in "$data"/*.sqlite; do
	n=$((n + 1))
	chmod u+w "$shard"
	sqlite3 "$shard" "UPDATE exporter SET lost = $n * version,
	    name = iif($n < 3, 'old name', NULL) WHERE version <> 5;
	    UPDATE exporter SET sampling = $n * 10 WHERE version = 9 AND
	    source_id = 7 AND $n < 4;
	    INSERT INTO exporter VALUES (99, x'20010db8000000000000000000000001',
	    9, 4294967295, '=1+\"<' || char(27) || '[31m>' || char(8364), 1, 10,
	    3, NULL, NULL, NULL)"
done

# sums SHARD...: hex|version|domain|packets|flows|lost|sampling|first|last
sums() {
	for shard in "$@"; do
		sqlite3 -separator ' ' -nullvalue - "$shard" "SELECT
		    hex(address), version, source_id, packets, flows, lost,
		    sampling, first_heard_ms / 1000, last_heard_ms / 1000
		    FROM exporter"
	done | awk '{ k = length($1) " " $1 " " $2 " " $3
	    p[k] += $4; f[k] += $5; l[k] += $6; if ($7 != "-") s[k] = $7
	    if (!(k in a) || $8 < a[k]) a[k] = $8
	    if (!(k in b) || $9 > b[k]) b[k] = $9 }
	    END { for (k in p) print k, p[k], f[k], l[k],
		k in s ? s[k] : "-", a[k], b[k] }' |
	    sort -k1n -k2,2 -k3n -k4n | cut -d ' ' -f 2- |
	    while read -r hex version domain p f l s a b; do
		case $hex in
		????????) addr=$(printf '%d.%d.%d.%d' 0x${hex%??????} \
		    0x$(echo "$hex" | cut -c 3-4) \
		    0x$(echo "$hex" | cut -c 5-6) 0x${hex#??????}) ;;
		*) addr=2001:db8::1 ;;
		esac
		[ "$s" != - ] || s=
		for t in a b; do
			eval "v=\$$t"
			[ "$v" = - ] && v= || v=$(date -u -d "@$v" '+%F %T')
			eval "$t=\$v"
		done
		printf '%s|%s|%s|%s|%s|%s|%s|%s|%s\n' "$addr" "$version" \
		    "$domain" "$p" "$f" "$l" "$s" "$a" "$b"
	done
}

# The same of CSV: names, the second field, are left out.
csv() { tr -d '\r' | sed '1d; s/^"//; s/"$//; s/","/|/g' | cut -d '|' -f 1,3-; }

set -- "$data"/*.sqlite
tell "sums" "$("$flowq" -R "$data" --exporters -o csv | csv)" "$(sums "$@")"
tell "five of them" "$(sums "$@" | wc -l)" 5
tell "of one shard" "$("$flowq" -r "$2" --exporters -o csv | csv)" \
    "$(sums "$2")"
# a slot that the window only touches counts as a whole; its end is the next's
tell "of a window" "$("$flowq" -R "$data" --exporters -o csv --utc \
    -t '2016/04/10.13:59:59-2016/04/10.14:00:00' | csv)" "$(sums "$2" "$3")"
tell "of a window within one slot" "$("$flowq" -R "$data" --exporters \
    -o csv --utc -t '2016/04/10.13:00:00-2016/04/10.13:10:00' | csv)" \
    "$(sums "$2")"
tell "of a window that begins where a slot ends" "$("$flowq" -R "$data" \
    --exporters -o csv --utc -t '2016/04/10.14:00:00-2016/04/10.14:10:00' |
    csv)" "$(sums "$3")"
tell "of a window without any" "$("$flowq" -R "$data" --exporters -o json \
    -t 2015)" "[]"

header='"address","name","version","domain","packets","flows","lost","sampling","first_heard_utc","last_heard_utc"'
"$flowq" -R "$data" --exporters -o csv >"$tmp/csv"
tell "header" "$(head -n 1 "$tmp/csv")" "$(printf '%s\r' "$header")"
tell "each line ends with CRLF" "$(grep -c "$(printf '\r')\$" "$tmp/csv")" 6
# formulas are guarded, quotes doubled, the last name that was told is kept
tell "a formula in a name" "$(sed -n 6p "$tmp/csv" | cut -d , -f 2)" \
    "$(printf "\"'=1+\"\"<\033[31m>\342\202\254\"")"
tell "a name told before" "$(sed -n 2p "$tmp/csv" | cut -d , -f 2)" \
    '"old name"'

# JSON: the same values by another reader
rows="json_group_array(address || '|' || ifnull(name, '') || '|' || version
    || '|' || domain || '|' || packets || '|' || flows || '|' || lost || '|' ||
    ifnull(sampling, '') || '|' || ifnull(first_heard_utc, '') || '|' ||
    ifnull(last_heard_utc, ''))"
cols=$(echo "$header" | tr ',' '\n' | sed 's/"//g
    s/.*/json_extract(value, "$.&") AS &/' | tr '"\n' "'," | sed 's/,$//')
want=$(sqlite3 -init /dev/null :memory: ".mode csv" \
    ".import $tmp/csv t" "SELECT $rows FROM t" | tr -d '\r' |
    sed "s/'=1/=1/")
"$flowq" -R "$data" --exporters -o json >"$tmp/json"
tell "JSON" "$(sqlite3 -init /dev/null :memory: ".mode csv" "SELECT $rows
    FROM (SELECT $cols FROM json_each(readfile('$tmp/json')))" |
    tr -d '\r')" "$want"
{ echo "["; "$flowq" -R "$data" --exporters -o ndjson | sed '$!s/$/,/'
echo "]"; } >"$tmp/lines"
tell "ndjson" "$(tr -d ' \n' <"$tmp/lines")" "$(tr -d ' \n' <"$tmp/json")"
tell "JSON: types" "$(sqlite3 :memory: "SELECT group_concat(t) FROM (SELECT
    DISTINCT json_type(value, '$.flows') || json_type(value, '$.domain') ||
    json_type(value, '$.address') AS t
    FROM json_each(readfile('$tmp/json')))")" integerintegertext

# the table, for people
TZ=Asia/Tokyo "$flowq" -R "$data" --exporters >"$tmp/table"
tell "table: heading and the end" "$(sed -n '1p;$p' "$tmp/table" |
    tr -s ' ')" "Address Ver Domain Packets Flows Lost Loss Sampling First heard Last heard Name
5 exporters in 4 shards (0 skipped); lost: packets of v9, flows of v5 and IPFIX"
tell "table: no escape gets to the terminal" \
    "$(grep -c "$(printf '\033')" "$tmp/table")" 0
first=$(sums "$@" | sed -n 1p)
tell "table: local time" "$(sed -n 2p "$tmp/table" | tr -s ' ' |
    cut -d ' ' -f 8-9)" "$(TZ=Asia/Tokyo date -d \
    "$(echo "$first" | cut -d '|' -f 8) UTC" '+%F %T')"
tell "table: UTC" "$(TZ=Asia/Tokyo "$flowq" -R "$data" --exporters --utc |
    sed -n 2p | tr -s ' ' | cut -d ' ' -f 8-9)" \
    "$(echo "$first" | cut -d '|' -f 8)"
# 4 * 3 lost packets of 4 + 12
tell "table: loss of packets" "$(grep '^2001:db8::1 ' "$tmp/table" |
    tr -s ' ' | cut -d ' ' -f 2-7)" "v9 4294967295 4 40 12 75.00%"
ipfix=$(sums "$@" | awk -F '|' '$2 == 10 {
    printf "%.2f%%", int(10000 * $6 / ($6 + $5)) / 100 }')
tell "table: loss of flows" "$(grep ' IPFIX .*:' "$tmp/table" | tr -s ' ' |
    cut -d ' ' -f 7)" "$ipfix"
tell "table: -q" "$("$flowq" -R "$data" --exporters -q | wc -l)" 5

mkdir "$tmp/names"
printf 'address,name\n127.0.0.2,our edge\n' >"$tmp/names/exporters.csv"
tell "--names" "$("$flowq" -R "$data" --exporters -o csv \
    --names "$tmp/names" | sed -n 3p | cut -d , -f 1-2)" \
    '"127.0.0.2","our edge"'

# refused NAME PATTERN ARGUMENTS
refused() {
	name=$1 text=$2
	shift 2
	got=$("$flowq" -R "$data" --exporters "$@" 2>&1 >"$tmp/out")
	rc=$?
	case $got in
	*$text*) [ ! -s "$tmp/out" ] && [ "$rc" -eq 2 ] && text=$got ;;
	esac
	tell "$name is refused" "$got" "$text"
}
refused "a filter" "a filter does not go" proto tcp
refused "a statistic" "don't go with it" -s srcip
refused "a format" "csv, json, ndjson" -o long
refused "two tasks" "only one of" --sql

# a damaged shard: refused, or left out and told
printf 'no database' >"$data/flows.201604101700.sqlite"
"$flowq" -R "$data" --exporters -o csv >"$tmp/out" 2>"$tmp/log"
tell "a damaged shard is an error" "$? $(wc -c <"$tmp/out")" "1 0"
"$flowq" -R "$data" --exporters --skip-bad -o csv >"$tmp/out" 2>"$tmp/log"
tell "--skip-bad: the others are told" "$? $(csv <"$tmp/out")" "1 $(sums "$@")"
