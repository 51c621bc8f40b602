#!/bin/sh
# flowq --bin against brute --bin, byte by byte; sums over bins are the totals;
# a bin is the same through every window; what is refused.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
flows="--flows 20000 --hours 3 --mix --seed 11"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data=$tmp/data
utc() { date -u -d "@$(($1 / 1000))" "+%Y-%m-%dT%H:%M:%S.$(printf %03d \
    $(($1 % 1000)))Z"; }
is() { [ "$2" = "$3" ] && echo "ok series $1" ||
    echo "not ok series $1: got '$2', want '$3'"; }

"$BUILD/flowgen" $flows --pcap "$tmp/flows.pcap" 2>"$tmp/log" &&
    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log" || {
	cat "$tmp/log"
	echo "not ok series: the flows could not be stored"
	exit 1
}

# The same from both: zone | brute | flowq
while IFS='|' read -r zone brute flowq; do
	case $zone in
	utc) "$BUILD/brute" $flows $brute >"$tmp/want"
	    "$BUILD/flowq" -R "$data" -o csv --utc $flowq >"$tmp/got" ;;
	*)  "$BUILD/brute" $flows --zone "$zone" $brute >"$tmp/want"
	    TZ=HERE-$(($zone / 3600)):$(($zone % 3600 / 60)) \
	    "$BUILD/flowq" -R "$data" -o csv $flowq >"$tmp/got" ;;
	esac
	if [ "$(wc -l <"$tmp/want")" -gt 1 ] && cmp "$tmp/want" "$tmp/got"
	then
		echo "ok series $zone $flowq"
	else
		echo "not ok series $zone $flowq"
		diff "$tmp/want" "$tmp/got" | head -n 6
	fi
done <<CASES
utc|--bin 300|--bin 5m
utc|--bin 1 --window 1460291400000 1460291459999|--bin 1s -t $(utc 1460291400000)..$(utc 1460291459999)
utc|--bin 3600|--bin 1h
utc|--bin 86400|--bin 1d
utc|--bin 300 --raw|--bin 5m --raw
utc|--bin 300 --no-spread|--bin 5m --no-spread
19800|--bin 3600|--bin 1h
19800|--bin 86400 --stat proto/bytes -n 3|--bin 1d -s proto/bytes -n 3
45900|--bin 21600|--bin 6h
utc|--bin 1800 --stat dstip/bytes|--bin 30m -s dstip/bytes
utc|--bin 1800 --stat dstip/bytes -n 3 --no-spread|--bin 30m -s dstip -O bytes -n 3 --no-spread
utc|--bin 1800 --stat ip/bytes -n 5|--bin 30m -s ip/bytes -n 5
utc|--bin 1800 --stat port:p/flows -n 4|--bin 30m -s port:p -n 4
utc|--bin 3600 --stat srcas/packets -n 0|--bin 1h -s srcas/packets -n 0
utc|--bin 3600 --stat router/bytes -n 2|--bin 1h -s router/bytes -n 2
utc|--bin 900 --filter dst_net|--bin 15m dst net 192.168.10.0/24
utc|--bin 300 --window 1460291234567 1460294834567|--bin 5m -t $(utc 1460291234567)..$(utc 1460294834567)
utc|--bin 300 --window 1460291234567 1460294834567 --within|--bin 5m --within -t $(utc 1460291234567)..$(utc 1460294834567)
utc|--bin 600 --window 1460291234567 1460294834567 --stat srcip/bytes -n 3|--bin 10m -s srcip/bytes -n 3 -t $(utc 1460291234567)..$(utc 1460294834567)
utc|--bin 3600 --window 1460200000000 1460300000000|--bin 1h -t $(utc 1460200000000)..$(utc 1460300000000)
utc|--bin 3600 --window 1460000000000 1460010000000|--bin 1h -t $(utc 1460000000000)..$(utc 1460010000000)
CASES

