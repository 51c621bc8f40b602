#!/bin/sh
# What shipping and asking a ClickHouse cluster cost: two servers on loopback,
# each of the same shards as SQLite has, alone and as two nodes.
#
#	N=10000000	flows, in HOURS=24 shards, of PEERS=100000 hosts
#	ROUNDS=3	each question so often, the best counts
#
# All share the machine's processors, so two nodes are not faster than one
# here; what they cost beside one is what is seen.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${N:=10000000}" "${HOURS:=24}" "${PEERS:=100000}" "${ROUNDS:=3}"
: "${BUILD:=build}"
export TZ=UTC LC_ALL=C
unset FLOWDB_BACKEND FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD FLOWDB_DIR
scripts/packages.sh cluster || exit 1
# shellcheck source=scripts/cluster-lib.sh
. scripts/cluster-lib.sh
tmp=$(mktemp -d) || exit 1
servers=$tmp/servers
mkdir "$servers"
trap 'cluster_stop "$servers"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# spent COMMAND...: wall and CPU seconds as "wall cpu"
spent() {
	bash -c 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1' spent "$@" \
	    2>&1 | awk '{ print $1, $2 + $3 }'
}
# user and system time of server $1, in seconds
server_cpu() {
	awk '{ printf "%.1f\n", ($14 + $15) / 100 }' \
	    "/proc/$(cat "$servers/n$1/pid")/stat"
}

echo "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg)"
"$BUILD/flowgen" --flows "$N" --hours "$HOURS" --peers "$PEERS" \
    --pcap "$tmp/pcap" 2>/dev/null &&
    "$BUILD/flowdbd" -r "$tmp/pcap" -l "$tmp/db" 2>/dev/null || exit 1
rm -f "$tmp/pcap"
echo "SQLite: $(du -sb "$tmp/db" | awk -v n="$N" \
    '{ printf "%.1f", $1 / n }') bytes a flow, indexes and roll-ups included"
cluster_start "$servers" || exit 1

# ship DATABASE NODES [CLUSTER]
ship() {
	printf 'ship {\n database = "%s"\n collector = "bench"\n}\n' "$1" \
	    >"$tmp/conf"
	cpu=$(server_cpu 1)
	cpu2=$(server_cpu 2)
	set -- "$(spent "$BUILD/flowdbd" -c "$tmp/conf" -l "$tmp/db" --ship \
	    "$2" ${3:+--cluster "$3"})" "$1"
	echo "$1 $cpu $(server_cpu 1) $cpu2 $(server_cpu 2)" | awk -v n="$N" \
	    -v to="$2" '{ printf "ship to %s nodes: %.1f s, %d flows/s; " \
	    "flowdbd %.1f CPU s (%d flows/CPU s), servers %.1f CPU s\n", to,
	    $1, n / $1, $2, n / $2, $4 - $3 + $6 - $5 }'
}
ship one "$NODE1"
ship two "$NODE1,$NODE2" flowdb
for table in flows roll_addr roll_port roll_as roll_if; do
	cluster_sql "$NODE1" "SELECT sum(bytes_on_disk) FROM system.parts
	    WHERE database = 'one' AND table = '${table}_local' AND active" |
	    awk -v n="$N" -v t=$table '{ printf "%s: %.1f bytes a flow there\n",
	    t, $1 / n }'
done

# best COMMAND...: of ROUNDS
best() {
	i=0
	while [ $i -lt "$ROUNDS" ]; do
		i=$((i + 1))
		spent "$@"
	done | sort -n | awk 'NR == 1 { print $1 }'
}
url=clickhouse://${NODE1#http://}
printf '%-42s %8s %8s %8s %8s\n' question SQLite scan 'one node' 'two'
while read -r question; do
	set -f
	eval "set -- $question"
	set +f
	printf '%-42s %8s %8s %8s %8s\n' "$question" \
	    "$(best "$BUILD/flowq" -R "$tmp/db" "$@")" \
	    "$(best "$BUILD/flowq" -R "$tmp/db" --no-rollup --no-index "$@")" \
	    "$(best "$BUILD/flowq" --backend "$url/one" "$@")" \
	    "$(best "$BUILD/flowq" --backend "$url/two" "$@")"
done <<'END'
-s dstip/bytes -n 10
-s srcip/bytes -n 50 'dst ip 192.168.10.57'
-s dstip/bytes -n 100 'dst net 192.168.10.0/24'
-s dstport/bytes -n 10 'proto udp'
-s record/bytes -n 10 'dst port 53'
--bin 1h -s proto
-t 2016/04/10.14:20:00-2016/04/10.14:25:00 -s srcip/bytes
END
