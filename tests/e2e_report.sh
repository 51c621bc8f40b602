#!/bin/sh
# flowq --report: the numbers of the page are those of CSV; hostile names and
# filters stay text; the file is whole or not there; a browser, where there is
# one, has nothing to complain of and asks nobody for anything.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
export LC_ALL=C
data=$tmp/data page=$tmp/page.html
flowq=$BUILD/flowq
is() { [ "$2" = "$3" ] && echo "ok report $1" ||
    echo "not ok report $1: got '$2', want '$3'"; }
same() { cmp -s "$tmp/want" "$tmp/got" && [ -s "$tmp/want" ] &&
    echo "ok report $1" || { diff "$tmp/want" "$tmp/got" | head -n 6
    echo "not ok report $1"; }; }
# store DIR OPTIONS...: flows into shards
store() {
	to=$1
	shift
	"$BUILD/flowgen" "$@" --pcap "$tmp/flows.pcap" 2>"$tmp/log" &&
	    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$to" 2>"$tmp/log" ||
	    { cat "$tmp/log"; echo "not ok report: no flows"; exit 1; }
}
store "$data" --flows 20000 --hours 3 --mix --seed 5
store "$tmp/long" --flows 4000 --hours 200 --seed 6

# ---- numbers ----

# The rows of table N, as "key flows packets bytes"; of series N, as they are.
table() {
	sed -n "/id=top-$1>/,/<\/table>/s/^<tr><th//p" "$page" |
	    sed -E 's|<data value=([0-9]+)[^>]*>|\t\1\t|g
		s|<bdi>([^<]*)</bdi>|\t\1\t|g' |
	    awk -F '\t' '{ if (NF == 9) print $2, $8, $6, $4
		else print $2 " " $4, $10, $8, $6 }'
}
series() {
	sed -n "/id=chart$1>/,/<\/table>/s/^<tr><th scope=row>//p" "$page" |
	    sed 's/<td>/ /g'
}
# The same of CSV: columns by name.
columns() {
	awk -F '","' -v list="$1" '{ sub(/^"/, ""); sub(/"\r$/, "") }
	    NR == 1 { n = split(list, want, " ")
		for (i = 1; i <= NF; i++) at[$i] = i; next }
	    { for (k = 1; k <= n; k++) printf "%s%s", $at[want[k]],
		(k < n ? " " : "\n") }'
}

# WINDOW|FILTER|BIN that the page must choose
n=0
while IFS='|' read -r window filter bin; do
	n=$((n + 1))
	"$flowq" -R "$data" --utc $window --report "$page" --force -q \
	    "$filter" || echo "not ok report made $n"
	i=0
	for stat in proto srcip dstip srcport dstport srcas dstas inif outif
	do
		"$flowq" -R "$data" --utc $window -s $stat/bytes -n 10 -o csv \
		    "$filter" | columns "$stat flows packets bytes" >"$tmp/want"
		table $i >"$tmp/got"
		same "case $n: $stat"
		i=$((i + 1))
	done
	"$flowq" -R "$data" --utc $window -A srcip,dstip -O bytes -n 10 -o csv \
	    "$filter" | columns "srcip dstip flows packets bytes" >"$tmp/want"
	table 13 >"$tmp/got"
	same "case $n: conversations"
	i=0
	for stat in proto srcip dstip; do
		"$flowq" -R "$data" --utc $window --bin $bin -s $stat/bytes \
		    -n 7 -o csv "$filter" | columns 'bin_start_utc bps' |
		    awk '{ k = $1 " " $2 } k != last { printf "%s%s",
			(NR > 1 ? "\n" : ""), k; last = k }
			{ printf " %s", $3 }
			END { print "" }' >"$tmp/want"
		series $i >"$tmp/got"
		same "case $n: bins of $stat"
		i=$((i + 1))
	done
	size=$(wc -c <"$page")
	[ "$size" -lt 1000000 ] && echo "ok report case $n: size" ||
	    echo "not ok report case $n: size $size"
done <<'CASES'
||2m
-t 2016-04-10T12:31..2016-04-10T12:35||2s
-t 2016-04-10T12:10..2016-04-10T13:40|dst net 192.168.10.0/24|1m
CASES

# totals, and the window before
"$flowq" -R "$data" --utc -t 2016-04-10T13 --report "$page" --force -q
total=$("$flowq" -R "$data" --utc -t 2016-04-10T13 -I |
    sed -n 's/^Bytes: //p')
before=$("$flowq" -R "$data" --utc -t 2016-04-10T12 -I |
    sed -n 's/^Bytes: //p')
is total "$(grep -o '<dt>Bytes</dt><dd><data value=[0-9]*' "$page" |
    sed 's/.*=//')" "$total"
is before "$(grep -o 'before: [0-9.]*' "$page" | head -n 1)" \
    "before: $(awk "BEGIN { v = $before; while (v >= 999.5) v /= 1000
    printf \"%.*f\", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v }")"

# bins of an hour and more: the shards of that time, from roll-ups
"$flowq" -R "$tmp/long" --utc --report "$page" --force -q -n 1
"$flowq" -R "$tmp/long/flows.201604111200:flows.201604111359" --utc \
    -s proto/bytes -n 1 -o csv | columns bytes |
    awk '{ printf "%d\n", $1 * 8 / 7200 }' >"$tmp/want"
series 0 | sed -n 's/^2016-04-11 12:00:00 \([0-9]*\) .*/\1/p' >"$tmp/got"
same 'bins of shards'
grep -q '<td class=how>roll-up' "$page" && echo "ok report roll-ups" ||
    echo "not ok report roll-ups: $(grep 'class=how' "$page" | tail -n 1)"

