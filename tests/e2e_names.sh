#!/bin/sh
# Names beside numbers: tables of --names, reverse DNS of --dns, both.
set -u
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
data=$tmp/data

"$BUILD/flowgen" --flows 2000 --pcap "$tmp/flows.pcap" 2>/dev/null &&
    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>/dev/null || exit 1

# NAME WANT GOT
same() {
	if [ "$2" = "$3" ]; then
		echo "ok names $1"
	else
		echo "not ok names $1: want $2, got $3"
	fi
}

# the fourth and fifth field of the row of 127.0.0.1
of_router() {
	"$BUILD/flowq" -R "$data" -s router/flows -n 0 -o csv "$@" |
	    awk -F '","' '$4 == "127.0.0.1" { print $5 }'
}

if getent hosts 127.0.0.1 >"$tmp/hosts"; then
	host=$(awk '{ print $2; exit }' "$tmp/hosts")
	same dns "$host" "$(of_router --dns)"
else
	echo "skip names dns: 127.0.0.1 has no name here"
fi

mkdir "$tmp/tables"
printf 'address,name\n127.0.0.1,edge\n' >"$tmp/tables/hosts.csv"
printf 'address,name\n127.0.0.1,=edge-1\n' >"$tmp/tables/exporters.csv"
printf 'network,name\n192.168.0.0/16,home\n' >"$tmp/tables/networks.csv"
same exporter "'=edge-1" "$(of_router --names "$tmp/tables")"
same raw "=edge-1" "$(of_router --names "$tmp/tables" --raw)"
same table-first "'=edge-1" "$(of_router --names "$tmp/tables" --dns)"
same network home "$("$BUILD/flowq" -R "$data" -s srcip/bytes -n 1 -q -o csv \
    --names "$tmp/tables" 'src net 192.168.0.0/16' |
    awk -F '","' '{ print $5 }')"
"$BUILD/flowq" -R "$data" -s srcip/bytes -n 1 -o json --names "$tmp/tables" \
    'src net 192.168.0.0/16' >"$tmp/json"
# services, but not of ICMP, whose ports are none
same service 'https 53 dns' "$("$BUILD/flowq" -R "$data" -s dstport -n 1 -q \
    -o csv:dstport --names "$tmp/tables" 'proto tcp and dst port 443' |
    tr -d '"\r' | cut -d , -f 2) $("$BUILD/flowq" -R "$data" -s dstport -n 1 \
    -q --names "$tmp/tables" 'proto udp and dst port 53' |
    awk 'NR == 1 { print $5, $NF }')"
same no-service 0 "$("$BUILD/flowq" -R "$data" -q -o csv:proto,src_port,dst_port \
    --names "$tmp/tables" 'proto icmp or proto icmp6' |
    grep -vc '^"ICMP6*","[0-9]*","","[0-9]*",""')"

# by default: the environment; the option wins, also with nothing
by_default() {
	FLOWDB_NAMES=$tmp/tables "$BUILD/flowq" -R "$data" -s router/flows \
	    -n 0 -o csv:router,flows "$@" |
	    awk -F '","' '/^"127.0.0.1"/ { print NF }'
}
same environment 3 "$(by_default)"
same environment-off 2 "$(by_default --names '')"
same environment-script 0 "$(FLOWDB_NAMES=$tmp/tables "$BUILD/flowq" \
    -R "$data" -s router --sql | grep -c name)"
FLOWDB_NAMES=$tmp/none "$BUILD/flowq" -R "$data" -n 1 >"$tmp/out" 2>"$tmp/err"
same environment-missing "1 1" \
    "$? $(grep -c "^flowq: $tmp/none: no table of names" "$tmp/err")"
same json home "$(sqlite3 :memory: "SELECT json_extract(readfile(
    '$tmp/json'), '\$[0].srcip_name')")"

"$BUILD/flowq" -R "$data" --names "$tmp/none" -n 1 >"$tmp/out" 2>&1
same no-folder 1 $?
printf 'address,name\nlocal,edge\n' >"$tmp/tables/hosts.csv"
"$BUILD/flowq" -R "$data" --names "$tmp/tables" -n 1 >"$tmp/out" 2>&1
same bad-line 1 "$(grep -c 'hosts.csv:2:' "$tmp/out")"
