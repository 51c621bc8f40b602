#!/bin/sh
# Answers that cannot be written, and answers that nobody waits for: a full
# disk, a closed pipe, a quota, ^C.  Status 1 and one line on stderr; rows that
# were written are whole.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
q=$BUILD/flowq
"$BUILD/flowgen" --flows 60000 --pcap "$tmp/in.pcap" &&
    "$BUILD/flowdbd" -l "$tmp/d" -r "$tmp/in.pcap" >"$tmp/log" 2>&1
holds 'output: flows to ask for' test -e "$(ls "$tmp"/d/flows.* | head -n 1)"

# one_line STATUS: the status is 1, and stderr has one line that begins so
one_line() {
	[ "$1" -eq 1 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
	    grep -q "^flowq: $2" "$tmp/err"
}

# a reader that has seen enough is no news
no_line() {
	[ "$1" -eq 1 ] && [ ! -s "$tmp/err" ]
}

for o in line long extended biline csv json ndjson nfdump-csv 'fmt:%ts %sa'; do
	for what in '' '-s dstip' '-a'; do
		# shellcheck disable=SC2086
		"$q" -R "$tmp/d" -o "$o" $what >/dev/full 2>"$tmp/err"
		holds "output: full disk: $o $what" one_line $? 'cannot write'
	done
	{ "$q" -R "$tmp/d" -o "$o" -n 0 2>"$tmp/err"; echo $? >"$tmp/rc"; } |
	    head -n 1 >/dev/null
	holds "output: closed pipe: $o" no_line "$(cat "$tmp/rc")"
	(
		ulimit -f 100
		"$q" -R "$tmp/d" -o "$o" -n 0 >"$tmp/out" 2>"$tmp/err"
	)
	holds "output: quota: $o" one_line $? 'cannot write'
done
"$q" help >/dev/full 2>"$tmp/err"
holds 'output: full disk: help' one_line $? 'cannot write'
"$q" -R "$tmp/d" -I >/dev/full 2>"$tmp/err"
holds 'output: full disk: -I' one_line $? 'cannot write'
"$q" -R "$tmp/d" -o line >&- 2>"$tmp/err"
holds 'output: no stdout at all' one_line $? 'cannot write'

# Sums that go to files find no room there.
TMPDIR=$tmp/none "$q" -R "$tmp/d" -a -n 0 --memory 1M >"$tmp/out" 2>"$tmp/err"
holds 'output: no folder for sums' one_line $? "temporary file in $tmp/none"

# ^C: the second line of a fifo tells that the list has begun; then nobody
# reads on until it has got the signal.
mkfifo "$tmp/fifo"
"$q" -R "$tmp/d" -o csv >"$tmp/fifo" 2>"$tmp/err" &
p=$!
pids="$pids $p"
{
	read -r one
	read -r two
	kill -INT "$p"
	began=$(now_ms)
	cat >"$tmp/rest"
	wait_ms=$(($(now_ms) - began))
} <"$tmp/fifo"
wait "$p"
rc=$?
holds 'output: ^C in a list: status and message' one_line "$rc" 'interrupted$'
is 'output: ... rows have begun' "${one%%,*} $(printf %.3s "$two")" \
    '"first_seen_utc" "20'
is 'output: ... the last row is whole' \
    "$(tail -n 1 "$tmp/rest" | tr -cd , | wc -c)" \
    "$(printf '%s' "$one" | tr -cd , | wc -c)"
holds 'output: ... soon' test "$wait_ms" -lt 1000