# ---- what comes from outside ----

mkdir "$tmp/names"
printf 'network,name\n0.0.0.0/0,"</td><script>alert(1)</script>"\n' \
    >"$tmp/names/networks.csv"
printf 'asn,name\n64500,"""><img src=x onerror=alert(2)>\033[31m\377"\n' \
    >"$tmp/names/as.csv"
evil='not ident "</title><img src=x onerror=alert(3)>&amp;"'
"$flowq" -R "$data" --names "$tmp/names" -n 50 --report "$page" --force -q \
    "$evil"
is 'one script' "$(grep -o '<script' "$page" | wc -l)" 1
is 'no image' "$(grep -c '<img' "$page")" 0
is 'no control characters' "$(tr -d '\n' <"$page" |
    grep -c '[[:cntrl:]]')" 0
is 'the filter is told' "$(grep -o 'not ident &quot;&lt;/title&gt;&lt;img src=x onerror=alert(3)&gt;&amp;amp;&quot;</bdi>' \
    "$page" | wc -l)" 1
grep -q '&lt;script&gt;alert(1)' "$page" && echo "ok report names" ||
    echo "not ok report names: not shown"
is 'nothing from elsewhere' "$(grep -o '<[^>]*>' "$page" |
    grep -Eo ' (src|href|action|srcset|data)=[^ >]*')" ' href="data:,"'
[ "$(wc -c <"$page")" -lt 1000000 ] && echo "ok report size with names" ||
    echo "not ok report size with names"
if command -v openssl >/dev/null; then
	sed -n '/<script>/s/.*<script>\(.*\)<\/script>.*/\1/p' "$page" |
	    tr -d '\n' | openssl dgst -sha256 -binary | openssl base64 \
	    >"$tmp/want"
	grep -o "'sha256-[^']*" "$page" | sed "s/'sha256-//" >"$tmp/got"
	same 'script and its hash'
else
	echo "skip report script and its hash: there is no openssl"
fi

# ---- the file ----

# refused STATUS TEXT OPTIONS...
refused() {
	want=$1 text=$2
	shift 2
	got=$("$flowq" -R "$data" "$@" 2>&1 >/dev/null)
	rc=$?
	case $rc:$got in
	"$want:flowq: "$text) echo "ok report refused $text" ;;
	*) echo "not ok report refused $*: status $rc, '$got'" ;;
	esac
}
mkdir "$tmp/place"
echo precious >"$tmp/place/old.html"
refused 1 '*is there already*' --report "$tmp/place/old.html"
refused 1 '*no plain file*' --report "$tmp/place" --force
refused 1 '*No such file*' --report "$tmp/nowhere/a.html"
refused 2 '*takes no -s*' --report "$tmp/a.html" -s srcip
refused 2 '*-n from 1 to*' --report "$tmp/a.html" -n 51
refused 2 '*only one of*' --report "$tmp/a.html" --bin 1h
refused 2 '*goes with*' --force
# a file that cannot grow: blocks of 512 bytes
(ulimit -f 20; "$flowq" -R "$data" --report "$tmp/place/old.html" --force \
    2>"$tmp/log")
is 'a full disk is told' "$?:$(grep -c 'is not written' "$tmp/log")" 1:1
is 'and spares the old file' "$(cat "$tmp/place/old.html")" precious
is 'nothing is left over' "$(find "$tmp/place" -type f | wc -l)" 1
"$flowq" -R "$data" --report "$tmp/place/old.html" --force -q
is 'replaced by force' "$(head -n 1 "$tmp/place/old.html")" \
    '<!doctype html>'
is 'and nothing beside it' "$(find "$tmp/place" -type f | wc -l)" 1
"$flowq" -R "$data" -q --report "$tmp/none.html" 'src as 4294967295'
is 'no flows' "$?:$(grep -c 'No flows match' "$tmp/none.html")" 0:1

# ---- a browser ----

browser=$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome)
if [ -z "$browser" ]; then
	echo "skip report browser: there is no Chromium"
	exit 0
fi
# dom FILE: its DOM once the script ran
dom() {
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu \
	    --no-first-run --disable-background-networking --disable-sync \
	    --disable-component-update --user-data-dir="$tmp/profile" \
	    --enable-logging=stderr --log-net-log="$tmp/net.json" \
	    --dump-dom "file://$1" 2>"$tmp/console"
}
for file in "$page" "$tmp/none.html"; do
	dom "$file" >"$tmp/dom"
	is "browser: console of ${file##*/}" \
	    "$(grep -c CONSOLE "$tmp/console")" 0
	# what the browser asks for by itself goes to its maker
	is "browser: requests of ${file##*/}" "$(grep -Eo \
	    '"url":"(https?|ftp|wss?):[^"]*' "$tmp/net.json" |
	    grep -Evc '\.(google|googleapis|gstatic)\.com|//google\.com')" 0
done
dom "$page" >"$tmp/dom"
is 'browser: the script ran' "$(grep -o 'By protocol\|By sender\|By receiver' \
    "$tmp/dom" | wc -l)" 3
# a complaint is seen: the same page with a script that is not ours
sed 's/<script>/<script>0;/' "$page" >"$tmp/bad.html"
dom "$tmp/bad.html" >"$tmp/dom"
is 'browser: no other script runs' "$(grep -c CONSOLE "$tmp/console"):$(grep \
    -c 'By sender' "$tmp/dom")" 1:0
