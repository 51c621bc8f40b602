#!/bin/sh
# The clock of the machine jumps: back an hour, ahead a day, back again, over
# the end of summer time, and over a restart.  Every flow is stored once, and a
# sealed shard stays as it was.  faketime moves the clock that flowdbd sees.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d
lib=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null |
    head -n 1)
if [ -z "$lib" ]; then
	echo 'skip clock: there is no libfaketime'
	exit 0
fi
if ! LD_PRELOAD=$lib "$BUILD/flowdbd" -V >/dev/null 2>&1; then
	echo 'skip clock: a sanitizer does not go with libfaketime'
	exit 0
fi

# clock_is 'TIME IN UTC': what the daemon sees from now on
clock_is() {
	echo "$(($(date -u -d "$1" +%s) - $(date +%s)))" |
	    sed 's/^[0-9]/+&/' >"$tmp/new"
	mv "$tmp/new" "$tmp/clock"
}
faked() {
	export LD_PRELOAD="$lib" FAKETIME_TIMESTAMP_FILE="$tmp/clock" \
	    FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
	    DONT_FAKE_MONOTONIC=1 TZ=Europe/Berlin
	start_daemon "$@"
	unset LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE TZ \
	    FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
}
total=0
sent=0
# flows_go_to NAME: 300 more, which must all be in that shard
flows_go_to() {
	sent=$((sent + 1))
	before=0
	[ ! -e "$dir/flows.$2.sqlite" ] || before=$(query \
	    "$dir/flows.$2.sqlite" 'SELECT count(*) FROM flow')
	send --flows 300 --seed "$sent"
	total=$((total + 300))
	holds "clock: $1" until_true 5 has_in "$2" $((before + 300))
}
has_in() {
	[ -e "$dir/flows.$1.sqlite" ] && [ "$(query "$dir/flows.$1.sqlite" \
	    'SELECT count(*) FROM flow' 2>/dev/null)" = "$2" ]
}
is_sealed() { [ "$(stat -c %a "$dir/flows.$1.sqlite")" = 440 ]; }

# the night when Berlin sets its clocks back, at 01:00 UTC
clock_is '2026-10-25 00:30'
faked "$dir"
flows_go_to 'before summer time ends' 202610250000
clock_is '2026-10-25 01:30'
flows_go_to 'after: the same hour there, another one in UTC' 202610250100
holds 'clock: the first is sealed' until_true 5 is_sealed 202610250000
md5sum "$dir/flows.202610250000.sqlite" >"$tmp/sealed"

clock_is '2026-10-25 00:35'
flows_go_to 'back an hour: into the newest slot' 202610250100
clock_is '2026-10-26 01:30'
flows_go_to 'ahead a day: into that day' 202610260100
holds 'clock: ... and the slot before it is sealed' \
    until_true 5 is_sealed 202610250100
md5sum "$dir/flows.202610250100.sqlite" >>"$tmp/sealed"

clock_is '2026-10-25 01:40'
flows_go_to 'back a day: still there, as a sealed one is not opened' \
    202610260100
stop_daemon
is 'clock: it ends as it should' "$rc" 0
faked "$dir"
flows_go_to '... also after a new start' 202610260100
stop_daemon KILL
faked "$dir"
flows_go_to '... and after kill -9' 202610260100

clock_is '2026-10-26 02:10'
flows_go_to 'its time has come, and passed: the next slot' 202610260200
holds 'clock: ... and it is sealed' until_true 5 is_sealed 202610260100
md5sum "$dir/flows.202610260100.sqlite" >>"$tmp/sealed"
# a sealed slot is now, by the clock: the next free one takes what comes
clock_is '2026-10-26 01:10'
stop_daemon
faked "$dir"
flows_go_to 'a new start in a slot that is sealed' 202610260200
stop_daemon

is 'clock: no shard but these' "$(shards "$dir")" 4
is 'clock: sealed ones are as they were' \
    "$(md5sum -c --quiet "$tmp/sealed" 2>&1)" ''
seed=0
while [ "$seed" -lt "$sent" ]; do
	seed=$((seed + 1))
	"$BUILD/flowgen" --flows 300 --seed "$seed" --pcap "$tmp/1.pcap" \
	    2>/dev/null
	"$BUILD/flowdbd" -r "$tmp/1.pcap" -l "$tmp/reference" 2>/dev/null
done
dump "$tmp/reference" >"$tmp/want"
dump "$dir" >"$tmp/got"
is 'clock: all that was sent' "$(wc -l <"$tmp/got")" "$total"
holds 'clock: ... once' cmp -s "$tmp/got" "$tmp/want"

# max_age believes no jump at once, but what the clock says for a day, or at a
# new start
dir=$tmp/age
printf 'expire = true\nmax_age = "12h"\n' >"$tmp/age.conf"
clock_is '2026-10-27 00:30'
faked "$dir" -c "$tmp/age.conf"
send --flows 300
holds 'clock: a shard to grow old' until_true 5 has_in 202610270000 300
clock_is '2026-10-27 01:10'
holds 'clock: ... sealed' until_true 5 is_sealed 202610270000
kill -HUP "$pid"
holds 'clock: ... young' until_true 5 logged reload
clock_is '2026-10-28 12:10'
kill -HUP "$pid"
holds 'clock: a jump is told' until_true 5 logged 'was set ahead by 12[56][0-9]*'
stop_daemon
holds 'clock: ... and removes nothing' has_in 202610270000 300
faked "$dir" -c "$tmp/age.conf"
is_expired() { [ ! -e "$dir/flows.202610270000.sqlite" ]; }
holds 'clock: a new start believes it' until_true 5 is_expired
stop_daemon
