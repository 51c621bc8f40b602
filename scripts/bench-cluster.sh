#!/bin/sh
# What shipping and asking a ClickHouse cluster cost: flows are made, collected
# into SQLite shards, shipped from there to a server, then to two of them, all
# on this machine, and the same questions put to each.
#
#	N=10000000	flows, in HOURS=24 shards, of PEERS=100000 hosts
#	ROUNDS=3	each question so often, but for 5 s; the best counts
#	TMPDIR		where it works: 400 bytes for each flow
#
# All share the machine's processors, so two nodes are not faster than one
# where one keeps them busy; what they cost beside one is what is seen.  CPU
# seconds are those of all programs together.  On two processors that are free,
# 50 million flows take a quarter of an hour and 20 GB.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${N:=10000000}" "${HOURS:=24}" "${PEERS:=100000}" "${ROUNDS:=3}"
: "${BUILD:=build}"
export TZ=UTC LC_ALL=C
unset FLOWDB_BACKEND FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD FLOWDB_DIR
scripts/packages.sh cluster || exit 1
make -s "$BUILD/flowdbd" "$BUILD/flowq" "$BUILD/flowgen" || exit 1
# shellcheck source=scripts/cluster-lib.sh
. scripts/cluster-lib.sh
tmp=$(mktemp -d) || exit 1
servers=$tmp/servers
mkdir "$servers"
trap 'cluster_stop "$servers"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
began=$(date +%s)
free=$(df -Pk "$tmp" | awk 'NR == 2 { print $4 }')
if [ $((N / 1000 * 400)) -gt "$free" ]; then
	echo "$tmp has room for $((free / 400 * 1000)) flows, not for $N" >&2
	exit 1
fi

# spent COMMAND...: wall and CPU seconds as "wall cpu"
spent() {
	bash -c 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1' spent "$@" \
	    2>&1 | awk '{ print $1, $2 + $3 }'
}
# user and system time of both servers, in seconds
server_cpu() {
	cat "/proc/$(cat "$servers/n1/pid")/stat" \
	    "/proc/$(cat "$servers/n2/pid")/stat" |
	    awk '{ n += $14 + $15 } END { print n / 100 }'
}
# the same with what the servers did meanwhile
spent_all() {
	before=$(server_cpu)
	echo "$(spent "$@") $before $(server_cpu)" |
	    awk '{ print $1, $2 + $4 - $3 }'
}
# step TEXT: how far it is
step() {
	echo "[$(($(date +%s) - began)) s, load $(cut -d ' ' -f 1 \
	    /proc/loadavg), $(du -sm "$tmp" | cut -f 1) MB] $*"
}

step "$(nproc) processors; $N flows in $HOURS hours"
"$BUILD/flowgen" --flows "$N" --hours "$HOURS" --peers "$PEERS" \
    --pcap "$tmp/pcap" 2>/dev/null || exit 1
step 'SQLite: collect and seal'
spent "$BUILD/flowdbd" -r "$tmp/pcap" -l "$tmp/db" | awk -v n="$N" '{
    printf "%.1f s, %d flows/s, %.1f CPU s\n", $1, n / $1, $2 }'
rm -f "$tmp/pcap"
du -sb "$tmp/db" | awk -v n="$N" \
    '{ printf "%.1f bytes a flow, indexes and roll-ups included\n", $1 / n }'
cluster_start "$servers" || exit 1

# ship DATABASE NODES [CLUSTER]
ship() {
	step "ship to database $1"
	printf 'ship {\n database = "%s"\n collector = "bench"\n}\n' "$1" \
	    >"$tmp/conf"
	set -- "$(server_cpu)" "$(spent "$BUILD/flowdbd" -c "$tmp/conf" \
	    -l "$tmp/db" --ship "$2" ${3:+--cluster "$3"})" "$(server_cpu)"
	echo "$@" | awk -v n="$N" '{
	    printf "%.1f s, %d flows/s; flowdbd %.1f CPU s (%d flows/CPU s), " \
	    "servers %.1f CPU s\n", $2, n / $2, $3, n / $3, $4 - $1 }'
}
ship one "$NODE1"
ship two "$NODE1,$NODE2" flowdb
for table in flows roll_addr roll_port roll_as roll_if; do
	cluster_sql "$NODE1" "SELECT sum(bytes_on_disk) FROM system.parts
	    WHERE database = 'one' AND table = '${table}_local' AND active" |
	    awk -v n="$N" -v t=$table '{ printf "%s: %.1f bytes a flow there\n",
	    t, $1 / n }'
done

# best COMMAND...: of ROUNDS, for 5 s; "wall/cpu"
best() {
	i=0 until=$(($(date +%s) + 5))
	while [ $i -lt "$ROUNDS" ] && [ "$(date +%s)" -lt $until ]; do
		i=$((i + 1))
		spent_all "$@"
	done | sort -n | awk 'NR == 1 { printf "%.2f/%.2f\n", $1, $2 }'
}
url=clickhouse://${NODE1#http://}
step 'questions: seconds, wall/CPU; "scan" is --no-rollup --no-index'
printf '%-54s %11s %11s %11s %11s %11s %11s\n' question SQLite scan \
    'one node' scan 'two nodes' scan
bad=0
while read -r question; do
	set -f
	eval "set -- $question"
	set +f
	printf '%-54s' "$question"
	for where in "-R $tmp/db" "--backend $url/one" "--backend $url/two"; do
		# shellcheck disable=SC2086 # words
		{
			printf ' %11s' "$(best "$BUILD/flowq" $where "$@")" \
			    "$(best "$BUILD/flowq" $where --no-rollup \
			    --no-index "$@")"
			"$BUILD/flowq" $where -o csv "$@" >"$tmp/got"
		}
		case $where in
		-R*)	mv "$tmp/got" "$tmp/want" ;;
		*)	cmp -s "$tmp/got" "$tmp/want" || bad=$((bad + 1)) ;;
		esac
	done
	echo
done <<'END'
-s dstip/bytes -n 10
-s ip/bytes -n 10
-s srcip/bytes -n 50 'dst ip 192.168.10.57'
-s dstip/bytes -n 100 'dst net 192.168.10.0/24'
-s dstport/bytes -n 10 'proto udp'
-s record/bytes -n 10 'dst port 53'
--bin 1h -s proto
-t 2016/04/10.14:00-2016/04/10.20:00 -s dstip/bytes
-t 2016/04/10.14:20:00-2016/04/10.14:25:00 -s srcip/bytes
END
step "$bad answers differ from those of SQLite"
[ $bad -eq 0 ]
