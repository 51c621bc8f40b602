#!/bin/sh
# flowq --top on a terminal of tmux: what it shows is what the shard has, keys
# do what help says, sizes change, the terminal is as it was afterwards.
# shellcheck source=tests/daemon.sh
. tests/daemon.sh
export TZ=UTC LC_ALL=C
unset FLOWDB_DIR
case $BUILD in
/*)	flowq=$BUILD/flowq ;;
*)	flowq=$PWD/$BUILD/flowq ;;
esac

# refused NAME TEXT OPTIONS...: status 2
refused() {
	name=$1 text=$2
	shift 2
	"$flowq" "$@" >"$tmp/out" 2>"$tmp/said" </dev/null
	is "top: $name" "$? $(grep -c "$text" "$tmp/said")" '2 1'
}

refused 'needs a terminal' 'needs a terminal' -R "$tmp" --top
refused 'takes no window' 'takes no -t' --top -t today
refused 'one statistic' 'one statistic' --top -s srcip -s dstip
refused 'no record' 'one statistic' --top -s record
refused 'orders' 'goes by one of' --top srcip/bpp
refused 'a wrong filter' 'src ip x' --top srcip src ip x
if ! command -v tmux >/dev/null; then
	echo 'skip top: there is no tmux'
	exit 0
fi

socket=$tmp/tmux.0
tm() { tmux -S "$socket" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; end_all' EXIT
screen() { tm capture-pane -p -t top 2>/dev/null; }
shows() { screen | grep -q -e "$1"; }
press() { tm send-keys -t top "$@"; }
# what a screen says of a key: the cells of its row
row() { screen | awk -v key="$1" '$2 == key { print $3 $4; exit }'; }

# run_top COLUMNS WORDS: its status stays on the screen when it ends.  A server
# for each, so that none is asked that is about to end.
n=0
run_top() {
	n=$((n + 1)) socket=$tmp/tmux.$n
	tm new-session -d -s top -x "$1" -y 24 "sh -c '
	    trap : INT; stty -a >$tmp/stty.before; $flowq -R $tmp/d --top $2
	    echo status \$?; stty -a >$tmp/stty.after; exec sleep 60'"
}

port=$(free_port)
start_daemon "$tmp/d"
# a daemon that has heard nobody yet: the first flows are waited for
run_top 80 dstip
holds 'top: no flows yet' until_true 5 shows 'No shard of this hour'
tm kill-server 2>/dev/null
now=$(date +%s)
# all of it lies within the last minute and stays there for a while
send --flows 6000 --start $((now - 12)) --rate 600 --speed --no-sampling
until_true 5 has_flows "$tmp/d" 6000 || echo "not ok top: flows arrived"
shard=$(ls "$tmp"/d/flows.*.sqlite)

# the first look finds what came before it
run_top 100 dstip
holds 'top: shows the first' until_true 5 shows '^ *1  '
until_true 3 shows 'bit/s'; screen >$tmp/log
holds 'top: the heading' shows 'Dst IP Addr  *\*bit/s'
want=$("$flowq" -R "$tmp/d" -s dstip/bytes -n 1 -o csv -q --raw |
    tail -n 1 | cut -d, -f 4 | tr -d '"\r')
is 'top: it is that of -s' "$(screen | awk '$1 == 1 { print $2; exit }')" \
    "$want"
# rates of a sixtieth, scaled to three or four digits
bits=$(query "$shard" "SELECT printf('%.3f', sum(bytes) * 8 / 60.0) FROM flows
    WHERE dst_addr = '$want'")
is 'top: its rate' "$(row "$want")" "$(awk -v v="$bits" 'BEGIN {
	split(" ,k,M,G", u, ",")
	for (i = 1; v >= 999.95; i++)
		v /= 1000
	printf "%.1f%s", v, u[i] }')"

# flows that come while it runs
send --flows 3000 --start "$now" --rate 600 --speed --no-sampling --seed 2
until_true 5 has_flows "$tmp/d" 9000
holds 'top: new flows are added' until_true 6 shows '150 flows/s'

press p
holds 'top: order by packets' until_true 3 shows '\*packets/s'
press f
holds 'top: order by flows' until_true 3 shows '\*flows/s'
press b
until_true 3 shows '\*bit/s'
press s
holds 'top: the next statistic' until_true 3 shows '^ *IP Addr'
press 7
holds 'top: a statistic by number' until_true 3 shows '^ *1  TCP'
press Enter
holds 'top: drill' until_true 3 shows '^Filter: proto 6'
press Down Enter
holds 'top: drill deeper' until_true 3 shows \
    '^Filter: (proto 6) and dst port [0-9]'
press BSpace
press BSpace
holds 'top: and back' until_true 3 shows '^ *1  TCP'
press h
holds 'top: help' until_true 3 shows 'Any key goes back'
press x
holds 'top: help goes' until_true 3 shows '^ *1  TCP'
press Space
holds 'top: pause' until_true 3 shows '(paused)'
send --flows 3000 --start "$now" --rate 600 --speed --no-sampling --seed 3
until_true 5 has_flows "$tmp/d" 12000
press Space
holds 'top: and nothing is lost' until_true 6 shows '200 flows/s'

tm resize-window -t top -x 60 -y 12
holds 'top: a smaller terminal' until_true 5 shows '^5 keys.* pause.*drill$'
is 'top: ... all lines fit' "$(screen | awk 'length > 60' | wc -l)" 0
tm resize-window -t top -x 120 -y 40
press 2
holds 'top: a larger one has more' until_true 5 shows '^  35  '

press C-c
holds 'top: Ctrl-C ends it' until_true 5 shows '^status 0'
holds 'top: ... and leaves nothing' sh -c \
    "! tmux -S '$socket' capture-pane -p -t top | grep -q flowq"
until_true 3 test -s "$tmp/stty.after"
sed 's/rows [0-9]*; columns [0-9]*//' "$tmp/stty.before" >"$tmp/before"
sed 's/rows [0-9]*; columns [0-9]*//' "$tmp/stty.after" >"$tmp/after"
holds 'top: the terminal is as it was' cmp "$tmp/before" "$tmp/after"
tm kill-server 2>/dev/null

run_top 80 'srcip proto udp'
holds 'top: statistic and filter' until_true 5 shows '^Filter: proto udp'
holds 'top: ... both' until_true 5 shows 'Src IP Addr'
press q
holds 'top: q ends it' until_true 5 shows '^status 0'
tm kill-server 2>/dev/null

run_top 80 'port 53'
holds 'top: words that are a filter' until_true 5 shows '^Filter: port 53'
press q
until_true 5 shows '^status 0'
tm kill-server 2>/dev/null
stop_daemon

socket=$tmp/tmux.dumb
tm new-session -d -s top -x 80 -y 24 \
    "sh -c 'TERM=dumb $flowq -R $tmp/d --top; echo status \$?; exec sleep 60'"
holds 'top: a terminal that is dumb' until_true 5 shows '^status 2'
