#!/bin/sh
# Sealing millions of flows while as many arrive: nothing is lost, nobody waits.
# It takes two minutes, all of the machine and 2 GB, so only FLOWDB_SLOW=1 runs
# it; FLOWDB_PPS and FLOWDB_FLOWS choose another load.
set -u
cd "$(dirname "$0")/.." || exit 1
if [ "${FLOWDB_SLOW:-0}" != 1 ]; then
	echo 'skip seal_load: takes minutes, FLOWDB_SLOW=1 runs it'
	exit 0
fi
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d
: "${FLOWDB_PPS:=7000}" "${FLOWDB_FLOWS:=8000000}"
slot=40

start_daemon "$dir" -t "$slot" -v
# it makes them first, and sends when the slot has just begun
send --flows "$FLOWDB_FLOWS" --pps "$FLOWDB_PPS" &
sender=$!
wait "$sender"
cat "$tmp/sent"
sealed() { logged '^.*flowdbd: sealed '; }
until_true 60 sealed
stop_daemon
is 'seal_load: it ends well' "$rc" 0
counters=$(grep ' datagrams=' "$tmp/log" | tail -n 1)
echo "# ${counters#*flowdbd: }"
grep -o 'decoder:.*' "$tmp/log" | tail -n 1 | sed 's/^/# /'
grep 'sealed' "$tmp/log" | sed "s|$dir/||; s/^/# /"
for f in "$dir"/flows.*.sqlite; do
	echo "# $(basename "$f"): $(query "$f" \
	    "SELECT value FROM meta WHERE key = 'flows'") flows," \
	    "$(stat -c '%s bytes, %a' "$f")"
done
# the longest transaction, while sealing or not
sed -n 's/.* \([0-9]*\) flows in \([0-9]*\) us$/\2 \1/p' "$tmp/log" |
    sort -n | tail -n 1 | sed 's/\(.*\) \(.*\)/# longest commit: \1 us (\2 flows)/'
n() { echo "$counters" | sed -n "s/.* $1=\([0-9]*\).*/\1/p"; }
holds 'seal_load: a shard of millions was sealed meanwhile' sealed
is 'seal_load: all is stored' "$(n stored)" "$FLOWDB_FLOWS"
is 'seal_load: nothing is shed' "$(n shed)" 0
is 'seal_load: the kernel dropped nothing' "$(n kernel_drops)" 0
is 'seal_load: ... which the exporters say, too' \
    "$(grep -c 'decoder:.* lost=' "$tmp/log")" 0
