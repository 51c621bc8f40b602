#!/bin/sh
# flowdbd --import: what flowq exports comes back byte for byte, what nfdump
# exports gives the sums that nfdump prints; wrong files are refused by line.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
n_flows=20000

# import DIR OPTIONS...: sets rc; stdout and stderr in $tmp/out, $tmp/err
import() {
	dir=$1
	shift
	"$BUILD/flowdbd" -l "$dir" "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
}

export_csv() { "$BUILD/flowq" -R "$1" -o csv; }

# Whatever is exported, an import of it is exported as the same bytes.
round_trip() {
	name=$1
	export_csv "$tmp/from" >"$tmp/from.csv"
	import "$tmp/to" --import "$tmp/from.csv"
	export_csv "$tmp/to" >"$tmp/to.csv"
	rows=$(($(wc -l <"$tmp/from.csv") - 1))
	is "import: $name: rows" "$rc $(cat "$tmp/out")" \
	    "0 $rows flows imported, 0 rows refused"
	holds "import: $name: the same bytes" cmp "$tmp/from.csv" "$tmp/to.csv"
	rm -rf "$tmp/from" "$tmp/to"
}

# Several hours, four exporters, with sampling: v9, IPFIX and v5.
"$BUILD/flowgen" --flows $n_flows --hours 3 --mix --pcap "$tmp/mix.pcap" \
    2>"$tmp/err"
"$BUILD/flowdbd" -r "$tmp/mix.pcap" -l "$tmp/from" 2>"$tmp/err"
cp -r "$tmp/from" "$tmp/mix"
round_trip 'four exporters, three hours'

# Real exporters leave fields out and send strange times.
if [ -d "$FLOWDB_CAPTURES" ]; then
	for f in softflowd-live-v9 v9-cisco-asa-1 v9-h3c ipfix-mikrotik \
	    v9-ie150-ie151 ipfix-yaf v9-multiple-exporters; do
		"$BUILD/flowdbd" -r "$FLOWDB_CAPTURES/$f.pcap" -l "$tmp/from" \
		    2>"$tmp/err"
		round_trip "$f"
	done
else
	echo "skip import: captures: there is no $FLOWDB_CAPTURES"
fi

# Other separators, a byte order mark, LF, standard input, other slots.
export_csv "$tmp/mix" >"$tmp/mix.csv"
tr -d '"\r' <"$tmp/mix.csv" | tr , ';' >"$tmp/plain.csv"
import "$tmp/plain" -t 900 --import - <"$tmp/plain.csv"
export_csv "$tmp/plain" >"$tmp/got"
is 'import: from standard input' "$rc" 0
holds 'import: semicolons, no quotes, quarters of an hour' \
    cmp "$tmp/mix.csv" "$tmp/got"
"$BUILD/flowq" -R "$tmp/mix" -o csv --excel >"$tmp/excel.csv"
import "$tmp/excel" --import "$tmp/excel.csv"
export_csv "$tmp/excel" >"$tmp/got"
holds 'import: byte order mark' cmp "$tmp/mix.csv" "$tmp/got"

# Into sealed hours: each is sealed once more, whatever order the rows have.
sort -t , -k 6,6 "$tmp/plain.csv" | grep -v first_ms >"$tmp/sorted"
{ head -n 1 "$tmp/plain.csv"; cat "$tmp/sorted"; } >"$tmp/shuffled.csv"
import "$tmp/plain" -t 900 --import "$tmp/shuffled.csv" \
    --import "$tmp/plain.csv"
is 'import: twice more, into sealed shards' "$rc $(flows "$tmp/plain")" \
    "0 $((3 * n_flows))"
is 'import: ... each sealed once' \
    "$(grep -c 'sealed .*/flows' "$tmp/err")" "$(shards "$tmp/plain")"
is 'import: ... and nothing else is left' "$(find "$tmp/plain" -type f \
    ! -name 'flows.????????????.sqlite' ! -name .flowdbd.lock | wc -l)" 0
is 'import: ... all is sound' "$(for f in "$tmp"/plain/flows.*; do
	query "$f" 'PRAGMA integrity_check'; done | sort -u)" ok
# SUM: bytes of all rows, by awk
want=$(awk -F ';' 'NR > 1 { n += 3 * $13 } END { printf "%.0f", n }' \
    "$tmp/plain.csv")
is 'import: ... three times the bytes' "$("$BUILD/flowq" -R "$tmp/plain" \
    -s proto -n 0 -o csv | awk -F '","' 'NR > 1 { n += $7 }
    END { printf "%.0f", n }')" "$want"
rm -rf "$tmp/plain" "$tmp/excel"

# ---- wrong files ----

header=$(head -n 1 "$tmp/plain.csv")
row=$(sed -n 2p "$tmp/plain.csv")

# refused NAME MESSAGE: of the file $tmp/bad.csv, and nothing was written
refused() {
	import "$tmp/none" --import "$tmp/plain.csv" --import "$tmp/bad.csv"
	is "import: $1" "$rc $(cat "$tmp/err")$(cat "$tmp/out")" \
	    "1 flowdbd: $tmp/bad.csv$2"
	holds "import: ... before anything is written" [ ! -e "$tmp/none" ]
	rm -rf "$tmp/none"
}

