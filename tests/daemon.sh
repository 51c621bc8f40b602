# What the end-to-end scripts of flowdbd share; they source it from the root of
# the tree.  Results, waiting for a condition, one daemon at a time.
#
#	$tmp	scratch folder, removed at the end
#	$pid	the daemon that start_daemon started, $port its UDP port
#
# Whatever is put into $pids is ended at the end.  Nothing here sleeps and
# hopes: until_true asks again every 0.05 s, up to a bound.

: "${BUILD:=build}"
: "${FLOWDB_CAPTURES:=../shared/captures}"
tmp=$(mktemp -d) || exit 1
pids=

end_all() {
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	wait
	rm -rf "$tmp"
}
trap end_all EXIT
trap 'exit 1' HUP INT TERM

# is NAME GOT WANT: a result line
is() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: got '$2', want '$3'"
	fi
}

# holds NAME COMMAND...: a result line; what failed is shown
holds() {
	holds_name=$1
	shift
	if "$@"; then
		echo "ok $holds_name"
	else
		echo "not ok $holds_name: $*"
		[ ! -s "$tmp/log" ] || tail -n 5 "$tmp/log" | sed 's/^/# /'
	fi
}

# until_true SECONDS COMMAND...
until_true() {
	left=$(($1 * 20))
	shift
	until "$@"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.05
	done
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# slot_begins MS: true in the first third of a slot of that length
slot_begins() { [ $(($(now_ms) % $1)) -lt $(($1 / 3)) ]; }

# far_from_slot_end MS: true when there are 15 s left
far_from_slot_end() { [ $(($(now_ms) % $1)) -lt $(($1 - 15000)) ]; }

time_is() { [ "$(date +%s)" -ge "$1" ]; }

free_port() {
	while :; do
		p=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		grep -q ":$(printf %04X "$p") " /proc/net/udp /proc/net/udp6 ||
		    break
	done
	echo "$p"
}

logged() { grep -q -e "$1" "$tmp/log"; }

# start_daemon DIR OPTIONS...: in the foreground of a child, log in $tmp/log
start_daemon() {
	dir=$1
	shift
	: >"$tmp/log"
	"$BUILD/flowdbd" -l "$dir" -b 127.0.0.1 -p "$port" \
	    --log "$tmp/log" "$@" 2>"$tmp/err" &
	pid=$!
	pids="$pids $pid"
	until_true 5 logged 'receiving on port' || {
		echo "not ok start_daemon: $(cat "$tmp/err")"
		exit 1
	}
}

# stop_daemon [SIGNAL]: sets rc to its exit status
stop_daemon() {
	kill "-${1:-TERM}" "$pid"
	{ wait "$pid"; rc=$?; } 2>/dev/null
	pids=
}

send() { "$BUILD/flowgen" --send "127.0.0.1:$port" "$@" 2>"$tmp/sent"; }

# query FILE SQL: as anybody would, while it is written
query() { sqlite3 -readonly -cmd '.timeout 2000' "$1" "$2"; }

# Over all shards of a folder: how many files, how many flows.  One that was
# made this moment has no tables yet.
shards() { find "$1" -name 'flows.*.sqlite' | wc -l; }
flows() {
	n=0
	for f in "$1"/flows.*.sqlite; do
		c=$(query "$f" 'SELECT count(*) FROM flows' 2>/dev/null)
		n=$((n + ${c:-0}))
	done
	echo "$n"
}
has_flows() { [ "$(flows "$1")" -eq "$2" ]; }

# The flows of all shards of a folder, in an order that does not depend on how
# they came, as the view tells them.
dump() {
	for f in "$1"/flows.*.sqlite; do
		query "$f" "SELECT first_ms, duration_ms, src_addr, src_port,
		    dst_addr, dst_port, proto, tcp_flags, tos, packets, bytes,
		    in_if, out_if, src_as, dst_as, next_hop, sampling, exporter
		    FROM flows"
	done | sort
}

# pcap_part IN FIRST LAST OUT: packets FIRST to LAST of a capture
pcap_part() {
	at=24 k=1 size=$(wc -c <"$1")
	head -c 24 "$1" >"$4"
	while [ "$at" -lt "$size" ] && [ "$k" -le "$3" ]; do
		len=$((16 + $(od -An -tu4 -j $((at + 8)) -N 4 "$1")))
		[ "$k" -lt "$2" ] ||
		    tail -c +$((at + 1)) "$1" | head -c "$len" >>"$4"
		at=$((at + len)) k=$((k + 1))
	done
}
