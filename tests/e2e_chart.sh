#!/bin/sh
# flowq -o chart: what a terminal, a pipe and the environment make of it.  The
# pictures themselves are in test_print_chart.c.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
unset COLUMNS NO_COLOR LC_CTYPE LANG
export LC_ALL=C.UTF-8 TERM=xterm
flowq="$BUILD/flowq -R $tmp/data"
is() { [ "$2" = "$3" ] && echo "ok chart $1" ||
    echo "not ok chart $1: got '$2', want '$3'"; }
# of lines on stdin: columns of the widest, colours, blocks of U+25xx
width() { LC_ALL=C sed 's/\x1b\[[0-9;]*m//g; s/[\x80-\xbf]//g' |
    tr -d '\r' | awk 'length > n { n = length } END { print n + 0 }'; }
colours() { grep -c "$(printf '\033')\[38"; }
blocks() { LC_ALL=C grep -c "$(printf '\342\226')"; }

"$BUILD/flowgen" --flows 3000 --hours 2 --pcap "$tmp/flows.pcap" \
    2>"$tmp/log" &&
    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$tmp/data" 2>"$tmp/log" || {
	cat "$tmp/log"
	echo "not ok chart: no flows"
	exit 1
}
for what in '-s srcip/bytes' '--bin 5m' '--bin 1m -s dstip/bytes'; do
	$flowq $what -q -o chart >"$tmp/out"
	# bins may leave some columns over
	w=$(width <"$tmp/out")
	[ "$w" -gt 60 ] && [ "$w" -le 80 ] && echo "ok chart $what: width" ||
	    echo "not ok chart $what: $w columns of 80"
	is "$what: no colour in a pipe" "$(colours <"$tmp/out")" 0
	[ "$(blocks <"$tmp/out")" -gt 0 ] && echo "ok chart $what: Unicode" ||
	    echo "not ok chart $what: Unicode"
	LC_ALL=C $flowq $what -q -o chart >"$tmp/out"
	is "$what: ASCII" "$(blocks <"$tmp/out")" 0
done
is 'COLUMNS' "$(COLUMNS=120 $flowq -s srcip -q -o chart | width)" 120

# the bar's number is that of CSV
is 'numbers' "$($flowq -s srcip/bytes -n 3 -N -q -o chart |
    awk '{ print $1, $(NF - 2) }')" "$($flowq -s srcip/bytes -n 3 -q -o csv |
    tr -d '"' | awk -F , '{ print $4, $7 }')"

if command -v script >/dev/null; then
	on_terminal() {
		script -qec "stty cols 100; $*" /dev/null </dev/null
	}
	on_terminal "$flowq -s srcip -q -o chart" >"$tmp/out"
	is 'width of the terminal' "$(width <"$tmp/out")" 100
	is 'colour on a terminal' "$(colours <"$tmp/out")" 10
	is 'NO_COLOR' "$(NO_COLOR=1 on_terminal "$flowq -s srcip -q -o chart" |
	    colours)" 0
	is 'a dumb terminal' "$(TERM=dumb on_terminal \
	    "$flowq -s srcip -q -o chart" | colours)" 0
else
	echo "skip chart on a terminal: there is no script(1)"
fi
for what in '' '-A srcip' '-s record' '-a'; do
	$flowq $what -o chart >"$tmp/out" 2>&1
	is "refused: flows $what" "$?:$(grep -c 'draws statistics' \
	    "$tmp/out")" 2:1
done
is 'no flows, no picture' "$($flowq --bin 1h -q -o chart \
    'src as 4294967295')" ''