: >"$tmp/bad.csv"
refused 'empty file' ': empty, not even a header'
echo 'a,b,c' >"$tmp/bad.csv"
refused 'no header' ':1: no header of flows: "a" and the rest name no time (first_ms, firstSeen, ts)'
"$BUILD/flowq" -R "$tmp/mix" -s dstip -o csv >"$tmp/bad.csv"
refused 'statistic' ':1: no list of flows: it has no addresses (src_addr, srcAddr, sa); a statistic cannot be imported'
printf '\n"a,b\n' >"$tmp/bad.csv"
refused 'open quote' ':2: a quote where none can stand, or one that is not closed'
head -c 100000 /dev/zero >"$tmp/bad.csv"
refused 'zeros' ':1: the line is too long'
rm "$tmp/bad.csv"
refused 'no file' ': No such file or directory'
mkdir "$tmp/bad.csv"
refused 'folder' ': cannot be read: Is a directory'
rmdir "$tmp/bad.csv"

# Each bad row is named, good ones around them are stored.
{
	echo "$header"
	echo "$row"
	echo "$row;"
	echo "$row" | awk -F ';' -v OFS=';' '{ $6 = "10.0.0.256"; print }'
	echo '"'
	head -c 1000000 /dev/zero
	echo
	echo "$header"
	echo "$row"
} >"$tmp/mixed.csv"
import "$tmp/mixed" --import "$tmp/mixed.csv"
is 'import: good and bad rows' "$rc $(cat "$tmp/out") $(flows "$tmp/mixed")" \
    '1 2 flows imported, 4 rows refused 2'
grep -v sealed "$tmp/err" | sed "s|.*/mixed.csv:||" >"$tmp/got"
cat >"$tmp/want" <<'END'
3: 22 fields, the header has 21
4: src_addr "10.0.0.256": want an IP address
5: a quote where none can stand, or one that is not closed
6: the line is too long
END
holds 'import: ... by line' diff "$tmp/want" "$tmp/got"

{ echo "$header"; yes x | head -n 50000; echo "$row"; } >"$tmp/many.csv"
import "$tmp/many" --import "$tmp/many.csv"
is 'import: many bad rows' "$rc $(cat "$tmp/out")" \
    '1 1 flows imported, 50000 rows refused'
is 'import: ... are not all told' "$(grep -c many.csv: "$tmp/err")" 21

# A time in the future places no flow, or the live collector were misled.
{
	echo 'first_ms,src_addr'
	echo '4102444800000,10.0.0.1'
	echo '1460289600000,10.0.0.2'
	echo '-1,10.0.0.3'
} >"$tmp/odd.csv"
import "$tmp/odd" --import "$tmp/odd.csv"
is 'import: times that place no flow' \
    "$rc $(cd "$tmp/odd" && echo flows.*) $("$BUILD/flowq" -R "$tmp/odd" \
    -o csv | awk -F '","' 'NR > 1 { printf "%s ", $3 }')" \
    '0 flows.201604101200.sqlite 4102444800000 1460289600000 -1 '

# A directory has one writer.
port=$(free_port)
mkdir "$tmp/live"
start_daemon "$tmp/live"
import "$tmp/live" --import "$tmp/plain.csv"
is 'import: beside a daemon' "$rc $(cat "$tmp/err")" "1 flowdbd: $tmp/live: \
another flowdbd, process $pid writes there"
stop_daemon
import "$tmp/live" -r "$tmp/mix.pcap" --import "$tmp/plain.csv"
is 'import: and a capture' "$rc $(cat "$tmp/err")" \
    '2 flowdbd: -r and --import: only one of them'

# shellcheck disable=SC2046	# words on purpose
import "$tmp/live" $(yes -- "--import $tmp/plain.csv" | head -n 257)
is 'import: 257 files' "$rc $(cat "$tmp/err")" \
    '2 flowdbd: option --import: at most 256 files'

# Nothing is touched before all is read.
mkfifo "$tmp/pipe"
cp -r "$tmp/mix" "$tmp/killed"
sums() { (cd "$1" && sha256sum flows.*.sqlite); }
sums "$tmp/killed" >"$tmp/want"
"$BUILD/flowdbd" -l "$tmp/killed" --import "$tmp/pipe" >"$tmp/out" \
    2>"$tmp/err" &
pid=$!
pids=$pid
exec 9>"$tmp/pipe"
cat "$tmp/plain.csv" >&9
kill -9 "$pid"
{ wait "$pid"; } 2>/dev/null
exec 9>&-
pids=
sums "$tmp/killed" >"$tmp/got"
holds 'import: killed while it reads' cmp "$tmp/want" "$tmp/got"

# ---- nfdump ----

