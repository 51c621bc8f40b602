#!/bin/sh
# flowdbd as a service: in the background, with a pid file, as somebody else,
# with its log in a file or in the journal, and what it tells an init system.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)

is_gone() { ! kill -0 "$1" 2>/dev/null; }
short() { sed "s|$tmp/||g" "$1"; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }

# --- -D: the parent's status is the daemon's
"$BUILD/flowdbd" -D -l "$tmp/d" -b 127.0.0.1 -p "$port" -P "$tmp/pid" \
    >"$tmp/out" 2>&1
is 'service: -D is 0 when it receives' "$? $(cat "$tmp/out")" '0 '
pid=$(cat "$tmp/pid")
pids=$pid
is 'service: ... in a session of its own' \
    "$(awk '{ print $6 }' "/proc/$pid/stat")" "$pid"
is 'service: ... with its folder free' "$(readlink "/proc/$pid/cwd")" /
is 'service: ... and no terminal' "$(for n in 0 1 2; do
	readlink "/proc/$pid/fd/$n"; done | sort -u)" /dev/null

# --- the pid file: who has it is told, and it is left alone
"$BUILD/flowdbd" -l "$tmp/other" -b 127.0.0.1 -p "$(free_port)" \
    -P "$tmp/pid" 2>"$tmp/err"
is 'service: the second start says who runs' "$? $(short "$tmp/err")" \
    "1 flowdbd: pid file pid: locked by process $pid"
"$BUILD/flowdbd" -D -l "$tmp/other" -b 127.0.0.1 -p "$(free_port)" \
    -P "$tmp/pid" 2>"$tmp/err"
is 'service: ... also with -D' "$? $(short "$tmp/err")" \
    "1 flowdbd: pid file pid: locked by process $pid"
is 'service: ... and leaves the file' "$(cat "$tmp/pid")" "$pid"
"$BUILD/flowdbd" -D -l "$tmp/d" -b 127.0.0.1 -p "$(free_port)" 2>"$tmp/err"
is 'service: -D is 1 when the folder is taken' "$? $(short "$tmp/err")" \
    "1 flowdbd: d: another flowdbd, process $pid writes there"
"$BUILD/flowdbd" -D -l "$tmp/d" -p x 2>"$tmp/err"
is 'service: -D is 2 for a wrong option' "$?" 2
kill -KILL "$pid"
until_true 5 is_gone "$pid"
holds 'service: a killed one leaves its pid file' test -s "$tmp/pid"
ln -s "$tmp/target" "$tmp/link"
"$BUILD/flowdbd" -l "$tmp/d" -b 127.0.0.1 -p "$port" -P "$tmp/link" 2>"$tmp/err"
is 'service: a link is no pid file' "$? $(ls "$tmp/target" 2>/dev/null)" '1 '
start_daemon "$tmp/d" -P "$tmp/pid"
is 'service: ... which the next one takes' "$(cat "$tmp/pid")" "$pid"

# --- the log file, moved away by who rotates it; there is no configuration
mv "$tmp/log" "$tmp/log.1"
kill -HUP "$pid"
holds 'service: SIGHUP opens the log again' until_true 3 test -s "$tmp/log"
kill -USR1 "$pid"
holds 'service: ... and writes there' until_true 3 logged 'datagrams=0'
is 'service: ... no more to the old one' "$(grep -c datagrams= "$tmp/log.1")" 0
is 'service: lines have a time in UTC' "$(grep -cvE \
    '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z flowdbd: ' \
    "$tmp/log")" 0
stop_daemon

# --- the journal: priorities, but only where it is the journal that reads
quick() { # JOURNAL_STREAM: errors and messages of a run on stderr
	: >"$tmp/journal"
	JOURNAL_STREAM=$1 "$BUILD/flowdbd" -l "$tmp/d" -b 127.0.0.1 \
	    -p "$port" 2>"$tmp/journal" &
	pid=$!
	pids=$pid
	until_true 5 grep -q receiving "$tmp/journal"
	stop_daemon
}
: >"$tmp/journal"
quick "$(stat -c %d:%i "$tmp/journal")"
is 'service: messages for the journal have a priority' \
    "$(grep -c '^<6>flowdb .* receiving' "$tmp/journal")" 1
is 'service: ... all of them' "$(grep -cv '^<[3-7]>' "$tmp/journal")" 0
quick 8:12345
is 'service: ... not where a file took its place' \
    "$(grep -c '^<' "$tmp/journal")" 0
JOURNAL_STREAM=$(stat -c %d:%i "$tmp/journal") "$BUILD/flowdbd" -Z \
    2>"$tmp/journal"
is 'service: ... errors of the command line, too' \
    "$(cut -c 1-3 "$tmp/journal")" '<3>'

