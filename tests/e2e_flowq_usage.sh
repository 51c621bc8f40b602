#!/bin/sh
# What flowq says to mistakes on its command line: exit status 2, or 1 where
# the disk is at fault, nothing on stdout, and a message that helps.
# shellcheck disable=SC2086	# arguments in variables are split on purpose
set -u
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
unset FLOWDB_DIR

# refuses NAME RC MESSAGE ARGUMENTS...: the message is the first line's begin
refuses() {
	name=$1 rc=$2 want=$3
	shift 3
	"$BUILD/flowq" "$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	line=$(head -n 1 "$tmp/err")
	case $line in
	"flowq: $want"*) ;;
	*)	echo "not ok usage $name: got '$line'"
		return ;;
	esac
	if [ $got -ne "$rc" ] || [ -s "$tmp/out" ]; then
		echo "not ok usage $name: status $got, $(wc -c <"$tmp/out") bytes"
		return
	fi
	echo "ok usage $name"
}

refuses long 2 "unknown option --foo (see flowq --help)" --foo
refuses long-value 2 "option --explain takes no value" --explain=yes
refuses help-value 2 "option --help takes no value" --help=me
refuses no-value 2 "option -s needs a value" -s
refuses short 2 "unknown option -K (see flowq --help)" -K
refuses short-behind 2 "unknown option -K (see flowq --help)" -R /x -Kq
refuses of-nfdump 2 \
    "unknown option -m: what nfdump does by it is -O tstart here" -m
refuses format 2 "-o: unknown output format, expected one of: line" \
    -R "$tmp/none" -o csvv
refuses format-field 2 '-o: expected a field such as %sa or src_addr, got "xx"' \
    -R "$tmp/none" -o "fmt:%ts %xx"
refuses format-of-sums 2 '-o: this answer has no "src_addr", expected of: ' \
    -R "$tmp/none" -s dstip -o csv:src_addr
refuses format-of-flows 2 '-o: "dstip" is a column of sums (-s, -A); of a flow' \
    -R "$tmp/none" -o csv:dstip
refuses format-of-series 2 '-o: this format has no time series' \
    -R "$tmp/none" --bin 5m -o nfdump-csv
refuses having 2 '-P: unknown word "foo"' -R "$tmp/none" -s dstip -P "foo 3"
refuses info 2 "-I and -s, -A, -a, -b, -B exclude each other" -I -s dstip
refuses topic 2 'help on "foo"?' help foo
refuses nowhere 1 "$tmp/none: No such file or directory" -R "$tmp/none"
FLOWDB_DIR=$tmp/none
export FLOWDB_DIR
refuses no-data 1 \
    "$tmp/none: No such file or directory: say where the flows are"

# The daemon's folder is open to its group: who is not in it is told.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 750 "$tmp/closed-dir"
	chmod 755 "$tmp"
	chgrp daemon "$tmp/closed-dir"
	cp "$BUILD/flowq" "$tmp/flowq"
	FLOWDB_DIR=$tmp/closed-dir setpriv --reuid nobody --regid nogroup \
	    --clear-groups "$tmp/flowq" 2>"$tmp/err"
	if [ $? = 1 ] && grep -q "group daemon may read $tmp/closed-dir: as" \
	    "$tmp/err" && ! grep -q 'say where' "$tmp/err"; then
		echo "ok usage rights"
	else
		echo "not ok usage rights: $(cat "$tmp/err")"
	fi
else
	echo "skip usage rights: needs root and setpriv"
fi

# A reader that has seen enough is no news, but the answer did not arrive.
until_there() {
	until [ -s "$1" ]; do
		sleep 0.05
	done
}
{ until_there "$tmp/closed"; "$BUILD/flowq" help filter 2>"$tmp/err"
    echo $? >"$tmp/rc"; } |
    { exec <&-; echo yes >"$tmp/closed"; until_there "$tmp/rc"; }
if [ "$(cat "$tmp/rc")" = 1 ] && [ ! -s "$tmp/err" ]; then
	echo "ok usage closed-pipe"
else
	echo "not ok usage closed-pipe: status $(cat "$tmp/rc")," \
	    "$(cat "$tmp/err")"
fi

# A mistake in the filter is shown where it is.
"$BUILD/flowq" -Z "tcp and prot 6" 2>"$tmp/err"
cat >"$tmp/want" <<'END'
flowq: unknown word "prot": did you mean "proto"?
  tcp and prot 6
          ^~~~
END
if diff "$tmp/want" "$tmp/err"; then
	echo "ok usage caret"
else
	echo "not ok usage caret"
fi

# What help offers is what is taken.
n=0
"$BUILD/flowq" help filter | sed '1,/^Words/d' | tr ',\n' '\n\n' |
    sed 's/^ *//; /^$/d' >"$tmp/words"
while read -r phrase; do
	n=$((n + 1))
	case $phrase in *geo | *asn) continue ;; esac	# e2e_geo.sh
	"$BUILD/flowq" -Z "$phrase ~" 2>&1 |
	    grep -E 'unknown word|not stored|needs a' && break
done <"$tmp/words"
if [ "$n" -gt 100 ] && [ "$n" -eq "$(wc -l <"$tmp/words")" ]; then
	echo "ok usage filter-words"
else
	echo "not ok usage filter-words: the $n-th, $phrase"
fi

# Questions to shards do not wait for libraries that only a server needs.
if LD_DEBUG=libs "$BUILD/flowq" --version 2>&1 | grep libcurl; then
	echo "not ok usage starts without libcurl"
else
	echo "ok usage starts without libcurl"
fi
