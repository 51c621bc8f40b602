#!/bin/sh
# How costs grow with the number of flows and of shards, beside nfdump.  Takes
# long: with the default some 20 minutes and 20 GB of scratch space.
#
#	SIZES="FLOWS:HOURS ..."	what to make, one after the other
#	ROUNDS=3 PEERS=100000
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/bench-lib.sh
: "${SIZES:=1000000:24 5000000:24 20000000:24 5000000:1 5000000:168}"
: "${ROUNDS:=3}" "${PEERS:=100000}"
failed=0

largest=0
for size in $SIZES; do
	[ "${size%:*}" -le "$largest" ] || largest=${size%:*}
done
scratch $((largest / 1500 + 1000))
free_port
machine
for size in $SIZES; do
	flows=${size%:*} hours=${size#*:}
	make_load "$flows" "$hours" "$PEERS"
	echo "== $flows flows in $hours files"
	load_row "$flows"
	questions | grep -v 'all flows' >"$tmp/questions"
	answers warm "$ROUNDS"
	rm -rf "$tmp/db" "$tmp/nf" "$tmp/cost"
done
exit $failed
