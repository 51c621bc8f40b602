#!/bin/sh
# Makes tests/data/softflowd-v9.pcap: what the exporter softflowd (NetFlow
# v9) says about 15 minutes of made-up traffic of 1500 sessions, TCP, UDP and
# ICMP over IPv4 and IPv6.  Needs the right to capture on the loopback.
#
#	scripts/make-capture.sh [FILE]
#
# The traffic is of 2016-04-10 12:00 UTC and softflowd sends it as of then
# (-a), so the capture's clock is set back to that hour: its datagrams arrive
# at 12:15, one second after the clock in their headers.
set -eu
cd "$(dirname "$0")/.."
out=${1:-tests/data/softflowd-v9.pcap}
start=2016-04-10T12:00:00Z
port=34340

scripts/packages.sh build capture
make -s all build/flowgen
tmp=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$tmp"' EXIT

until_says() {	# FILE TEXT
	for _ in $(seq 100); do
		! grep -q "$2" "$1" || return 0
		sleep 0.05
	done
	cat "$1" >&2
	exit 1
}

# LETTER FILE: what capinfos calls so (c: packets, a: first arrival)
of_capture() {
	capinfos -rTmS"$1" "$2" 2>/dev/null | cut -d, -f2
}

build/flowgen --traffic "$tmp/traffic" --flows 1500 --start $start
# somebody must listen, or softflowd counts refused datagrams
build/flowdbd -b 127.0.0.1 -p $port -l "$tmp/data" 2>"$tmp/log" &
pids=$!
until_says "$tmp/log" "receiving on"
dumpcap -P -i lo -f "udp and dst port $port" -w "$tmp/raw" 2>"$tmp/dump" &
dump=$!
pids="$pids $dump"
until_says "$tmp/dump" "^File: "
softflowd -d -a -v 9 -n 127.0.0.1:$port -p "$tmp/pid" -c none \
    -r "$tmp/traffic" >"$tmp/soft" 2>&1
records=$(sed -n 's/^Flows exported:.*(\([0-9]*\) records).*/\1/p' "$tmp/soft")
datagrams=$(sed -n 's/^Flows exported:.* in \([0-9]*\) packets.*/\1/p' \
    "$tmp/soft")
for _ in $(seq 100); do
	[ "$(of_capture c "$tmp/raw")" != "$datagrams" ] || break
	sleep 0.05
done
kill -INT $dump
wait $dump || :

# arrival of the first datagram becomes 12:15:00
by=$(awk -v a="$(date -ud "$start" +%s)" -v b="$(of_capture a "$tmp/raw")" \
    'BEGIN { printf "%.6f", a + 900 - b }')
editcap -F pcap -t "$by" "$tmp/raw" "$tmp/out"
[ "$(of_capture c "$tmp/out")" = "$datagrams" ]
install -m 644 "$tmp/out" "$out"
echo "$out: $datagrams datagrams, $records flows"