# sum FIELD...: sums of columns of a CSV on stdin
sum() {
	awk -F '","' -v list="$*" '{ sub(/^"/, ""); sub(/"\r$/, "") }
	    NR == 1 { n = split(list, want, " ")
		for (i = 1; i <= NF; i++) at[$i] = i; next }
	    { for (k = 1; k <= n; k++) s[k] += $at[want[k]] }
	    END { for (k = 1; k <= n; k++) printf "%d ", s[k] }'
}
total=$("$BUILD/flowq" -R "$data" -o csv | sum packets bytes)
flows_n=$("$BUILD/flowq" -R "$data" -o csv -q | wc -l)
for span in 1s 30s 5m 1h 1d; do
	is "sums of $span bins are the totals" "$("$BUILD/flowq" -R "$data" \
	    --bin $span -o csv | sum flows packets bytes)" "$flows_n $total"
done
is 'with keys and others too' "$("$BUILD/flowq" -R "$data" --bin 5m \
    -s inif/bytes -n 3 -o csv | sum flows packets bytes)" "$flows_n $total"
is 'whatever one thread or four' "$("$BUILD/flowq" -R "$data" --bin 5m \
    --threads 4 -s dstip -o csv | cksum)" "$("$BUILD/flowq" -R "$data" \
    --bin 5m --threads 1 -s dstip -o csv | cksum)"
is 'whatever memory' "$("$BUILD/flowq" -R "$data" --bin 5m \
    --memory 1M -s dstip -o csv | cksum)" "$("$BUILD/flowq" -R "$data" \
    --bin 5m -s dstip -o csv | cksum)"

# packets and bytes of a bin, through windows of other lengths
"$BUILD/flowq" -R "$data" --bin 5m --utc -o csv >"$tmp/all"
for w in 12:31..12:32 12:29:59..14 12:30..12:34:59 ..12:33 12:33..; do
	from=${w%..*} to=${w#*..}
	"$BUILD/flowq" -R "$data" --bin 5m --utc -o csv \
	    -t "${from:+2016-04-10T$from}..${to:+2016-04-10T$to}" >"$tmp/part"
	is "a bin is the same through $w" \
	    "$(grep '12:30:00' "$tmp/part")" "$(grep '12:30:00' "$tmp/all")"
done

if command -v sqlite3 >/dev/null 2>&1; then
	for format in json ndjson; do
		"$BUILD/flowq" -R "$data" --bin 1h -s dstport -n 2 -o $format |
		    if [ $format = json ]; then cat; else
			sed '1s/^/[/; $!s/$/,/; $s/$/]/'; fi >"$tmp/json"
		"$BUILD/flowq" -R "$data" --bin 1h -s dstport -n 2 -o csv |
		    tr -d '"\r' | sed 1d | tr , '|' >"$tmp/want"
		sqlite3 :memory: "SELECT value->>'bin_start_utc',
		    value->>'bin_sec', value->>'dstport', value->>'flows',
		    value->>'packets', value->>'bytes', value->>'bps'
		    FROM json_each(readfile('$tmp/json'))" >"$tmp/got"
		cmp -s "$tmp/want" "$tmp/got" && echo "ok series $format" ||
		    echo "not ok series $format"
	done
else
	echo "skip series json: there is no sqlite3 to read it"
fi
is 'no flows, no window: no bins' "$("$BUILD/flowq" -R "$data" --bin 1h \
    -o csv 'src as 4294967295' | wc -l)" 1

# refused STATUS TEXT OPTIONS...
refused() {
	want=$1 text=$2
	shift 2
	got=$("$BUILD/flowq" -R "$data" "$@" 2>&1 >/dev/null)
	rc=$?
	case $rc:$got in
	"$want:flowq: "$text) echo "ok series refused $*" ;;
	*) echo "not ok series refused $*: status $rc, '$got'" ;;
	esac
}
refused 2 '*--bin: expected a length*' --bin 7m
refused 2 '*--bin: expected a length*' --bin 1 -s srcip
refused 2 '*takes one -s*' --bin 1h -s srcip -s dstip
refused 2 '*takes one -s*' --bin 1h -s srcip/bytes/flows
refused 2 '*takes one -s*' --bin 1h -s record
refused 2 '*takes one -s*' --bin 1h -A srcip
refused 2 '*only one of*' --bin 1h -I
refused 2 '*goes with --bin*' --no-spread
refused 2 '*no time series*' --bin 1h -o nfdump-csv
refused 1 '*more than 100000 bins*' --bin 1s -t 2016
refused 1 '*more than * keys*' --bin 1s -s dstip -n 0 --memory 1M
