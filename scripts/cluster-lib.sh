# shellcheck shell=sh
# Two ClickHouse servers on loopback that form the cluster "flowdb", for
# tests: own configuration and data below a folder of the caller's.  Sourced.
#
#	cluster_start DIR	sets NODE1 and NODE2 (http://127.0.0.1:port)
#	cluster_server DIR N	starts server N again after an end
#	cluster_kill DIR N	kill -9
#	cluster_stop DIR	ends both, by their process numbers
#	cluster_sql NODE SQL	the answer, as text
#	cluster_folder		prints a new folder, in memory if there is room
#	cluster_small DIR SIZE	a third server, alone, on a disk of that size,
#				as "40m"; sets NODE3.  Needs root
#	cluster_grow DIR SIZE	that disk is that large now
#
# CLUSTER_PORT is the first of 30 ports they take; without it, free ones.

: "${CLUSTER_PORT:=}"
: "${CLUSTER_PASSWORD:=wonderland}"

# Everything of node $2 is below $1/n$2.  Users: default (no password),
# alice (CLUSTER_PASSWORD).
cluster_config() {
	base=$((CLUSTER_PORT + 10 * ($2 - 1)))
	dir=$1/n$2
	mkdir -p "$dir/data" "$dir/tmp"
	cat >"$dir/config.xml" <<END
<yandex>
 <logger><level>warning</level><log>$dir/log</log>
  <errorlog>$dir/errors</errorlog></logger>
 <http_port>$base</http_port><tcp_port>$((base + 1))</tcp_port>
 <interserver_http_port>$((base + 2))</interserver_http_port>
 <interserver_http_host>127.0.0.1</interserver_http_host>
 <listen_host>127.0.0.1</listen_host>
 <path>$dir/data/</path><tmp_path>$dir/tmp/</tmp_path>
 <users_config>$dir/users.xml</users_config>
 <default_profile>default</default_profile>
 <default_database>default</default_database>
 <timezone>UTC</timezone>
 <mark_cache_size>67108864</mark_cache_size>
 <remote_servers><flowdb>
  <shard><replica><host>127.0.0.1</host>
   <port>$((CLUSTER_PORT + 1))</port></replica></shard>
  <shard><replica><host>127.0.0.1</host>
   <port>$((CLUSTER_PORT + 11))</port></replica></shard>
 </flowdb></remote_servers>
</yandex>
END
	cat >"$dir/users.xml" <<END
<yandex>
 <profiles><default>
  <max_memory_usage>2000000000</max_memory_usage>
 </default></profiles>
 <quotas><default/></quotas>
 <users>
  <default><password></password><profile>default</profile>
   <quota>default</quota><networks><ip>127.0.0.1</ip></networks></default>
  <alice><password>$CLUSTER_PASSWORD</password><profile>default</profile>
   <quota>default</quota><networks><ip>127.0.0.1</ip></networks></alice>
 </users>
</yandex>
END
}

# $3: a command that runs it, or none.  Waits until it answers, up to 60 s.
cluster_server() {
	base=$((CLUSTER_PORT + 10 * ($2 - 1)))
	# shellcheck disable=SC2086 # words
	(cd "$1/n$2" && exec ${3-} clickhouse-server --config-file=config.xml \
	    >stdout 2>&1) &
	echo $! >"$1/n$2/pid"
	n=0
	until curl -fs "http://127.0.0.1:$base/ping" >/dev/null 2>&1; do
		n=$((n + 1))
		if [ $n -gt 600 ]; then
			echo "server $2 does not answer" >&2
			cat "$1/n$2/stdout" "$1/n$2/errors" >&2
			return 1
		fi
		sleep 0.1
	done
}

# Tables are made and dropped by the hundred, and each waits for the disk.
cluster_folder() {
	cluster_free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
	if [ "${cluster_free:-0}" -gt 2000000 ] && [ -w /dev/shm ]; then
		mktemp -d /dev/shm/flowdb-cluster.XXXXXX
	else
		mktemp -d
	fi
}

# The mount is the server's own, and goes with it.
cluster_small() {
	cluster_config "$1" 3
	cat >"$1/n3/run" <<END
mount -t tmpfs -o size=$2 none "$1/n3/data" && exec "\$@"
END
	cluster_server "$1" 3 "unshare -m sh $1/n3/run" || return 1
	# shellcheck disable=SC2034 # the caller's
	NODE3=http://127.0.0.1:$((CLUSTER_PORT + 20))
}

cluster_grow() {
	nsenter -m -t "$(cat "$1/n3/pid")" mount -o "remount,size=$2" \
	    "$1/n3/data"
}

# The first of 30 ports that nobody listens on.
cluster_free_ports() {
	while :; do
		first=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 1200 * 10))
		used=0 p=$first
		while [ $p -lt $((first + 30)) ]; do
			grep -qi ":$(printf %04X $p) 0*:0000 0A" \
			    /proc/net/tcp /proc/net/tcp6 && used=1
			p=$((p + 1))
		done
		[ $used -eq 1 ] || break
	done
	echo "$first"
}

cluster_start() {
	: "${CLUSTER_PORT:=$(cluster_free_ports)}"
	cluster_config "$1" 1
	cluster_config "$1" 2
	cluster_server "$1" 1 && cluster_server "$1" 2 || return 1
	# shellcheck disable=SC2034 # the caller's
	NODE1=http://127.0.0.1:$CLUSTER_PORT \
	    NODE2=http://127.0.0.1:$((CLUSTER_PORT + 10))
}

cluster_kill() {
	kill -9 "$(cat "$1/n$2/pid")" 2>/dev/null || :
	wait "$(cat "$1/n$2/pid")" 2>/dev/null || :
	rm -f "$1/n$2/pid"
}

cluster_stop() {
	for cluster_n in 1 2 3; do
		[ -e "$1/n$cluster_n/pid" ] || continue
		kill "$(cat "$1/n$cluster_n/pid")" 2>/dev/null || :
	done
	for cluster_n in 1 2 3; do
		[ -e "$1/n$cluster_n/pid" ] || continue
		wait "$(cat "$1/n$cluster_n/pid")" 2>/dev/null || :
		rm -f "$1/n$cluster_n/pid"
	done
}

cluster_sql() {
	curl -sS --data-binary "$2" "$1/"
}
