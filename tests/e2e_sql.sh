#!/bin/sh
# The scripts of flowq --sql, run by sqlite3, against flowq -o csv: every
# statistic, aggregates, lists, the filters of brute and of the table here,
# windows.  Twelve shards, as SQLite attaches ten; fields that the generator
# never sends are put into them by SQL.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
: "${BUILD:=build}"
command -v sqlite3 >/dev/null 2>&1 || {
	echo "skip sql: there is no sqlite3"
	exit 0
}
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data="$tmp/a b'c%41#d?e;\"f"
tab=$(printf '\t')
compared=0 group=

begin() { group=$1 differ=0 rows=0; }

# end LEAST: so many rows at least were compared
end() {
	if [ "$differ" -gt 0 ]; then
		echo "not ok sql $group: $differ differences"
	elif [ "$rows" -lt "$1" ]; then
		echo "not ok sql $group: $rows rows only"
	else
		echo "ok sql $group"
	fi
}

# Rows of CSV without quotes; our values hold none.  sqlite3 prints no header
# when there are no rows.
bare() { tr -d '"\r' | sed '/^first_seen_utc,/d'; }

# The script of these arguments gives what flowq gives.
same() {
	compared=$((compared + 1))
	if "$BUILD/flowq" "$@" -o csv >"$tmp/csv" 2>"$tmp/log" &&
	    "$BUILD/flowq" "$@" --sql >"$tmp/script" 2>"$tmp/log" &&
	    sqlite3 -init /dev/null <"$tmp/script" >"$tmp/out" 2>"$tmp/log"
	then
		bare <"$tmp/csv" >"$tmp/want"
		bare <"$tmp/out" >"$tmp/got"
		rows=$((rows + $(wc -l <"$tmp/want")))
		cmp -s "$tmp/want" "$tmp/got" && return
	fi
	differ=$((differ + 1))
	[ "$differ" -gt 3 ] && return
	echo "flowq $* --sql"
	head -n 3 "$tmp/log"
	diff "$tmp/want" "$tmp/got" | head -n 4
}

if ! "$BUILD/flowgen" --flows 2400 --hours 12 --mix --seed 7 \
    --pcap "$tmp/flows.pcap" 2>"$tmp/log" ||
    ! "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log"; then
	cat "$tmp/log"
	echo "not ok sql: the flows could not be stored"
	exit 1
fi

