# shellcheck shell=sh disable=SC2154,SC2034	# the caller's
# Questions that flowq must answer with the same bytes whoever has the flows:
# shards, one ClickHouse server, or two as a cluster.  Sourced.
#
#	backend_group_NAME	filters, statistics, aggregates, lists, series,
#		windows, rollups WINDOW: each question to both.  Says what
#		differs
#
# FLOWQ is the program, BRUTE the one that lists filters, SCRATCH a folder;
# backend_shards is the value of -R, backend_url that of --backend.  Of all
# questions one in BACKEND_STEP is put; ASKED, COMPARED and DIFFER count.

: "${FLOWQ:=build/flowq}" "${BRUTE:=build/brute}"
: "${BACKEND_STEP:=1}"
ASKED=0 COMPARED=0 DIFFER=0

# The question as arguments; the summary's times differ, so -q for tables.
backend_same() {
	ASKED=$((ASKED + 1))
	[ $((ASKED % BACKEND_STEP)) -eq 0 ] || return 0
	COMPARED=$((COMPARED + 1))
	"$FLOWQ" -R "$backend_shards" "$@" >"$SCRATCH/want" 2>"$SCRATCH/e1"
	backend_rc1=$?
	"$FLOWQ" --backend "$backend_url" "$@" >"$SCRATCH/got" \
	    2>"$SCRATCH/e2"
	backend_rc2=$?
	# what is refused is refused alike
	[ $backend_rc1 -eq $backend_rc2 ] &&
	    cmp -s "$SCRATCH/want" "$SCRATCH/got" &&
	    cmp -s "$SCRATCH/e1" "$SCRATCH/e2" && return
	DIFFER=$((DIFFER + 1))
	[ $DIFFER -gt 10 ] && return
	echo "flowq $*: status $backend_rc1, $backend_rc2"
	head -n 2 "$SCRATCH/e1" "$SCRATCH/e2" | cut -c 1-300
	diff "$SCRATCH/want" "$SCRATCH/got" | head -n 6 | cut -c 1-300
}

# Beside those of brute: rare fields, exporters, sets, what is negated.
backend_filters() {
	"$BRUTE" --filters | cut -f 2
	cat <<'END'
not (src ip 192.168.10.57 or not dst port in [53 80 443])
src net 192.168.0.0/16 and not net 192.168.10.0/24
ip in [10.0.0.0/8 192.168.10.57 2001:db8::/32 ::ffff:0:0/96 fe80::/10]
src net ::/0
dst net 0.0.0.0/0
not src net ::/0
src port != 53
port != 53
src and dst port > 1024
not proto tcp
exporter ip 127.0.0.2
not exporter ip 127.0.0.2
exporter ip 127.0.0.0/30
exporter version 9
exporter version 5 or exporter version 10
not exporter version 9
next hop ip 0.0.0.0/0
not next hop ip 0.0.0.0/0
src mask > 0
in if 1 or out if 2
not in if > 0
src as > 0 and dst as > 0
as 64500 or not as < 70000
prev as > 0 or next as > 0
tos 0
tos != 0
dir ingress
src vlan > 0
vlan 10 or vlan 100
src mac 00:00:00:00:00:00 or not src mac 00:00:00:00:00:00
mpls label any 0 or mpls label1 > 0
packets > 10 and bytes < 100k
bps > 1k
pps > 10
bpp > 100 and bpp < 900
duration > 1000
duration < 1
flows > 1 or flows < 2
flags S and not flags A
flags > 2
min ttl > 10
ttl 64
fwdstat 64 or not fwdstat 64
event create or not event create
nat event add or xip 10.0.0.1
count > 1000 and count < 2000
out bytes > 0
out packets > 10 or out bytes < 10
icmp-type 8 or icmp-code 0
ipv4 and ipv6
inet6 or proto udp
END
}

backend_group_filters() {
	backend_filters | while IFS= read -r backend_text; do
		# what is no word here is none of the cases
		"$FLOWQ" -Z "$backend_text" >/dev/null 2>&1 &&
		    printf '%s\n' "$backend_text"
	done >"$SCRATCH/filters"
	BACKEND_FILTERS=$(wc -l <"$SCRATCH/filters")
	while IFS= read -r backend_text <&3; do
		backend_same -I "$backend_text"
		backend_same -n 30 -o csv "$backend_text"
	done 3<"$SCRATCH/filters"
}

backend_group_statistics() {
	for backend_name in $("$FLOWQ" help stats | sed -n \
	    '/^Statistics/,/^$/s/^  //p' | tr -d ,); do
		# looked up in shards only
		case $backend_name in *geo | *asn) continue ;; esac
		backend_same -s "$backend_name/bytes" -n 0 -o csv
		backend_same -s "$backend_name:p/flows" -n 15 -o csv
	done
	for backend_order in flows packets bytes pps bps bpp; do
		backend_same -s "srcip/$backend_order" -q -N
		backend_same -s "ip:p/$backend_order" -n 7 -o json
		backend_same -s "record/$backend_order" -q
	done
	backend_same -s srcip -s dstip/bytes -s record/packets/bytes -o csv
	backend_same -s srcip4/24 -s dstip6/64 -s ip4/20 -o csv
	backend_same -s srcip/bytes -P 'bytes > 1M' -o csv
	backend_same -s srcip/bytes -n 0 --raw -o csv
	backend_same -s srcip/bytes -n 0 --memory 1M -o csv
	backend_same -s dstport/bytes -c 5000 -o csv
	backend_same -I
	backend_same -I -c 777
}

