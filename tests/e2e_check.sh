#!/bin/sh
# flowdbd --check: what it says of set-ups that lack something, each made here.
# shellcheck source=tests/daemon.sh
. tests/daemon.sh
port=$(free_port)
mkdir "$tmp/d"

# look [OPTIONS...]: its findings into $tmp/said, its status into rc
look() {
	"$BUILD/flowdbd" --check -p "$port" "$@" >"$tmp/said" 2>&1
	rc=$?
}
# says NAME STATUS PATTERN
says() {
	if [ "$rc" -eq "$2" ] && grep -Eq -e "$3" "$tmp/said"; then
		echo "ok check: $1"
	else
		echo "not ok check: $1: status $rc, it says"
		sed 's/^/# /' "$tmp/said"
	fi
}
silent_about() {
	if grep -Eq -e "$2" "$tmp/said"; then
		echo "not ok check: $1: $(grep -E -e "$2" "$tmp/said")"
	else
		echo "ok check: $1"
	fi
}

look -l "$tmp/none"
says 'no folder' 1 '^WRONG  data directory .*No such file'
look -l "$0"
says 'a folder that is none' 1 '^WRONG  .*not a directory'
look -l "$tmp/d"
says 'nobody listens' 1 '^WRONG  nobody listens on UDP port [0-9]+: flowdbd does'
chmod 777 "$tmp/d"
look -l "$tmp/d"
says 'everybody may write' 1 '^WRONG  .*by everybody: chmod'
chmod 750 "$tmp/d"

start_daemon "$tmp/d"
look -l "$tmp/d"
says 'who listens' 1 "^ok     flowdbd, process $pid, listens on UDP port $port\$"
says 'no packet yet' 1 '^WRONG  no packet yet; '
look -l "$tmp/d" -b 127.0.0.1
says 'no router reaches it' 1 "^note   it listens on this machine's own"
mkdir "$tmp/other"
look -l "$tmp/other"
says 'the port is taken' 1 \
    "^WRONG  UDP port $port is taken by flowdbd, process $pid, which"
other=$port port=$(free_port)
look -l "$tmp/d"
says 'another port' 1 '^WRONG  nobody listens .*with another one$'
port=$other

# data whose templates were before it
"$BUILD/flowgen" --flows 3000 --pcap "$tmp/all" 2>/dev/null
pcap_part "$tmp/all" 5 15 "$tmp/part"
"$BUILD/flowgen" --replay "$tmp/part" --now --send "127.0.0.1:$port" \
    2>/dev/null
no_template() {
	look -l "$tmp/d"
	grep -q '^WRONG .* packets, but no template yet' "$tmp/said"
}
holds 'check: no template yet' until_true 5 no_template

# all is well, but sampled
start=$(date +%s)
send --flows 3000 --start $((start - 20)) --rate 1000 --speed
all_came() { [ "$(flows "$tmp/d")" -ge 3000 ]; }
until_true 5 all_came
look -l "$tmp/d"
says 'who sends' 0 '^ok     4 exporters send; the last packet came . second'
says 'sampling' 0 '^note   127.0.0.2 .* one packet in 100: '
silent_about 'templates came' 'no template'
silent_about 'clocks are right' 'the clock of'
says 'all is well' 0 '^All is well\.$'
says 'the disk: too early' 0 '^note   no slot of the last week is sealed'

# a clock that is two hours ahead
send --flows 3000 --start $((start + 7200)) --rate 1000 --speed --seed 2
more_came() { [ "$(flows "$tmp/d")" -ge 6000 ]; }
until_true 5 more_came
look -l "$tmp/d"
says 'a clock ahead' 1 '^WRONG  the clock of 127.0.0.1 .* is (2 hours|119 minutes) ahead: '

# silence, without waiting for it
stop_daemon
for f in "$tmp"/d/flows.*.sqlite; do
	sqlite3 "$f" 'UPDATE exporter SET
	    last_heard_ms = last_heard_ms - 630000'
done
start_daemon "$tmp/d"
look -l "$tmp/d"
says 'silence' 1 '^WRONG  no packet for 10 minutes; '
stop_daemon

# a day of sealed shards: a rate, and what keeping them would take
"$BUILD/flowgen" --flows 3000 --hours 5 --start $((start - 20000)) \
    --pcap "$tmp/day" 2>/dev/null
"$BUILD/flowdbd" -r "$tmp/day" -l "$tmp/day.d" 2>/dev/null
look -l "$tmp/day.d"
says 'the disk: a rate' 1 \
    'flows take [0-9.]+ MB a day, [0-9.]+ [MGT]B are free: at this rate'
cat >"$tmp/conf" <<CONF
directory = "$tmp/day.d"
expire = true
max_age = "30d"
CONF
look -c "$tmp/conf"
says 'the disk: the oldest go' 1 'are free, and the oldest go first$'
says 'the disk: retention' 1 \
    '^ok     retention of 30 days needs [0-9.]+ MB; there is room for'

# nothing was written by looking
is 'check: it only reads' "$(ls -A "$tmp/other")" ''
