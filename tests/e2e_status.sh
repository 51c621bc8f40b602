#!/bin/sh
# What a running daemon tells: metrics by file, TCP and UNIX socket, and the
# table of --status.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
web=$(free_port)
dir=$tmp/d

cat >"$tmp/conf" <<CONF
directory = "$dir"
metrics_file = "$tmp/flowdb.prom"
metrics_listen = "127.0.0.1:$web"
CONF

# http PORT REQUEST-LINE: the answer; bash, as it can talk TCP
http() {
	bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" &&
	    printf "%s\r\nHost: localhost\r\n\r\n" "$2" >&3 && cat <&3' \
	    http "$1" "$2" 2>/dev/null
}
scrape() { http "$web" 'GET /metrics HTTP/1.1' | sed '1,/^\r*$/d'; }
# value NAME: the sum over all labels
value() {
	awk -v name="$1" '{ n = $1; sub(/\{.*/, "", n) }
	    n == name { sum += $NF } END { printf "%.0f\n", sum }' "$tmp/m"
}
counted() { scrape >"$tmp/m"; [ "$(value "$1")" = "$2" ]; }
status() { "$BUILD/flowdbd" --status -l "$dir" >"$tmp/status" 2>"$tmp/err"; }
shows() { status && grep -q "$1" "$tmp/status"; }

status
is 'status: nobody runs' "$? $(sed "s|$tmp/||" "$tmp/err")" \
    "1 flowdbd: no flowdbd runs there (d/.flowdbd.status: no such socket)"

start_daemon "$dir" -c "$tmp/conf"
holds 'status: before anything came' shows 'live shard   none yet'
holds 'status: ... no commit' grep -q 'last commit  none yet' "$tmp/status"
send --flows 3000
holds 'metrics: stored flows' until_true 4 counted flowdb_flows_stored_total 3000
is 'metrics: clean text' "$(awk -f tests/metrics.awk "$tmp/m")" ''
if command -v promtool >/dev/null; then
	is 'metrics: promtool agrees' \
	    "$(promtool check metrics <"$tmp/m" 2>&1)" ''
fi
sent=$(sed -n 's/.* sent \([0-9]*\) datagrams.*/\1/p' "$tmp/sent")
is 'metrics: datagrams by listener' "$(grep flowdb_udp_packets_total{ "$tmp/m")" \
    "flowdb_udp_packets_total{listener=\"127.0.0.1:$port\"} $sent"
is 'metrics: packets by exporter' "$(value flowdb_netflow_packets_total)" "$sent"
is 'metrics: flow records by exporter' \
    "$(grep 'type="data"' "$tmp/m" | awk '{ n += $NF } END { print n }')" 3000
is 'metrics: exporters' "$(value flowdb_netflow_exporters)" \
    "$(query "$dir"/flows.*.sqlite 'SELECT count(*) FROM exporter')"
is 'metrics: nothing waits' "$(value flowdb_queue_flows)" 0
holds 'metrics: commits were counted' \
    test "$(value flowdb_shard_commit_seconds_count)" -gt 0
for name in build_info udp_bytes_total udp_dropped_packets_total \
    netflow_errors_total netflow_unknown_template_total netflow_templates \
    netflow_sequence_lost_total flows_shed_total queue_limit_flows \
    shard_commit_seconds_sum shard_commit_seconds_max shard_bytes \
    last_commit_timestamp_seconds shards_waiting; do
	holds "metrics: flowdb_$name" grep -q "^flowdb_$name[{ ]" "$tmp/m"
done
is 'metrics: size of the shard' "$(value flowdb_shard_bytes)" \
    "$(stat -c %s "$dir"/flows.*.sqlite)"
holds 'metrics: the file' until_true 12 grep -qs \
    '^flowdb_flows_stored_total 3000' "$tmp/flowdb.prom"
is 'metrics: ... clean' "$(awk -f tests/metrics.awk "$tmp/flowdb.prom")" ''
is 'metrics: other paths' "$(http "$web" 'GET / HTTP/1.1' | head -n 1)" \
    "$(printf 'HTTP/1.0 404 Not Found\r')"

