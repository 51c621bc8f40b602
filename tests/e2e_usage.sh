#!/bin/sh
# What flowdbd says when it cannot do what it is told: one line on stderr, exit
# status 2 for the command line and the configuration, 1 for the rest, and
# nothing written.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
mkdir "$tmp/d"
fresh=$tmp/d/fresh

# refused NAME STATUS TEXT OPTIONS...: TEXT is a pattern of case
refused() {
	name=$1 want=$2 text=$3
	shift 3
	"$BUILD/flowdbd" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	why=
	[ "$got" -eq "$want" ] || why="status $got, want $want;"
	[ ! -s "$tmp/out" ] || why="$why text on stdout;"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || why="$why not one line on stderr;"
	case $(cat "$tmp/err") in
	"flowdbd: "$text) ;;
	*) why="$why it says '$(cat "$tmp/err")'" ;;
	esac
	[ -z "$(ls -A "$tmp/d")" ] || why="$why; wrote $(ls -A "$tmp/d")"
	if [ -z "$why" ]; then
		echo "ok usage: $name"
	else
		echo "not ok usage: $name: $why"
		rm -rf "${tmp:?}/d"
		mkdir "$tmp/d"
	fi
}

refused 'unknown option' 2 'unknown option -Z *' -l "$fresh" -Z
refused '... in a cluster' 2 'unknown option -Z *' -wZe -l "$fresh"
refused '... a long one' 2 'unknown option --nonsense *' --nonsense
refused 'no value' 2 'no value for option -l *' -w -l
refused 'a word too many' 2 'unexpected argument "here" *' -l "$fresh" here
refused 'port' 2 'option -p 70000: *1 to 65535' -l "$fresh" -p 70000
refused 'port of letters' 2 'option -p 34x: *' -l "$fresh" -p 34x
refused 'slot' 2 '*7000*divide a day*' -l "$fresh" -t 7000
refused 'slot of nothing' 2 'option -t 0: *' -l "$fresh" -t 0
refused 'buffer' 2 'option -B much: *' -l "$fresh" -B much
refused 'sampling' 2 'option -s x: *' -l "$fresh" -s x
refused 'address' 2 'option -b localhost: no address' -l "$fresh" -b localhost
refused 'repeater' 2 'repeater 192.0.2.1/99999: want HOST\[/PORT\]' -n \
    -l "$fresh" -R 192.0.2.1/99999
refused 'hook' 2 'hook: unknown placeholder %q*' -l "$fresh" -x 'x %q'
refused 'expire without a limit' 2 'expire needs *' -l "$fresh" -e
refused 'no configuration' 2 "$tmp/none: No such file*" -c "$tmp/none"
refused 'folder in nowhere' 1 "*$tmp/none/d: No such file*" \
    -l "$tmp/none/d" -p "$port"
refused 'folder that is a file' 1 '*not a directory' -l "$0" -p "$port"
refused 'user' 2 'no such user: nobody-of-that-name' -p "$port" \
    -l "$fresh" -u nobody-of-that-name
refused 'group' 2 'no such group: nobody-of-that-name' -n \
    -l "$fresh" -g nobody-of-that-name
refused 'capture that is not there' 1 "$tmp/none: No such file*" \
    -l "$fresh" -r "$tmp/none"
refused 'capture that is none' 1 "$PWD/$0: not a capture file*" -l "$fresh" -r "$0"
refused 'pid file in nowhere' 1 "pid file $tmp/none/p: No such file*" \
    -l "$fresh" -p "$port" -P "$tmp/none/p"

# all mistakes of a file in one run, each with its place
cat >"$tmp/conf" <<'CONF'
directory = "/nowhere"
port = 99999
colour = "red"
max_age = "long"
slot = "x"
CONF
"$BUILD/flowdbd" -c "$tmp/conf" -n >"$tmp/out" 2>"$tmp/err"
is 'usage: mistakes of a file are status 2' "$?" 2
is 'usage: ... all told, with their lines' "$(sed -n \
    "s|^flowdbd: $tmp/conf:\([0-9]*\): .*|\1|p" "$tmp/err" | tr '\n' ' ')" \
    "2 3 4 5 "
is 'usage: the example is a good configuration' "$("$BUILD/flowdbd" \
    -c flowdb.conf.example -n)" "configuration OK"