# What roll-ups serve, and what they must not, from both and without them.
# $1: a window of whole hours
backend_group_rollups() {
	while IFS='|' read -r backend_what backend_text; do
		for backend_window in '' "-t $1 --utc" "-t $1 --utc --within"; do
			for backend_how in '' --no-rollup; do
				# shellcheck disable=SC2086 # words
				backend_same $backend_what $backend_window \
				    $backend_how -n 25 -o csv "$backend_text"
			done
		done
	done <<'END'
-s srcip/bytes|any
-s dstip:p/packets|any
-s dstip/bytes|dst net 192.168.0.0/16 or dst ip ::ffff:10.0.0.1
-s srcip/bytes|src ip != 192.168.10.57 and not proto udp
-s ip/bytes|any
-s ip:p/flows|proto udp
-s ip4/20/bytes|any
-s ip/flows|ip 192.168.10.57
-s port/bytes|any
-s dstport:p/flows|dst port < 1024
-s srcport/bytes|dst port 53
-s as/flows|any
-s dstas/bytes|any
-s if/packets|not proto tcp
-s inif/bytes|in if > 0
-s proto/bytes|any
-s proto/flows|out if 2
-s srcip/bytes|ipv6
-s srcip/bps|any
-s dstip/bytes:a|any
-A srcip4/24,proto|any
-A dstport -O bytes|any
-A srcip6/61 -O flows|src net 0.0.0.0/0
-A srcip,dstip -O bytes|any
-A proto -O bytes -P 'bytes > 1M'|any
-s srcip/bytes -s dstport/flows -s ip/packets|any
-s srcip/bytes --raw|any
END
}

backend_group_aggregates() {
	for backend_fields in srcip dstip,dstport proto srcip4/24 \
	    srcip4/19,dstip6/48,proto srcip4/24,dstip4/16,srcport,dstport \
	    srcip6/61,srcip4/9 srcnet,dstnet inif,outif,tos srcas,dstas \
	    router,proto nhip,srcmask; do
		backend_same -A "$backend_fields" -o csv
		backend_same -A "$backend_fields" -O bytes -n 25 -q
		backend_same -A "$backend_fields" -O tstart -n 25 -o json
	done
	for backend_option in -a -b -B; do
		backend_same $backend_option -O bytes -n 200 -o csv
		backend_same $backend_option -O tend:a -n 100 -q -o long
		backend_same $backend_option -o csv 'proto tcp'
	done
	backend_same -a -c 3000 -O packets -o csv
	backend_same -a -P 'packets > 100' -O bytes -o json
}

backend_group_lists() {
	backend_same -o csv
	backend_same -n 500 -o json
	backend_same -n 100 -q
	for backend_format in long extended biline json csv line; do
		backend_same -n 60 -o $backend_format -q
	done
	backend_same -n 60 -q -N -6 -o extended
	backend_same -n 60 -q --utc -o 'fmt:%ts %te %sa %da %byt %ra %in %out'
	for backend_order in tstart tend duration packets bytes pps bps bpp \
	    flows obytes opackets; do
		backend_same -O $backend_order -n 300 -o csv
		backend_same -O $backend_order:a -n 300 -o csv
	done
	backend_same -O bytes -o csv 'proto udp'
	backend_same -c 1234 -o csv
	backend_same -c 1234 -O bytes -n 50 -o csv 'dst port 53'
	backend_same --raw -O bytes -n 50 -o csv
}

backend_group_series() {
	for backend_bin in 1m 5m 4m 1h 1d; do
		backend_same --bin $backend_bin -o csv
		backend_same --bin $backend_bin -s proto/bytes -n 3 -o csv
		backend_same --bin $backend_bin -s ip/packets -n 3 -o json
		backend_same --bin $backend_bin --no-spread -o csv 'proto tcp'
	done
	backend_same --bin 10s -s srcip:p/bytes -n 5 -o csv 'dst port 443'
	backend_same --bin 5m -q
}

# $1: a window within the data
backend_group_windows() {
	for backend_window in "$1" +1800 -1200; do
		backend_same -t "$backend_window" --utc -s srcip/bytes -n 0 \
		    -o csv
		backend_same -t "$backend_window" --utc --within \
		    -s dstport/flows -o csv
		backend_same -t "$backend_window" --utc -n 200 -o csv
		backend_same -t "$backend_window" --utc --bin 5m -s proto \
		    -o csv
		backend_same -t "$backend_window" --utc -I
		backend_same -t "$backend_window" --utc -O bytes -n 50 -o csv \
		    'proto tcp'
	done
}
