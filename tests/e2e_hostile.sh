#!/bin/sh
# Malformed datagrams over the network, in the middle of good ones: what is
# valid is stored, nothing else is, and the log says by exporter what was
# wrong.  One of them makes nfcapd 1.7.1 write until the disk is full.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh

ls "$FLOWDB_CAPTURES"/invalid-*.pcap >/dev/null 2>&1 || {
	echo "skip hostile: there is no $FLOWDB_CAPTURES"
	exit 0
}
port=$(free_port)
dir=$tmp/d

# Records of the expect file; a v5 header that claims more records than there
# are may as well give none.
records() {
	case $1 in
	invalid-v5-01) echo 0 ;;
	*) echo $(($(wc -l <"$FLOWDB_CAPTURES/$1.expect.csv") - 1)) ;;
	esac
}

start_daemon "$dir" -t 86400
n=300
send --flows 300
for pcap in "$FLOWDB_CAPTURES"/invalid-*.pcap; do
	name=$(basename "$pcap" .pcap)
	n=$((n + $(records "$name")))
	send --replay "$pcap"
	holds "hostile: $name: what is valid is stored" \
	    until_true 2 has_flows "$dir" "$n"
done
n=$((n + 300))
send --flows 300 --seed 2
holds 'hostile: good ones after them, too' until_true 2 has_flows "$dir" "$n"

# one line an exporter, with the kinds in it
told() {
	for kind in short_header unknown_version; do
		logged "decoder: .* $kind=[1-9]" || return 1
	done
	for kind in bad_set_length bad_template; do
		logged "exporter=127.0.0.1 version=9 .* $kind=[1-9]" &&
		    logged "exporter=127.0.0.1 version=10 .* $kind=[1-9]" ||
		    return 1
	done
	logged 'exporter=127.0.0.1 version=5 .* bad_length=1'
}
kill -USR1 "$pid"
holds 'hostile: SIGUSR1 tells kinds and exporters' until_true 2 told
: >"$tmp/log"
stop_daemon
is 'hostile: broken input is no error' "$rc" 0
holds 'hostile: told at the end, too' told
is 'hostile: not one more is stored' "$(flows "$dir")" "$n"
is 'hostile: the shard is whole' "$(query "$(echo "$dir"/flows.*.sqlite)" \
    'PRAGMA integrity_check')" ok
holds 'hostile: the disk is not filled' test "$(du -sk "$dir" | cut -f1)" -lt 2000
