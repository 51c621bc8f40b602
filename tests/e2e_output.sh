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

# to_nobody COMMAND...: into a pipe whose reader has gone before
mkfifo "$tmp/pipe"
to_nobody() {
	exec 3<>"$tmp/pipe"
	exec 4>"$tmp/pipe" 3<&-
	"$@" >&4 2>"$tmp/err" 4<&-
	to_nobody_rc=$?
	exec 4<&-
	return "$to_nobody_rc"
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

# whatever else prints; a chart and a series are tables of their own
first=$(ls "$tmp"/d/flows.* | head -n 1)
while read -r how; do
	# shellcheck disable=SC2086
	"$q" $how >/dev/full 2>"$tmp/err"
	holds "output: full disk: $how" one_line $? 'cannot write'
	# what it tells goes through a pipe: a file could not take it
	{
		(
			ulimit -f 0
			# shellcheck disable=SC2086
			"$q" $how 2>&1 >"$tmp/out"
		)
		echo $? >"$tmp/rc"
	} | cat >"$tmp/err"
	holds "output: quota: $how" one_line "$(cat "$tmp/rc")" 'cannot write'
	# shellcheck disable=SC2086
	to_nobody "$q" $how
	holds "output: closed pipe: $how" no_line $?
done <<END
help
help filter
--help
-V
-r $first -I
-r $first --sql -s dstip
-r $first --explain -s dstip
-r $first --exporters
-r $first -o chart --bin 5m
-r $first -o csv --bin 5m -s proto
-r $first -o json --bin 5m
-r $first -o chart -s dstip
-r $first -b
-r $first -A srcnet,proto
END

# the collector's answers; nobody asks it for a part of one
port=$(free_port)
start_daemon "$tmp/live"
printf 'max_age = "9999d"\n' >"$tmp/conf"
while read -r how; do
	# shellcheck disable=SC2086
	"$BUILD/flowdbd" $how >/dev/full 2>"$tmp/err"
	is "output: full disk: flowdbd $how" "$? $(grep -c '^flowdbd: .*write' \
	    "$tmp/err")" '1 1'
	# shellcheck disable=SC2086
	to_nobody "$BUILD/flowdbd" $how
	is "output: closed pipe: flowdbd $how" "$? $(grep -c \
	    '^flowdbd: cannot write to standard output: Broken pipe' \
	    "$tmp/err")" '1 1'
done <<END
-h
-V
--example
-n -v -l $tmp/d
--expire --dry-run -c $tmp/conf -l $tmp/d
--status -l $tmp/live
END
stop_daemon
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
