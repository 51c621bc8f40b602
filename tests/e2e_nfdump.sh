#!/bin/sh
# flowq against nfdump over the same datagrams: those of a capture that flowdbd
# reads are sent to nfcapd.  v9 (with IPv6, and an exporter that sends few
# fields) and v5, without sampling.  Statistics must agree in every figure, the
# filters of nfdump_filters.txt in flows, packets and bytes; those of
# nfdump_fields.txt in flows, over captures.  Layouts agree in every character.
#
# nfdump prints local time, and its default format depends on the build: so TZ
# and -o are always given.  It sees a field that was not sent as 0 and drops
# the type of ICMP from the port; the cases below keep clear of both.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
: "${BUILD:=build}"
dir=$(dirname "$0")
captures=${FLOWDB_CAPTURES:-$dir/../../shared/captures}
n_flows=20000
for program in nfdump nfcapd; do
	if ! command -v $program >/dev/null 2>&1; then
		echo "skip nfdump: there is no $program"
		exit 0
	fi
done
tmp=$(mktemp -d) || exit 1
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
export TZ=UTC

# until_true SECONDS COMMAND: asks again every 0.05 s; false when the time is over
until_true() {
	left=$(($1 * 20))
	shift
	while ! "$@"; do
		[ $left -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.05
	done
}

# The line of /proc/net/udp for our port, and whether all of it was read.
socket() { grep -i ":$(printf %04X "$port") 00000000:0000" /proc/net/udp; }
is_open() { socket >/dev/null || ! kill -0 $pid 2>/dev/null; }
is_read() { socket | grep -q ' 00000000:00000000 '; }
is_gone() { ! kill -0 $pid 2>/dev/null; }

# nfcapd on a port that is free, into $tmp/$1
start_nfcapd() {
	mkdir "$tmp/$1"
	port=$((20000 + $$ % 20000))
	while socket >/dev/null; do
		port=$((port + 1))
	done
	(ulimit -f 200000 && exec nfcapd -w "$tmp/$1" -b 127.0.0.1 -p $port \
	    -B 4000000 -t 300) >"$tmp/log" 2>&1 &
	pid=$!
	until_true 5 is_open
}

# A file is complete when nfcapd has ended.
stop_nfcapd() {
	until_true 5 is_read
	kill $pid 2>/dev/null
	until_true 5 is_gone || kill -9 $pid
	wait $pid 2>/dev/null
	pid=
}

# "flows,bytes,packets" by nfdump over $set, or "refused"
nfdump_sums() {
	nfdump -R "$tmp/nf-$set" -N -o null "$1" 2>/dev/null |
	    sed -n '/^Summary:/s/[^0-9,]//gp' |
	    cut -d , -f "1-$figures" >"$tmp/sums"
	grep . "$tmp/sums" || echo refused
}

# The same by flowq, from the statistic that all flows are in.
flowq_sums() {
	"$BUILD/flowq" -R "$tmp/db-$set" -s proto -n 0 -o csv "$1" \
	    >"$tmp/got" 2>"$tmp/errors" || { cat "$tmp/errors"; return; }
	awk -F '","' 'NR > 1 { f += $5; p += $6; b += $7 }
	    END { printf "%.0f,%.0f,%.0f\n", f, b, p }' "$tmp/got" |
	    cut -d , -f "1-$figures"
}

# Both collectors get the flows of one protocol version, "v9" or "v5".
collect() {
	set=$1
	options="--flows $n_flows --no-sampling"
	[ "$set" = v9 ] || options="$options --$set"
	"$BUILD/flowgen" $options --pcap "$tmp/$set.pcap" 2>"$tmp/log" &&
	    "$BUILD/flowdbd" -r "$tmp/$set.pcap" -l "$tmp/db-$set" \
	    2>"$tmp/log" || return 1
	start_nfcapd "nf-$set" || return 1
	"$BUILD/flowgen" $options --pps 2000 --send "127.0.0.1:$port" \
	    2>>"$tmp/log"
	stop_nfcapd
	[ "$(nfdump_sums any | cut -d , -f 1)" = $n_flows ]
}

# Rows of a statistic in one form, field by field:
# first, last, ms, protocol, key, flows, packets, bytes, pps, bps, bpp
# nfdump reckons rates in binary fractions of a second: one less than the exact
# figure is the exact figure.
stat_of_nfdump() {
	awk -F, -v stat="$1" '
	function exact(told, count, ms) {
		rate = ms == 0 ? 0 : int(count / ms)
		return rate == told + 1 ? rate : told
	}
	/^[0-9]/ {
		ms = sprintf("%.0f", $3 * 1000)
		key = stat == "proto" ? $4 : $5
		proto = stat ~ /:p$/ ? $4 : "any"
		printf "%s|%s|%s|%s|%s|%s|%s|%s|%.0f|%.0f|%s\n", $1, $2, ms,
		    proto, key, $6, $8, $10, exact($12, $8 * 1000, ms),
		    exact($13, $10 * 8000, ms), $14 }'
}

stat_of_flowq() {
	awk -F '","' -v OFS='|' 'NR > 1 { sub(/^"/, ""); sub(/"\r$/, "")
		$3 = $3 (NF == 10 ? "|any" : ""); print }'
}