nfdump_tests() {
	if ! command -v nfdump >/dev/null || ! command -v nfcapd >/dev/null; then
		echo "skip import: nfdump: there is none"
		return
	fi
	mkdir "$tmp/nf"
	port=$(free_port)
	(ulimit -f 200000 && exec nfcapd -w "$tmp/nf" -b 127.0.0.1 -p "$port" \
	    -B 4000000 -t 3600) >"$tmp/log" 2>&1 &
	pid=$!
	pids=$pid
	socket=$(printf ':%04X 00000000:0000' "$port")
	until_true 5 grep -q "$socket" /proc/net/udp
	"$BUILD/flowgen" --flows $n_flows --no-sampling --pps 2000 \
	    --send "127.0.0.1:$port" 2>"$tmp/sent"
	until_true 5 grep -q "$socket .. 00000000:00000000 " /proc/net/udp
	kill "$pid"
	wait "$pid"
	pids=
	# written in one zone, read in the same, wherever that is
	TZ=America/St_Johns nfdump -R "$tmp/nf" -o csv >"$tmp/nf.csv"
	TZ=America/St_Johns import "$tmp/nf.db" --import "$tmp/nf.csv"
	is 'import: nfdump' "$rc $(cat "$tmp/out")" \
	    "0 $n_flows flows imported, 0 rows refused"
	# filed when it arrived, as if flowdbd had been there
	is 'import: nfdump: by time of reception' "$(find "$tmp/nf.db" \
	    -name 'flows.*' -newermt '-10 min' | wc -l) $(cd "$tmp/nf.db" &&
	    echo flows.* | cut -c 7-14)" "1 $(date -u +%Y%m%d)"
	for stat in srcip dstip srcport dstport proto srcas dstas inif outif \
	    srcmask dstmask tos nhip router; do
		compare_nfdump $stat
	done
	compare_with_capture
}

# Flows, packets and bytes of each key, and first and last second.
compare_nfdump() {
	filter='proto tcp or proto udp'
	[ "$1" != nhip ] || filter="($filter) and not next ip 0.0.0.0"
	TZ=UTC nfdump -R "$tmp/nf" -q -N -o csv -s "$1/bytes" -n 0 "$filter" |
	    awk -F , -v stat="$1" '/^[0-9]/ { key = stat == "proto" ? $4 : $5
	    sub(/ *$/, "", key); print $1, $2, key, $6, $8, $10 }' |
	    sort >"$tmp/want"
	"$BUILD/flowq" -R "$tmp/nf.db" -o csv -s "$1/bytes" -n 0 "$filter" |
	    awk -F '","' 'NR > 1 { sub(/^"/, "")
	    if ($4 == "TCP") $4 = 6; if ($4 == "UDP") $4 = 17
	    print $1, $2, $4, $5, $6, $7 }' | sort >"$tmp/got"
	holds "import: nfdump -s $1" cmp "$tmp/want" "$tmp/got"
	[ -s "$tmp/want" ] || echo "not ok import: nfdump -s $1: no rows"
}

# The same datagrams, received by flowdbd: flow by flow what both keep.
compare_with_capture() {
	"$BUILD/flowgen" --flows $n_flows --no-sampling \
	    --pcap "$tmp/same.pcap" 2>"$tmp/err"
	"$BUILD/flowdbd" -r "$tmp/same.pcap" -l "$tmp/same" 2>"$tmp/err"
	for d in nf.db same; do
		"$BUILD/flowq" -R "$tmp/$d" -o csv 'src mask > 0 and not
		    proto icmp and not proto icmp6' |
		    awk -F '","' -v OFS=, '{ print $1, $4, $5, $6, $7, $8, $9,
		    $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
		    $21 }' | sort >"$tmp/$d.rows"
	done
	is 'import: nfdump: the flows of a capture' "$(wc -l <"$tmp/same.rows") \
$(cmp "$tmp/same.rows" "$tmp/nf.db.rows" 2>&1)" "$(wc -l <"$tmp/nf.db.rows") "
	is 'import: nfdump: most of them' \
	    $(($(wc -l <"$tmp/same.rows") > n_flows / 2)) 1
}

nfdump_tests

# flowq writes nfdump's columns, too; times are those of the zone given.
for zone in Asia/Kathmandu UTC; do
	utc=
	[ $zone != UTC ] || utc=--utc
	TZ=$zone "$BUILD/flowq" -R "$tmp/mix" -o nfdump-csv >"$tmp/old.csv"
	rm -rf "$tmp/old"
	# shellcheck disable=SC2086	# may be no option
	TZ=${utc:+Asia/Tokyo}${utc:-$zone} import "$tmp/old" $utc \
	    --import "$tmp/old.csv"
	is "import: 48 columns, $zone" "$rc $(cat "$tmp/out")" \
	    "0 $n_flows flows imported, 0 rows refused"
	for d in mix old; do
		"$BUILD/flowq" -R "$tmp/$d" -s srcip -n 0 -o csv |
		    sort >"$tmp/$d.stat"
	done
	# to the second: durations of groups are not those of the flows
	cut -d , -f 1,4-7 "$tmp/mix.stat" >"$tmp/want"
	cut -d , -f 1,4-7 "$tmp/old.stat" >"$tmp/got"
	holds "import: ... by source" cmp "$tmp/want" "$tmp/got"
done