"$BUILD/flowdbd" --example | cmp -s - flowdb.conf.example
is 'usage: --example prints it' "$?" 0
is 'usage: -V' "$("$BUILD/flowdbd" -V | sed 's/[0-9.]*$/N/')" 'flowdbd N'
# the help, the manual: the same options in the same order
help_options() {
	"$BUILD/flowdbd" -h | sed '/^Signals/,$d' |
	    grep -oE '(^|[ ;]) *--?[a-zA-Z-]+ ' | grep -oE -e '--?[a-zA-Z-]+'
}
manual_options() {
	sed -n 's/^\.It Fl Fl \([a-z-]*\).*/--\1/p; s/^\.It Fl \([a-zA-Z]\).*/-\1/p' \
	    collector/flowdbd.8
}
is 'usage: -h and the manual have the same options' \
    "$(manual_options | tr '\n' ' ')" "$(help_options | tr '\n' ' ')"
example_defaults() { "$BUILD/flowdbd" --example | sed -n '/^[a-z_]* = /p'; }
manual_defaults() {
	sed -n 's/^\.It Ic \([a-z_]*\) = Qq *\(.*\)/\1 = "\2"/p
	    s/^\.It Ic \([a-z_]*\) = Li \(.*\)/\1 = \2/p
	    s/^\.It Ic \([a-z_]*\) = \([0-9a-z]*\)$/\1 = \2/p' \
	    collector/flowdb.conf.5 | grep -v '^force = false$'
}
example_defaults >"$tmp/want"
manual_defaults >"$tmp/got"
holds 'usage: flowdb.conf(5) has every key and its default' \
    cmp "$tmp/got" "$tmp/want"
if command -v mandoc >/dev/null; then
	is 'usage: the manuals are good mdoc' "$(mandoc -Tlint -W warning \
	    collector/flowdbd.8 collector/flowdb.conf.5 \
	    collector/flowdb-exporters.7 2>&1)" ''
else
	echo 'skip usage: the manuals are good mdoc: there is no mandoc'
fi

# someone else has the port
start_daemon "$tmp/first"
refused 'port in use' 1 "listen on 127.0.0.1 port $port: Address already*" \
    -l "$fresh" -b 127.0.0.1 -p "$port" -P "$tmp/d/pid"
refused '... in the background' 1 "listen on *: Address already*" \
    -D -l "$fresh" -b 127.0.0.1 -p "$port" -P "$tmp/d/pid"
stop_daemon

# what a user may not write, when we are not root or can become somebody
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true; then
	as="setpriv --reuid 65534 --regid 65534 --clear-groups"
elif [ "$(id -u)" -ne 0 ]; then
	as=
else
	as=none
fi
if [ "$as" = none ]; then
	echo "skip usage: folder of somebody else: root may write everywhere"
else
	# from a copy: the build may lie where that user may not look
	cp "$BUILD/flowdbd" "$tmp/flowdbd"
	mkdir "$tmp/locked"
	chmod 755 "$tmp" "$tmp/flowdbd"
	chmod 555 "$tmp/locked"
	$as "$tmp/flowdbd" -l "$tmp/locked" -b 127.0.0.1 -p "$port" \
	    2>"$tmp/err"
	is 'usage: folder of somebody else' "$? $(cat "$tmp/err")" \
	    "1 flowdbd: data directory $tmp/locked: Permission denied"
	# what root left in a folder of that user's
	if [ "$(id -u)" -eq 0 ]; then
		start_daemon "$tmp/left"
		send --flows 300
		until_true 2 has_flows "$tmp/left" 300
		stop_daemon
		chown 65534:65534 "$tmp/left"
		$as "$tmp/flowdbd" -l "$tmp/left" -b 127.0.0.1 -p "$port" \
		    2>"$tmp/err"
		is 'usage: files of root in it' "$? $(sed \
		    's|left/[^ ]* c|left/FILE c|' "$tmp/err")" \
		    "1 flowdbd: $tmp/left/FILE cannot be written, it belongs to root (uid 0); as root: chown -R 65534:65534 $tmp/left"
	fi
fi