# first, last, ms, protocol, addresses and ports, flags, packets, bytes
record_of_nfdump() {
	awk -F, '/^[0-9]/ { printf "%s|%s|%.0f|%s|%s|%s|%s|%s|%s|%s|%s\n",
	    $1, $2, $3 * 1000, $8, $4, $6, $5, $7, $9, $12, $13 }'
}

record_of_flowq() {
	awk -F '","' -v OFS='|' 'NR > 1 { sub(/^"/, "")
		print $1, $2, $4, $5, $6, $7, $8, $9, $10, $12, $13 }'
}

# Which field of these forms an order is about.
order_field() {
	case $1 in
	record/packets) echo 10 ;;
	record/bytes) echo 11 ;;
	*/flows) echo 6 ;;
	*/packets) echo 7 ;;
	*/bytes) echo 8 ;;
	*/pps) echo 9 ;;
	*/bps) echo 10 ;;
	*/bpp) echo 11 ;;
	esac
}

# Rows that tie may come in any order, so: flowq's n rows are all among those
# of nfdump, and the figures they are ordered by are those of nfdump's first n.
compare_stat() {
	what=$1 rows=$2 filter=$3
	stat=${what%/*} form=stat
	[ "$stat" != record ] || form=record
	name="nfdump $set -s $what -n $rows${filter:+ \"$filter\"}"
	nfdump -R "$tmp/nf-$set" -q -o csv -s "$what" -n 0 "$filter" |
	    ${form}_of_nfdump "$stat" >"$tmp/all"
	"$BUILD/flowq" -R "$tmp/db-$set" -o csv -s "$what" -n "$rows" \
	    "$filter" >"$tmp/csv" 2>"$tmp/errors"
	rc=$?
	${form}_of_flowq <"$tmp/csv" >"$tmp/got"
	field=$(order_field "$what")
	head -n "$rows" "$tmp/all" | cut -d '|' -f "$field" >"$tmp/want.order"
	cut -d '|' -f "$field" "$tmp/got" >"$tmp/got.order"
	sort "$tmp/all" >"$tmp/all.sorted"
	sort "$tmp/got" | comm -13 "$tmp/all.sorted" - >"$tmp/strange"
	if [ $rc -eq 0 ] && [ -s "$tmp/got" ] && [ ! -s "$tmp/strange" ] &&
	    cmp -s "$tmp/want.order" "$tmp/got.order"; then
		echo "ok $name"
		return
	fi
	echo "not ok $name: status $rc"
	head -n 2 "$tmp/errors" "$tmp/strange"
	diff "$tmp/want.order" "$tmp/got.order" | head -n 4
}

# statistic/order; rows; filter; the only version.  Statistics of both sides
# take a filter under which the sides differ: nfdump counts a flow twice whose
# sides are equal.  It drops the masks of v5.
compare_stats() {
	while IFS=';' read -r what rows filter only; do
		[ "${only:-$set}" = "$set" ] || continue
		compare_stat "$what" "$rows" "$filter"
	done <<'CASES'
dstip/bytes;10;
dstip/bytes;20;
srcip/bytes;50;dst ip 192.168.10.57
dstip/bytes;100;dst net 192.168.10.0/24
srcip/flows;20;
srcip/packets;1000;
dstip/pps;20;
dstip/bps;20;
srcip/bpp;20;
srcip/bytes;20;src net 192.168.0.0/16 and dst port 443
ip/bytes;50;port 53
ip/flows;50;port 53
srcip:p/bytes;50;
dstip:p/packets;20;
srcport/flows;20;
srcport/bytes;20;
dstport/flows;20;proto tcp or proto udp
dstport:p/bytes;50;proto tcp or proto udp
port/packets;20;proto tcp
proto/flows;10;
proto/bytes;10;
proto/packets;10;not flags S
srcas/bytes;20;not router ip 127.0.0.3
dstas/flows;20;not router ip 127.0.0.3
as/bytes;20;port 53 and not router ip 127.0.0.3
inif/bytes;20;packets > 0
outif/flows;20;packets > 0
if/packets;20;port 53 and packets > 0
srctos/bytes;10;packets > 0
tos/flows;10;packets > 0
srcmask/bytes;20;not router ip 127.0.0.3;v9
dstmask/packets;20;not router ip 127.0.0.3;v9
nhip/bytes;20;not router ip 127.0.0.3
router/bytes;10;
record/bytes;50;proto tcp or proto udp
record/packets;50;proto udp
CASES
}

# Heading, rows in any order, totals.  Not: how long it took, when nfdump heard
# of a flow, rates (see above), masks of v5, which it drops.
layout() {
	case $set$1 in
	v5*csv) sed -E 's/^(([^,]*,){19})[0-9]+,[0-9]+/\1-,-/; s/,[^,]*$//' ;;
	*csv) sed 's/,[^,]*$//' ;;
	*extended*) awk '/^Date/ { at = index($0, "      pps      bps") }
	    /^[0-9D]/ { $0 = substr($0, 1, at - 1) substr($0, at + 18) }
	    { print }' ;;
	*) cat ;;
	esac | sed '/^Sys: /d; s/Blocks skipped.*//; s/Shards skipped.*//' |
	    sort
}

# Text and CSV as nfdump prints them, character by character.
compare_layouts() {
	filter='proto tcp or proto udp'
	for format in line long extended biline bilong line6 long6 extended6 \
	    biline6 bilong6 nfdump-csv 'fmt:%ts %te %td %pr %sa %da %sp %dp
	    %flg %tos %stos %pkt %ipkt %byt %ibyt %opkt %obyt %fl %bpp %nh %ra
	    %sas %das %in %out %dir %svln %dvln %ismc %odmc %mpls1 %nhb'; do
		name=$format
		[ "$format" != nfdump-csv ] || name=csv
		nfdump -R "$tmp/nf-$set" -o "$name" "$filter" 2>"$tmp/errors" |
		    layout "$format" >"$tmp/want"
		"$BUILD/flowq" -R "$tmp/db-$set" -o "$format" "$filter" \
		    2>"$tmp/errors" | layout "$format" >"$tmp/got"
		if [ "$(wc -l <"$tmp/want")" -gt $((n_flows / 2)) ] &&
		    cmp -s "$tmp/want" "$tmp/got"; then
			echo "ok nfdump $set -o ${format%% *}"
		else
			echo "not ok nfdump $set -o $format"
			diff "$tmp/want" "$tmp/got" | head -n 4
		fi
	done
}

# A reason that begins with a version is one for that version only.
reason_of() {
	case $1 in
	*' -- v'[59]:*) echo "${1#* -- }" | sed -n "s/^$set: //p" ;;
	*' -- '*) echo "${1#* -- }" ;;
	esac
}

