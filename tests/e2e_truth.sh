#!/bin/sh
# flowq against brute, byte by byte: every statistic, every filter of brute,
# windows, ranges of shards, lists; statistics also without roll-ups and
# without indexes, JSON against CSV.  The flows are 100000 of four exporters,
# IPv4 and IPv6, v5, v9 and IPFIX, with and without sampling, in three shards.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
: "${BUILD:=build}"
flows="--flows 100000 --hours 3 --mix --seed 7"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data=$tmp/data
compared=0 group=
tab=$(printf '\t')

# The cases that follow belong together: one ok or not ok for all of them.
begin() { group=$1 differ=0; }

end() {
	if [ "$differ" -eq 0 ]; then
		echo "ok truth $group"
	else
		echo "not ok truth $group: $differ differences"
	fi
}

# What brute answers, for the calls of same that follow.
truth() {
	if ! "$BUILD/brute" $flows "$@" >"$tmp/want"; then
		echo "brute $* failed"
		differ=$((differ + 1))
	fi
}

# flowq with these arguments gives the truth.
same() {
	compared=$((compared + 1))
	"$BUILD/flowq" "$@" -o csv >"$tmp/got" 2>"$tmp/errors"
	rc=$?
	[ "$rc" -eq 0 ] && cmp -s "$tmp/want" "$tmp/got" && return
	differ=$((differ + 1))
	[ "$differ" -gt 3 ] && return
	echo "flowq $*: status $rc"
	head -n 3 "$tmp/errors"
	line=$(cmp "$tmp/want" "$tmp/got" 2>&1 | sed -n 's/.* line //p')
	# where one ends before the other, it is the line behind the end
	: "${line:=$(($(wc -l <"$tmp/got") + 1))}"
	echo "  line $line"
	echo "  want $(sed -n "${line}p" "$tmp/want")"
	echo "  got  $(sed -n "${line}p" "$tmp/got")"
}

# The same with roll-ups and indexes, without roll-ups, by scan.
same_all_ways() {
	same "$@"
	same --no-rollup "$@"
	same --no-rollup --no-index "$@"
}

# Fields of CSV and JSON as lines "row name value", empty ones left out.
csv_fields() {
	awk -F '","' '{ sub(/^"/, ""); sub(/"\r$/, "") }
	    NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
	    { for (i = 1; i <= NF; i++) if ($i != "")
		print NR - 1 "|" name[i] "|" $i }' "$1" | sort
}

# JSON may tell more than CSV: of fields that CSV has none of, nothing is said.
json_fields() {
	sqlite3 :memory: "SELECT r.key + 1, f.key, f.value
	    FROM json_each(readfile('$1')) AS r, json_each(r.value) AS f
	    WHERE f.value <> ''" 2>&1 |
	    awk -F '|' 'NR == FNR { told[$2]; next } $2 in told' \
	    "$tmp/want.fields" - | sort
}

same_json() {
	compared=$((compared + 1))
	"$BUILD/flowq" "$@" -o json >"$tmp/json"
	csv_fields "$tmp/want" >"$tmp/want.fields"
	json_fields "$tmp/json" >"$tmp/got.fields"
	if [ -s "$tmp/want.fields" ] &&
	    cmp -s "$tmp/want.fields" "$tmp/got.fields"; then
		return
	fi
	differ=$((differ + 1))
	echo "flowq $* -o json:"
	diff "$tmp/want.fields" "$tmp/got.fields" | head -n 4
}

utc() { date -u -d "@$(($1 / 1000))" "+%Y-%m-%dT%H:%M:%S.$(printf %03d \
    $(($1 % 1000)))Z"; }

if ! "$BUILD/flowgen" $flows --pcap "$tmp/flows.pcap" 2>"$tmp/log" ||
    ! "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log"; then
	cat "$tmp/log"
	echo "not ok truth: the flows could not be stored"
	exit 1
fi
rm "$tmp/flows.pcap"

# statistic, orders
while read -r stat orders; do
	begin "-s $stat"
	for order in $orders; do
		truth --stat "$stat/$order" -n 100
		same_all_ways -R "$data" -s "$stat/$order" -n 100
	done
	end
done <<'CASES'
srcip flows packets bytes pps bps bpp
dstip bytes bpp
ip flows pps
srcip:p bytes
dstip:p packets
ip:p bps
nhip bytes
router flows
srcport flows
dstport packets bps
port bytes pps
srcport:p flows
dstport:p bytes
port:p packets
proto flows packets bytes pps bps bpp
srcas flows
dstas packets bps
as bytes pps
as:p bytes
inif flows bpp
outif packets
if bytes pps
if:p bytes
srcmask flows
dstmask bytes
mask packets
tos flows bytes
srctos packets
dir flows
record flows packets bytes pps bps bpp
CASES