# -u: what an earlier run as root left becomes the user's, but not what only
# looks so
if [ "$(id -u)" -eq 0 ]; then
	dir=$tmp/left
	mkdir "$dir/sub"
	echo theirs >"$tmp/victim"
	ln "$tmp/victim" "$dir/templates.sqlite.bad-1"
	ln -s "$tmp/victim" "$dir/templates.sqlite.bad-2"
	cp -p "$(ls "$dir"/flows.2*.sqlite | head -n 1)" \
	    "$dir/sub/flows.201604101200.sqlite"
	echo mine >"$dir/notes"
	chmod 755 "$tmp"
	: >"$tmp/log"
	"$BUILD/flowdbd" -l "$dir" -b 127.0.0.1 -p "$port" -u nobody \
	    2>"$tmp/log" &
	pid=$!
	pids=$pid
	until_true 5 logged 'receiving on port'
	send --flows 300 --seed 2
	added() { [ "$(query "$(ls "$dir"/flows.2*.sqlite | head -n 1)" \
	    'SELECT count(*) FROM flow' 2>/dev/null)" = 600 ]; }
	holds 'usage: -u goes on with what root left' until_true 3 added
	is 'usage: ... which is the user'"'s" "$(stat -c %U "$dir" \
	    "$dir/.flowdbd.lock" "$dir/sub" \
	    "$dir/sub/flows.201604101200.sqlite" | sort -u)" nobody
	is 'usage: ... but not what has other names' "$(stat -c %U \
	    "$tmp/victim" "$dir/notes" | sort -u)" root
	stop_daemon
	is 'usage: ... templates, too' "$(stat -c %U \
	    "$dir/templates.sqlite")" nobody
else
	echo 'skip usage: -u: only root becomes somebody else'
fi

# a capture that breaks off: what could be read is kept
"$BUILD/flowgen" --flows 300 --pcap "$tmp/whole.pcap" 2>/dev/null
pcap_part "$tmp/whole.pcap" 1 3 "$tmp/part.pcap"
"$BUILD/flowdbd" -r "$tmp/part.pcap" -l "$tmp/part" 2>/dev/null
pcap_part "$tmp/whole.pcap" 1 4 "$tmp/four.pcap"
head -c $(($(wc -c <"$tmp/part.pcap") + 50)) "$tmp/four.pcap" >"$tmp/cut.pcap"
"$BUILD/flowdbd" -r "$tmp/cut.pcap" -l "$tmp/cut" 2>"$tmp/log"
is 'usage: a damaged capture is status 1' "$?" 1
holds 'usage: ... told with the packet' logged "cut.pcap: packet 4: "
dump "$tmp/part" >"$tmp/want"
dump "$tmp/cut" >"$tmp/got"
holds 'usage: ... what was read is kept' cmp -s "$tmp/got" "$tmp/want"
holds 'usage: ... and is something' test -s "$tmp/got"
is 'usage: ... sealed' "$(find "$tmp/cut" -name '*.sqlite' -perm 440 | wc -l)" \
    "$(shards "$tmp/part")"

# what cannot be an export is told, but is no failure
pcap_part "$tmp/whole.pcap" 0 0 "$tmp/empty.pcap"
"$BUILD/flowdbd" -r "$tmp/empty.pcap" -l "$tmp/empty" 2>"$tmp/log"
is 'usage: an empty capture is no failure' "$?" 0
holds 'usage: ... but told' logged 'no UDP datagram in 0 packets'
# "more fragments" in the IP header of the first packet
printf '\040' | dd of="$tmp/whole.pcap" bs=1 seek=60 conv=notrunc 2>/dev/null
"$BUILD/flowdbd" -r "$tmp/whole.pcap" -l "$tmp/fragment" 2>"$tmp/log"
holds 'usage: a fragment is told' logged '1 IP fragments left out'

# somebody else's database in the place of a shard: it stays, and nobody waits
# for it to go, however much there is to store
"$BUILD/flowgen" --flows 120000 --start 2016-04-10T12:00:00Z --rate 60 \
    --pcap "$tmp/big.pcap" 2>/dev/null
mkdir "$tmp/foreign"
foreign=$tmp/foreign/flows.201604101200.sqlite
sqlite3 "$foreign" 'CREATE TABLE theirs (a)'
timeout 20 "$BUILD/flowdbd" -r "$tmp/big.pcap" -l "$tmp/foreign" 2>"$tmp/log"
is 'usage: a foreign database in the way is status 1' "$?" 1
holds 'usage: ... told' logged "flows could not be stored: .*not a flowdb shard"
is 'usage: ... left alone' "$(sqlite3 "$foreign" .tables)" theirs
