#!/bin/sh
# A flood from hundreds of made-up senders, with all that costs memory: resident
# memory stays below what `flowdbd -n -v` says, and what a known exporter sends
# meanwhile is stored.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
: "${DATAGRAMS:=12000}"
port=$(free_port)
dir=$tmp/d
cat >"$tmp/conf" <<END
max_exporters = 300
batch_flows = 1024
receive_buffer = "64M"
END

# megabyte TEXT: of that line of the formula, whole megabytes
megabyte() {
	sed -n "s/^ *\([0-9]*\)\.[0-9]  $1.*/\1/p" "$tmp/bound"
}
"$BUILD/flowdbd" -n -v -c "$tmp/conf" -l "$dir" >"$tmp/bound"
holds 'flood: -n -v tells the parts' test "$(wc -l <"$tmp/bound")" -ge 11
is 'flood: ... and their sum' "$(awk '/in all/ { all = $1 }
    !/in all/ { sum += $1 } END { d = all - sum; print (d * d < 1) }' \
    "$tmp/bound")" 1
is 'flood: -n alone does not' "$("$BUILD/flowdbd" -n -c "$tmp/conf" \
    -l "$dir")" 'configuration OK'

start_daemon "$dir" -c "$tmp/conf" -t 86400
send --flows 6000
holds 'flood: a known exporter is stored' until_true 5 has_flows "$dir" 6000

peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; }
known() {
	query "$(echo "$dir"/flows.*.sqlite)" "SELECT count(*) FROM flow
	    JOIN path ON path = path.id JOIN exporter ON exporter = exporter.id
	    WHERE substr(address, 1, 2) <> x'7f02'"
}
known_is() { [ "$(known)" -eq "$1" ]; }

"$BUILD/flood" "$port" "$DATAGRAMS" 150 &
p=$!
pids="$pids $p"
send --flows 9000 --seed 2 --pps 100
wait "$p"
if until_true 5 known_is 15000; then
	echo 'ok flood: all that it sent meanwhile, too'
else
	kill -USR1 "$pid"
	until_true 2 logged kernel_drops=
	if logged 'kernel_drops=[1-9]'; then
		echo 'skip flood: what comes meanwhile: the machine is too' \
		    'slow, or its socket buffers too small'
		stop_daemon
		exit 0
	fi
	echo "not ok flood: all that it sent meanwhile, too: $(known)"
fi

# idle parts are not counted for: nothing is sealed, no minute is over
allowed=$(($(megabyte 'in all') - $(megabyte roll-ups) -
    $(megabyte 'copies of'))) most=$(($(peak) / 1024))
if "$BUILD/flowdbd" -V >/dev/null && ! grep -q '__[at]san_init' \
    "$BUILD/flowdbd"; then
	holds "flood: $most MB of at most $allowed" test "$most" -le "$allowed"
	# else it would have shown nothing
	holds 'flood: it took memory' test "$most" -ge $((allowed / 2))
else
	echo 'skip flood: memory: a sanitizer takes more'
fi
told() { logged "$1=[1-9]"; }
all_told() { told too_many_exporters && told too_many_templates &&
    told held_dropped; }
# a busy machine lets less through in these seconds
for round in 1 2 3 4 5; do
	kill -USR1 "$pid"
	until_true 2 all_told && break
	"$BUILD/flood" "$port" "$SECONDS_FLOOD" 150 >"$tmp/flood"
done
for count in too_many_exporters too_many_templates held_dropped; do
	holds "flood: the limit was reached: $count" until_true 2 told "$count"
done
send --flows 300 --seed 3
holds 'flood: and after it' until_true 5 known_is 15300
stop_daemon
is 'flood: no error' "$rc" 0
is 'flood: the shard is whole' "$(query "$(echo "$dir"/flows.*.sqlite)" \
    'PRAGMA integrity_check')" ok
