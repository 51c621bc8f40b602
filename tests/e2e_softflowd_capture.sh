#!/bin/sh
# The capture of softflowd (tests/data) holds all of the traffic that it was
# made from: packets and bytes of each protocol, as the generator counts them.
set -u
: "${BUILD:=build}"

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# as in scripts/make-capture.sh
"$BUILD/flowgen" --traffic "$tmp/traffic" --flows 1500 \
    --start 2016-04-10T12:00:00Z | sort >"$tmp/want"
"$BUILD/flowdbd" -r tests/data/softflowd-v9.pcap -l "$tmp/data" \
    >"$tmp/log" 2>&1
sqlite3 -readonly -separator ' ' "$tmp/data/flows.201604101200.sqlite" \
    "SELECT proto, sum(packets), sum(bytes) FROM flows
    WHERE first_ms BETWEEN 1460289600000 AND 1460290500000 GROUP BY 1" |
    sort >"$tmp/got"
if [ "$(wc -l <"$tmp/want")" -eq 4 ] && cmp -s "$tmp/want" "$tmp/got"; then
	echo "ok softflowd-capture sums"
else
	cat "$tmp/log"
	diff "$tmp/want" "$tmp/got"
	echo "not ok softflowd-capture sums"
fi
