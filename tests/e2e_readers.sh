#!/bin/sh
# Ten readers at once, flowq and sqlite3, while flows are stored, shards sealed
# and expired under them: none of them gets an error or sees half a batch, and
# none of them gets in the way of the writer.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
command -v sqlite3 >/dev/null || {
	echo 'skip readers: there is no sqlite3'
	exit 0
}
: "${SECONDS_READ:=7}"
port=$(free_port)
dir=$tmp/d
cat >"$tmp/conf" <<END
slot = 1
commit_ms = 50
batch_flows = 500
max_age = "2s"
END
start_daemon "$dir" -c "$tmp/conf"

# with_flowq N: whatever a question needs, rows, sums or roll-ups
with_flowq() {
	while [ ! -e "$tmp/stop" ]; do
		case $1 in
		0) set -- "$1" -s dstip -n 1 ;;
		1) set -- "$1" -o csv -n 0 ;;
		2) set -- "$1" -s srcip --no-rollup -n 1 ;;
		*) set -- "$1" -I ;;
		esac
		n=$1
		shift
		"$BUILD/flowq" -R "$dir" -q "$@" >"$tmp/out.$n" 2>"$tmp/err.$n" &&
		    [ ! -s "$tmp/err.$n" ] || {
			echo "flowq $*: status $?: $(cat "$tmp/err.$n")"
		} >>"$tmp/bad"
		echo >>"$tmp/rounds.$n"
		set -- "$n"
	done
}

# with_sqlite N: meta goes with the flows of each batch
with_sqlite() {
	while [ ! -e "$tmp/stop" ]; do
		for f in "$dir"/flows.*.sqlite; do
			got=$(query "$f" "SELECT (SELECT count(*) FROM flow) -
			    (SELECT value FROM meta WHERE key = 'flows')" 2>&1)
			case $got in
			0) ;;
			# it expired between the list and the opening
			*'unable to open'* | *'no such'*)
				[ ! -e "$f" ] || echo "sqlite3: $got" >>"$tmp/bad"
				continue
				;;
			*) echo "sqlite3: ${f##*/}: '$got'" >>"$tmp/bad" ;;
			esac
			echo >>"$tmp/rounds.s$1"
		done
	done
}

: >"$tmp/bad"
send --flows 100
holds 'readers: flows come' until_true 5 has_flows "$dir" 100
readers=
for n in 0 1 2 3 4; do
	with_flowq "$n" &
	readers="$readers $!"
	with_sqlite "$n" &
	readers="$readers $!"
done
# longer than the writer would wait for a lock, where slots are being written
hold() {
	until [ -e "$tmp/stop" ]; do
		f=$(find "$dir" -name 'flows.*.sqlite' -perm -200 | sort | tail -n 1)
		{ echo 'BEGIN; SELECT count(*) FROM flow;'; sleep 1.5; } |
		    sqlite3 -readonly "${f:-none}" >/dev/null 2>&1
	done
}
hold &
readers="$readers $!"
# expiring is the same whoever does it; the daemon looks once a minute
expire() {
	until [ -e "$tmp/stop" ]; do
		"$BUILD/flowdbd" --expire -c "$tmp/conf" -l "$dir" >>"$tmp/expired"
		sleep 0.3
	done
}
expire &
readers="$readers $!"
send --flows $((SECONDS_READ * 3000)) --pps 200
: >"$tmp/stop"
# shellcheck disable=SC2086
wait $readers
is 'readers: no error, no half of a batch' "$(sort "$tmp/bad" | uniq -c |
    head -n 3)" ''
holds "readers: all ten came to read" test "$(ls "$tmp"/rounds.* | wc -l)" -eq 10
kill -USR1 "$pid"
counted() { logged "stored=.* retries=$1 "; }
holds 'readers: no one in the way of the writer' until_true 3 counted 0
holds 'readers: shards were sealed meanwhile' logged 'sealed=[1-9]'
holds 'readers: ... and expired' grep -q '^[1-9].* removed$' "$tmp/expired"
stop_daemon
is 'readers: no error' "$rc" 0
