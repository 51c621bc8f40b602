#!/bin/sh
# flowdb-exporters(7) says which devices were decoded from which captures: each
# that it names is there and gives the flows that are expected of it.
# shellcheck source=tests/daemon.sh
. tests/daemon.sh
page=collector/flowdb-exporters.7

named=$(grep '^\.Pq ' $page | grep -oE '\b(v5|v9|ipfix|softflowd-live)-[a-z0-9-]+' |
    sort -u)
holds 'recipes: captures are named' test "$(echo "$named" | wc -l)" -ge 20
# the devices that the page is for
for word in 'IOS, classic' 'Flexible NetFlow' 'IOS XR' JUNIPER MIKROTIK \
    FORTIGATE OPNsense pfSense softflowd ipt_NETFLOW 'Open vSwitch'; do
	holds "recipes: $word" grep -qE "^\.S[hs] .*$word" $page
done
if [ ! -d "$FLOWDB_CAPTURES" ]; then
	echo "skip recipes: there is no $FLOWDB_CAPTURES"
	exit 0
fi
for name in $named; do
	dir=$tmp/$name
	"$BUILD/flowdbd" -r "$FLOWDB_CAPTURES/$name.pcap" -l "$dir" 2>"$tmp/log"
	got=$([ "$(shards "$dir")" -gt 0 ] && flows "$dir" || echo 0)
	is "recipes: $name" "$got" \
	    "$(($(wc -l <"$FLOWDB_CAPTURES/$name.expect.csv") - 1))"
done