# Columns of extra and path that are not in roll-ups get values, by type.
fill() {
	sqlite3 "$1" "SELECT group_concat(CASE type
	    WHEN 'BLOB' THEN 'iif(id % 3, unhexed(id), NULL)'
	    ELSE 'iif(id % 4, id * ' || (cid + 3) || ' % ' ||
		iif(name LIKE '%mac', 281474976710655, 61) || ', NULL)' END)
	    FROM pragma_table_info('extra') WHERE name <> 'id'"
}
for shard in "$data"/*.sqlite; do
	chmod u+w "$shard"
	extra=$(fill "$shard" | sed "s/unhexed(id)/(SELECT iif(f.id % 2, \
	    f.src_addr, f.dst_addr) FROM flow AS f WHERE f.id = flow.id)/g")
	sqlite3 "$shard" "INSERT OR REPLACE INTO extra SELECT id, $extra
	    FROM flow WHERE id % 5;
	    UPDATE path SET bgp_next_hop = next_hop, prev_as = id % 5,
	    next_as = id % 7 + 4294967289, dst_tos = id % 3,
	    src_vlan = nullif(id % 4, 1), dst_vlan = id % 3,
	    fwd_status = 64, in_vrf = id % 2, out_vrf = id % 3,
	    obs_domain = id % 6, obs_point = nullif(id % 5, 2);
	    UPDATE path SET direction = id % 2 WHERE id % 3" ||
	    echo "not ok sql: fields put into $shard"
done
chmod a-w "$data"/*.sqlite

# every statistic there is
stats=$("$BUILD/flowq" help stats | sed -n "/^Orders/q; s/^  //p" | tr -d ',')
for stat in $stats; do
	case $stat in
	*geo | *asn) continue ;; # not in the shards: refused, see e2e_geo
	esac
	begin "-s $stat"
	same -R "$data" -s "$stat/bytes/flows" -s "$stat:p/packets" \
	    -s "$stat/bps:a/pps/bpp" -n 90
	end 4
done
begin "-s record"
same -R "$data" -s record/bytes/flows/bps -n 0
same -R "$data" -s record/bps -s dstip/packets -s proto:p -n 20
same -R "$data" --raw -s record/bytes -n 20
same -R "$data" -a
same -R "$data" -a -O duration -n 30
end 500

begin "counters of the other direction"
for order in opkg obyte opps obps obpp; do
	same -R "$data" -s "srcip/$order" -n 0
	same -R "$data" --raw -s "port/$order" -n 20
done
end 500

# as they are shown: scaled, or not
begin "filters on counters of the other direction"
for raw in "" --raw; do
	"$BUILD/flowq" -R "$data" $raw -q -o csv:first_ms,%obyt,%opkt,%byt |
	    tr -d '"\r' >"$tmp/all"
	for what in "out bytes > 1000:\$2 > 1000" "out packets 30-60:\$3 >= 30 \
	    && \$3 <= 60" "not out bytes < 40:\$2 == \"\" || \$2 >= 40" \
	    "out bytes > 30 and bytes > 1k:\$2 > 30 && \$4 > 1000"; do
		awk -F , "${what#*:}" "$tmp/all" >"$tmp/want"
		"$BUILD/flowq" -R "$data" $raw -q \
		    -o csv:first_ms,%obyt,%opkt,%byt "${what%%:*}" |
		    tr -d '"\r' >"$tmp/got"
		rows=$((rows + $(wc -l <"$tmp/want")))
		cmp "$tmp/want" "$tmp/got" || differ=$((differ + 1))
	done
	same -R "$data" $raw -s srcip/bytes "out bytes > 1000 or out packets 7"
done
end 900

begin "-A"
for fields in proto srcip,dstip proto,srcas,dstas inif,outif,router \
    srcip,dstport,flags,tos insrcmac,srcvlan dir,next,bgpnext,mpls3; do
	same -R "$data" -A "$fields"
	same -R "$data" -A "$fields" -O bytes -n 50
	same -R "$data" -A "$fields" -O tstart:d -n 50
done
for order in flows packets tend duration pps bps bpp; do
	same -R "$data" -A srcip,dstip -O "$order" -n 50
done
end 500

begin "lists"
same -R "$data"
same -R "$data" -n 37
same -R "$data" -c 901
same -R "$data" -c 901 -n 30
same --raw -R "$data" -n 1500 'proto udp'
same -R "$data" -O bytes
same -R "$data" -O tend:d
for order in tstart tstart:d tend duration packets bytes pps bps bpp flows \
    bytes:a; do
	same -R "$data" -O "$order" -n 25
	same --raw -R "$data" -O "$order" -n 25 -c 700 'not port 53'
done
end 500

begin "filters of brute"
"$BUILD/brute" --filters >"$tmp/filters"
while IFS=$tab read -r _ text; do
	same -R "$data" -s srcip/bytes -n 0 "$text"
done <"$tmp/filters"
end 500

begin "more filters"
while read -r text; do
	same -R "$data" -s dstport/flows -n 0 "$text"
	same -R "$data" -n 40 "$text"
done <<'FILTERS'
bps > 10k and pps < 500
not (src net 192.168.10.0/24 or dst port 53)
port in [53 80 443 1-20]
in if 3 or out if 4
exporter ip 127.0.0.1 or router ip 10.0.0.1
mac 00:00:00:00:00:12
in src mac 00:00:00:00:00:0f or not in src mac 00:00:00:00:00:0f
mpls label1 3 or not mpls label2 1
src vlan 2 or dst vlan 1
next as 4294967291
tos 0 and not dst tos 1
count < 300
count > 1500 and proto tcp
flows > 2
min ttl > 10
src xip 192.168.10.57
nat event add
duration > 1000 and bpp < 100
ip in [192.168.10.0/24 2001:db8::/32 10.0.0.1]
FILTERS
end 100

begin "a list of 3000 addresses and 300 networks"
awk 'BEGIN { printf "dst ip in ["
    for (i = 0; i < 3000; i++) printf "192.168.%d.%d ", 10 + i % 12, i % 256
    for (i = 0; i < 300; i++) printf "10.%d.0.0/17 2001:db8:%x::/48 ", i % 256, i
    printf "] and src port in ["
    for (i = 0; i < 900; i++) printf "%d ", 1000 + i * 70
    for (i = 0; i < 300; i++) printf "%d-%d ", 60 * i, 60 * i + 50
    print "]" }' >"$tmp/long"
same -R "$data" -s srcip -n 0 -f "$tmp/long"
end 100

begin "windows"
for t in '2016/04/10.14:20:00-2016/04/10.17:10:00' '2016/04/10.20' '+3600' \
    '2016/04/10.23:30:00-' '2030/01/01'; do
	same --utc -R "$data" -t "$t" -s ip/bytes -n 0
	same --utc -R "$data" -t "$t" --within -s proto -n 0
	same --utc -R "$data" -t "$t" -n 100
	same --utc -R "$data" -t "$t" -n 100 'count > 50'
done
end 500
"$BUILD/flowq" --utc -R "$data" -t 2016/04/10.20 -s proto --sql >"$tmp/script"
if [ "$(grep -c '^-- left out, it ends before the window: /.*flows\.' \
    "$tmp/script")" -eq 8 ] &&
    [ "$(grep -c '^-- left out, it begins after the window: ' \
    "$tmp/script")" -eq 3 ] && [ "$(grep -c ^ATTACH "$tmp/script")" -eq 1 ]
then
	echo "ok sql shards out of the window are told"
else
	echo "not ok sql shards out of the window are told"
	grep -c '^-- left' "$tmp/script"
fi

# header, quoting and line ends are sqlite3's; the columns are CSV's
"$BUILD/flowq" -R "$data" -s ip:p/bytes --sql | sqlite3 -init /dev/null |
    head -n 1 >"$tmp/got"
printf '%s\r\n' "first_seen_utc,last_seen_utc,duration_ms,proto,ip,flows,packets,bytes,pps,bps,bpp" |
    cmp -s - "$tmp/got" && echo "ok sql header" || echo "not ok sql header"
begin "csv:FIELDS, -q"
of_flows=%ts,%te,%tsr,%ter,%td,%pr,%sa,%dp,%it,%ic,%flg,%opkt,%ismc,%nfv,%exp,%pps,%bps,%bpp,%fl,%evt,%dir
of_sums=%bps,%ter,%fl,%te,%pkt
for what in "" "-s record" "-a -O bytes" "-s dstip/bytes" "-s ip:p" \
    "-s router/packets -s proto/pps" "-A srcip,dstip -O bytes"; do
	case $what in
	'' | *record | -a*) fields=$of_flows ;;
	-A*) fields=$of_sums,dstip,src_addr ;;
	*:p) fields=$of_sums,ip,proto ;;
	-s\ dstip*) fields=dst_addr,$of_sums,bpp,dstip ;;
	*) fields=$of_sums ;;
	esac
	"$BUILD/flowq" -R "$data" $what -q -n 100 -o "csv:$fields" >"$tmp/csv"
	"$BUILD/flowq" -R "$data" $what -q -n 100 --sql -o "csv:$fields" |
	    sqlite3 -init /dev/null | bare >"$tmp/got"
	bare <"$tmp/csv" >"$tmp/want"
	rows=$((rows + $(wc -l <"$tmp/want")))
	cmp -s "$tmp/want" "$tmp/got" || {
		differ=$((differ + 1))
		diff "$tmp/want" "$tmp/got" | head -n 4
	}
done
end 400

# A comment is one line, whatever the user wrote.
odd="$tmp/odd
.shell touch ran"
printf 'proto tcp # x\r\nor udp\n' >"$odd"
"$BUILD/flowq" -R "$data" -s proto -f "$odd" --sql >"$tmp/script"
(cd "$tmp" && sqlite3 -init /dev/null <"$tmp/script" >out 2>log)
"$BUILD/flowq" -R "$data" -s proto --sql "tcp or
udp" | sqlite3 -init /dev/null >"$tmp/got" 2>>"$tmp/log"
if [ ! -e "$tmp/ran" ] && [ ! -s "$tmp/log" ] && cmp -s "$tmp/out" "$tmp/got" &&
    [ "$(wc -l <"$tmp/got")" -eq 3 ]; then
	echo "ok sql comments hold what the user wrote"
else
	echo "not ok sql comments hold what the user wrote"
	cat "$tmp/log"
fi

# A script reads; it cannot write to a shard.
if { sed '/^ATTACH/q' "$tmp/script"; echo "DELETE FROM shard.flow;"; } |
    sqlite3 -init /dev/null 2>&1 | grep -q readonly; then
	echo "ok sql shards are attached read-only"
else
	echo "not ok sql shards are attached read-only"
fi

# refused NAME TEXT ARGUMENTS
refused() {
	name=$1 text=$2
	shift 2
	"$BUILD/flowq" -R "$data" --sql "$@" >"$tmp/out" 2>"$tmp/log"
	if [ $? -eq 2 ] && [ ! -s "$tmp/out" ] && grep -q -e "$text" "$tmp/log"; then
		echo "ok sql refuses $name"
	else
		echo "not ok sql refuses $name: $(cat "$tmp/log")"
	fi
}
refused "-b" "-b and -B" -b
refused "-B" "-b and -B" -B
refused "-P" "-P cannot" -s srcip -P "bytes > 1k"
refused "-c before sums" "-c before sums" -s srcip -c 10
refused "prefix lengths" "srcip4/24 cuts" -A srcip4/24
refused "prefix lengths of -s" "dstip6/48 cuts" -s dstip6/48
refused "srcnet" "srcnet cuts" -A srcnet,dstport
refused "--names" "--names" --names "$tmp" -s srcip
refused "other formats" "only -o csv" -o json
refused "unknown fields" "nosuch" -o csv:nosuch
echo "$compared comparisons"