# --- what an init system hears
"$BUILD/notified" "$tmp/notify" >>"$tmp/heard" &
notified=$!
until_true 3 test -S "$tmp/notify"
heard() { grep -q "$1" "$tmp/heard"; }
cat >"$tmp/conf" <<CONF
directory = "$tmp/d"
CONF
export NOTIFY_SOCKET="$tmp/notify"
start_daemon "$tmp/d" -c "$tmp/conf"
unset NOTIFY_SOCKET
holds 'service: READY' until_true 3 heard '^READY=1$'
holds 'service: WATCHDOG' until_true 4 heard '^WATCHDOG=1$'
send --flows 300
holds 'service: STATUS' until_true 4 heard '^STATUS=.* 300 flows stored'
: >"$tmp/heard"
kill -HUP "$pid"
holds 'service: RELOADING' until_true 3 heard '^READY=1$'
is 'service: ... then READY' "$(grep -E '^(RELOADING|MONOTONIC_USEC|READY)' \
    "$tmp/heard" | sed 's/[0-9][0-9]*/N/' | tr '\n' ' ')" \
    'RELOADING=N MONOTONIC_USEC=N READY=N '
: >"$tmp/heard"
echo 'nonsense = 1' >>"$tmp/conf"
kill -HUP "$pid"
holds 'service: READY also when the configuration is wrong' \
    until_true 3 heard '^READY=1$'
stop_daemon
holds 'service: STOPPING' until_true 3 heard '^STOPPING=1$'
kill "$notified"

# --- somebody else
if [ "$(id -u)" -ne 0 ] || ! getent passwd nobody >/dev/null ||
    ! getent group daemon >/dev/null; then
	echo 'skip service: -u and -g: not root, or nobody and daemon are missing'
	exit 0
fi
chmod 755 "$tmp"
user=$(id -u nobody) group=$(getent group daemon | cut -d : -f 3)
: >"$tmp/log"
chmod 666 "$tmp/log"
start_daemon "$tmp/mine" -u nobody -g daemon
is 'service: -u: user' "$(field "$pid" Uid)" "$user $user $user $user"
is 'service: -g: group' "$(field "$pid" Gid)" "$group $group $group $group"
is 'service: no capability is left' "$(field "$pid" CapEff)$(field "$pid" \
    CapPrm)" 00000000000000000000000000000000
holds 'service: no group of root is left' \
    sh -c "! echo ' $(field "$pid" Groups) ' | grep -q ' 0 '"
send --flows 300
holds 'service: ... and it stores' until_true 3 has_flows "$tmp/mine" 300
shard=$(echo "$tmp/mine"/flows.*.sqlite)
is 'service: the folder is theirs' "$(stat -c '%U %G %a' "$tmp/mine")" \
    'nobody daemon 750'
is 'service: the shard, too' "$(stat -c '%U %G %a' "$shard")" \
    'nobody daemon 640'
is 'service: ... and its log' "$(stat -c '%U %G %a' "$shard-wal")" \
    'nobody daemon 640'

# an admin who is in the group reads live and sealed shards, and asks
admin="setpriv --reuid 2 --regid $group --clear-groups"
if $admin true 2>/dev/null; then
	cp "$BUILD/flowq" "$BUILD/flowdbd" "$tmp"
	is 'service: the group reads the live shard' "$($admin sqlite3 -readonly \
	    "$shard" 'SELECT count(*) FROM flows' 2>&1)" 300
	is 'service: ... with flowq' "$($admin "$tmp/flowq" -R "$tmp/mine" \
	    -o csv -n 1000 2>&1 | wc -l)" 301
	holds 'service: ... and asks for the status' \
	    $admin "$tmp/flowdbd" --status -l "$tmp/mine" >/dev/null
	is 'service: ... but does not write' "$($admin sqlite3 "$shard" \
	    'DELETE FROM flow' 2>&1 | grep -c readonly)" 1
	$admin touch "$tmp/mine/x" 2>/dev/null
	is 'service: ... nothing' "$?" 1
	is 'service: nobody else reads' "$(setpriv --reuid 2 --regid 65533 \
	    --clear-groups sqlite3 -readonly "$shard" 'SELECT 1 FROM flows' \
	    2>&1 | grep -c 'unable to open')" 1
fi
stop_daemon
is 'service: it ends as it should' "$rc" 0

# supplementary groups: of whoever here has some
member=$(awk -F : '$4 != "" { split($4, m, ","); print m[1]; exit }' /etc/group)
if [ -z "$member" ]; then
	echo 'skip service: supplementary groups: nobody here has any'
	exit 0
fi
start_daemon "$tmp/theirs" -u "$member"
is "service: groups of $member" \
    "$(field "$pid" Groups | tr ' ' '\n' | grep . | sort -n | tr '\n' ' ')" \
    "$(id -G "$member" | tr ' ' '\n' | sort -n | tr '\n' ' ')"
stop_daemon