# How a question is written: brute, flowq
begin "rows, order and raw counters"
while IFS='|' read -r brute flowq; do
	truth $brute
	same_all_ways -R "$data" $flowq
done <<'CASES'
--stat dstip/bytes -n 10|-s dstip -O bytes -n 10
--stat dstip/bytes|-s dstip/bytes
--stat srcip|-s srcip
--stat srcip/bytes -n 0|-s srcip/bytes -n 0
--stat dstip/packets -n 0|-s dstip/packets -n 0
--stat ip/flows -n 0|-s ip -n 0
--stat port/flows -n 0|-s port -n 0
--stat dstport:p/bytes -n 0|-s dstport:p/bytes -n 0
--stat as/bytes -n 0|-s as -O bytes -n 0
--stat proto/bytes -n 1|-s proto/bytes -n 1
--raw --stat dstip/bytes -n 50|--raw -s dstip/bytes -n 50
--raw --stat proto/packets -n 0|--raw -s proto/packets -n 0
--raw --stat if/bps -n 0|--raw -s if/bps -n 0
--raw --stat record/bytes -n 50|--raw -s record/bytes -n 50
CASES
end

# Filters; all groups, so that one flow too many or too few is seen.
"$BUILD/brute" --filters >"$tmp/filters"
while IFS=$tab read -r name text; do
	begin "filter $text"
	truth --filter "$name" --stat srcip/bytes -n 0
	same -R "$data" -s srcip/bytes -n 0 "$text"
	same --no-rollup --no-index -R "$data" -s srcip/bytes -n 0 "$text"
	truth --filter "$name" --list -n 200
	same -R "$data" -n 200 "$text"
	truth --raw --filter "$name" --stat proto/packets -n 0
	same --raw -R "$data" -s proto/packets -n 0 "$text"
	end
done <"$tmp/filters"

begin "list"
truth --list
same -R "$data"
truth --raw --list
same --raw -R "$data"
end

# A window of time: from, to in Unix ms, option of both; the data arrived from
# 1460289600000 (2016-04-10 12:00 UTC) on for three hours.
while read -r from to option; do
	begin "-t $(utc "$from")..$(utc "$to") $option"
	for what in dstip/bytes proto/flows; do
		truth --window "$from" "$to" $option --stat "$what" -n 0
		same_all_ways -R "$data" -t "$(utc "$from")..$(utc "$to")" \
		    $option -s "$what" -n 0
	done
	truth --window "$from" "$to" $option --filter dst_net --list -n 300
	same -R "$data" -t "$(utc "$from")..$(utc "$to")" $option -n 300 \
	    'dst net 192.168.10.0/24'
	end
done <<'CASES'
1460289600000 1460293199999
1460289600000 1460293199999 --within
1460293200000 1460296799999
1460290000000 1460290600000
1460290000000 1460290600000 --within
1460291234567 1460297654321
1460291234567 1460297654321 --within
1460295000000 1460295000000
1460286000000 1460289600000
1460286000000 1460300400000
1460286000000 1460300400000 --within
1460200000000 1460200001000
1460900000000 1460900001000
CASES

# Shards by their names, and a window on top: range; arrival; brute; flowq
while IFS=';' read -r range arrived brute flowq; do
	begin "-R $range $flowq"
	truth --arrived $arrived $brute
	same_all_ways -R "$data/$range" $flowq
	end
done <<'CASES'
flows.201604101200:flows.201604101359;1460289600000 1460296799999;--stat dstip/bytes -n 10;-s dstip -O bytes -n 10
flows.201604101300.sqlite:flows.201604101300.sqlite;1460293200000 1460296799999;--stat srcport/flows -n 0;-s srcport -n 0
flows.201604101301:flows.201604171200;1460296800000 1460300399999;--stat proto/bytes -n 0;-s proto -O bytes -n 0
flows.201604100000:flows.201604101200;1460289600000 1460293199999;--list;
flows.201604091200:flows.201604100000;1460000000000 1460000000001;--stat dstip -n 10;-s dstip -n 10
flows.201604101300:flows.201604101400;1460293200000 1460300399999;--window 1460293200000 1460296799999 --stat ip/bytes -n 50;-s ip/bytes -n 50 -t 2016/04/10.13 --utc
CASES

if command -v sqlite3 >/dev/null 2>&1; then
	begin "json"
	truth --stat dstip/bytes -n 100
	same_json -R "$data" -s dstip/bytes -n 100
	truth --stat port:p/flows -n 100
	same_json -R "$data" -s port:p/flows -n 100
	truth --stat record/bytes -n 100
	same_json -R "$data" -s record/bytes -n 100
	truth --list -n 2000
	same_json -R "$data" -n 2000
	end
else
	echo "skip truth json: there is no sqlite3 to read it"
fi
echo "$compared comparisons"
