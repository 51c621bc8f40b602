#!/bin/sh
# A real exporter: softflowd reads plain traffic and exports it live.  Packets
# and bytes of each protocol must add up to what was in the traffic.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh

softflowd=$(PATH=$PATH:/usr/sbin command -v softflowd) || {
	echo "skip softflowd: there is no softflowd (Debian package softflowd)"
	exit 0
}

# Protocol, packets, bytes of the IPv4 packets of a capture of Ethernet.
ipv4_sums() {
	od -An -v -tu1 -w1 "$1" | awk '
	{ byte = $1 + 0; at++ }
	at <= 24 { next }
	{ k++ }				# 16 bytes of header, then the frame
	k >= 9 && k <= 12 { stored += byte * 256 ^ (k - 9) }
	k == 29 { type = byte * 256 }
	k == 30 { type += byte }
	k == 33 { len = byte * 256 }
	k == 34 { len += byte }
	k == 40 { proto = byte }
	k == 16 + stored {
		if (type == 2048) {
			packets[proto]++
			bytes[proto] += len
		}
		k = stored = 0
	}
	END {
		name[1] = "ICMP"; name[6] = "TCP"; name[17] = "UDP"
		for (p in packets)
			printf "%s %d %d\n", name[p], packets[p], bytes[p]
	}' | sort
}

sums() {
	for f in "$1"/flows.*.sqlite; do
		query "$f" "SELECT proto || ' ' || sum(packets) || ' ' ||
		    sum(bytes) FROM flows GROUP BY proto"
	done 2>/dev/null | sort
}
# adds_up WANT
adds_up() {
	sums "$dir" >"$tmp/got"
	cmp -s "$tmp/got" "$1"
}

"$BUILD/flowgen" --flows 1000 --traffic "$tmp/traffic.pcap" |
    sort >"$tmp/all"
ipv4_sums "$tmp/traffic.pcap" >"$tmp/ipv4"
holds "softflowd: there is IPv4 and IPv6 traffic" \
    test -s "$tmp/ipv4" -a "$(wc -l <"$tmp/all")" -eq 4
port=$(free_port)
for version in 5 9 10; do
	dir=$tmp/v$version
	want=$tmp/all
	[ "$version" != 5 ] || want=$tmp/ipv4
	start_daemon "$dir" -t 86400
	# no control socket: softflowd 1.1.0 would wait there for ever
	timeout 20 "$softflowd" -r "$tmp/traffic.pcap" -v "$version" \
	    -p "$tmp/softflowd.pid" -c none -n "127.0.0.1:$port" \
	    >"$tmp/softflowd.log" 2>&1
	is "softflowd: v$version is exported" "$?" 0
	holds "softflowd: v$version adds up" until_true 3 adds_up "$want"
	cmp -s "$tmp/got" "$want" || diff "$want" "$tmp/got" | sed 's/^/# /'
	is "softflowd: v$version in table exporter" "$(query \
	    "$(echo "$dir"/flows.*.sqlite)" "SELECT version, lost,
	    flows = (SELECT count(*) FROM flow) FROM exporter")" "$version|0|1"
	stop_daemon
	is "softflowd: v$version is stored without trouble" "$rc" 0
done