# compare_filters FILE: each line by both
compare_filters() {
	grep -v '^#' "$dir/$1" >"$tmp/filters"
	while IFS= read -r line; do
		filter=${line%% -- *} reason=$(reason_of "$line")
		want=$(nfdump_sums "$filter") got=$(flowq_sums "$filter")
		if [ -z "$reason" ] && [ "$want" = "$got" ]; then
			echo "ok nfdump $set $filter"
		elif [ -z "$reason" ]; then
			echo "not ok nfdump $set $filter: flows," \
			    "bytes, packets are $want, flowq says $got"
		elif [ "$want" = "$got" ] || [ -s "$tmp/errors" ]; then
			echo "not ok nfdump $set $filter: $got, but $reason"
		else
			echo "ok nfdump $set differs in $filter: $reason"
		fi
	done <"$tmp/filters"
}

# Both get captures with fields that are not generated.
collect_captures() {
	set=fields
	start_nfcapd nf-fields || return 1
	for f in v9-cisco-1941 v9-cisco-asa-1 v9-cisco-asa-2 \
	    v9-cisco-asr9k-260 v9-goflow2-asr v9-macaddr \
	    v9-iptnetflow-reduced-size v9-paloalto-panos v9-cisco-nbar \
	    v5-goflow2 v5-softflowd; do
		"$BUILD/flowgen" --replay "$captures/$f.pcap" \
		    --send "127.0.0.1:$port" 2>>"$tmp/log" &&
		    "$BUILD/flowdbd" -r "$captures/$f.pcap" \
		    -l "$tmp/db-fields" 2>>"$tmp/log" || return 1
	done
	stop_nfcapd
	[ "$(nfdump_sums any)" = 194 ]
}

figures=3
for version in v9 v5; do
	if ! collect $version; then
		tail -n 5 "$tmp/log"
		echo "not ok nfdump $version: the flows did not arrive"
		continue
	fi
	compare_stats
	compare_layouts
	compare_filters nfdump_filters.txt
done
figures=1
if [ ! -d "$captures" ]; then
	echo "skip nfdump fields: there is no $captures"
elif collect_captures; then
	compare_filters nfdump_fields.txt
else
	tail -n 5 "$tmp/log"
	echo "not ok nfdump fields: the flows did not arrive"
fi
