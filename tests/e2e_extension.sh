#!/bin/sh
# flowdb.so in the plain sqlite3 shell, one case a line: expression, result.
set -u
: "${BUILD:=build}"

if nm -D "$BUILD/flowdb.so" | grep -q __asan; then
	echo "skip extension: a sanitized extension does not load in sqlite3"
	exit 0
fi
while IFS='|' read -r expr want; do
	got=$(sqlite3 -cmd ".load $BUILD/flowdb" -cmd '.nullvalue NULL' \
	    :memory: "SELECT $expr" 2>&1)
	if [ "$got" = "$want" ]; then
		echo "ok extension $expr"
	else
		echo "not ok extension $expr: got $got, want $want"
	fi
done <<'CASES'
ip_text(x'0a0001ff')|10.0.1.255
ip_text(x'20010db8000000000000000000000001')|2001:db8::1
ip_text(x'0a0001')|NULL
ip_text('10.0.0.1')|NULL
ip_text(NULL)|NULL
hex(ip_blob('10.0.1.255'))|0A0001FF
hex(ip_blob('2001:db8::1'))|20010DB8000000000000000000000001
ip_blob('10.0.0.0/8')|NULL
ip_blob('no address')|NULL
ipfamily('10.0.0.1')|4
ipfamily(x'20010db8000000000000000000000001')|6
iphost('10.1.2.3/8')|10.1.2.3
iphost(x'0a010203')|10.1.2.3
ipmasklen('10.1.2.3/8')|8
ipmasklen('10.1.2.3')|32
ipmasklen('2001:db8::/48')|48
ipnetwork('10.1.2.3/8')|10.0.0.0/8
ipnetwork('2001:db8:1:2::3/48')|2001:db8:1::/48
ipcontains('192.168.10.0/24', x'c0a80a39')|1
ipcontains('192.168.10.0/24', '192.168.11.1')|0
ipcontains('10.0.0.0/8', '10.1.0.0/16')|1
ipcontains('10.1.0.0/16', '10.0.0.0/8')|0
ipcontains('32.1.0.0/16', '2001:db8::1')|0
ipcontains('10.0.0.0/33', '10.0.0.1')|NULL
ipfamily('')|NULL
ipfamily(5)|NULL
CASES