# broken input, by exporter and kind
bash -c 'printf "\0\11\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\1\0\0\3" \
    >"/dev/udp/127.0.0.1/$0"; printf x >"/dev/udp/127.0.0.1/$0"' "$port"
holds 'metrics: errors by kind' until_true 4 counted flowdb_netflow_errors_total 2
holds 'metrics: ... and exporter' grep -q \
    'exporter="127.0.0.1",version="9",domain="7",error="bad_set_length"} 1' \
    "$tmp/m"
holds 'metrics: ... or nobody' grep -q \
    'exporter="other",version="",domain="",error="short_header"} 1' "$tmp/m"

holds 'status: flows' shows 'flows        3000 stored'
holds 'status: the process' grep -q "process $pid, writes to $dir" "$tmp/status"
holds 'status: the shard' grep -q \
    "live shard   $(basename "$dir"/flows.*.sqlite): 3000 flows" "$tmp/status"
is 'status: exporters, as the shard knows them' \
    "$(awk 'go { print $1, $2, $3, $5 } /^exporter/ { go = 1 }' \
    "$tmp/status" | grep -v ' 7 0$' | sort)" \
    "$(query "$dir"/flows.*.sqlite "SELECT DISTINCT f.exporter || ' ' ||
    e.version || ' ' || e.source_id || ' ' || e.flows FROM exporter e
    JOIN (SELECT exporter, count(*) n FROM flows GROUP BY 1) f
    ON f.n = e.flows" | sort)"
is 'status: the socket is for the group' \
    "$(stat -c %a "$dir/.flowdbd.status")" 660
"$BUILD/flowdbd" --status -c "$tmp/conf" >"$tmp/status"
is 'status: by the configuration' "$? $(grep -c ^exporter "$tmp/status")" '0 1'

# a killed one leaves its socket: nobody answers, and the next one takes it
stop_daemon KILL
status
is 'status: killed' "$? $(sed "s|$tmp/||" "$tmp/err")" \
    "1 flowdbd: no flowdbd runs there (d/.flowdbd.status: nobody answers)"
start_daemon "$dir" -c "$tmp/conf"
holds 'status: the next one answers' shows 'flows        0 stored'
stop_daemon
holds 'status: nothing is left at the end' test ! -e "$dir/.flowdbd.status"

# something else in its place is left alone, and no reason not to collect
ln -s "$tmp/conf" "$dir/.flowdbd.status"
start_daemon "$dir"
holds 'status: a link in its place is told' logged 'no --status: .*not a socket'
status
is 'status: ... and not followed' "$? $(sed "s|$tmp/||" "$tmp/err")" \
    "1 flowdbd: d/.flowdbd.status: not a socket"
stop_daemon
holds 'status: ... and stays' test -L "$dir/.flowdbd.status"

# a socket elsewhere; metrics at a UNIX socket; what is asked for must be
cat >"$tmp/conf" <<CONF
directory = "$dir"
metrics_listen = "unix:$tmp/metrics"
status_socket = "$tmp/here"
CONF
start_daemon "$dir" -c "$tmp/conf"
holds 'status: at the socket of the configuration' "$BUILD/flowdbd" --status \
    -c "$tmp/conf" >"$tmp/status"
is 'metrics: the UNIX socket is for the group' "$(stat -c %a "$tmp/metrics")" 660
stop_daemon
: >"$tmp/here"
"$BUILD/flowdbd" -c "$tmp/conf" -b 127.0.0.1 -p "$port" 2>"$tmp/err"
is 'status: a file in its place' "$? $(sed "s|$tmp/||" "$tmp/err")" \
    "1 flowdbd: here: in the way, and not a socket"
echo 'metrics_listen = "0.0.0.0:9095"' >"$tmp/conf"
"$BUILD/flowdbd" -c "$tmp/conf" -n 2>"$tmp/err"
is 'metrics: only for this machine' "$? $(sed "s|$tmp/||" "$tmp/err")" \
    "2 flowdbd: conf:1: metrics_listen: \"0.0.0.0:9095\": only addresses of this machine, as 127.0.0.1 or [::1]"
