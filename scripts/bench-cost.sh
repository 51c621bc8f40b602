#!/bin/sh
# Instructions a flow, counted by callgrind: the same on a busy machine, so a
# change of a few percent is a change of the code.  Two runs of different size
# are compared, which takes the costs of starting away.
#
#	FEW=20000 MANY=100000	flows of the two runs
#
# The result also goes to $BUILD/bench-cost.txt; what stood there before is
# shown beside it.  Compiler and SQLite count in: compare on one machine.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/bench-lib.sh
: "${FEW:=20000}" "${MANY:=100000}"
command -v valgrind >/dev/null || die "needs valgrind"
scratch 500

count() {
	out=$1
	shift
	valgrind --tool=callgrind --callgrind-out-file="$tmp/$out" "$@" \
	    >/dev/null 2>"$tmp/log" || die "$1: $(tail -n 3 "$tmp/log")"
}

# run FLOWS: $tmp/FLOWS.ingest, and of each question $tmp/FLOWS.NAME
run() {
	"$BUILD/flowgen" --flows "$1" --no-sampling --start $start_time \
	    --pcap "$tmp/$1.pcap" 2>"$tmp/log" || die "$(cat "$tmp/log")"
	count "$1.ingest" "$BUILD/flowdbd" -r "$tmp/$1.pcap" -l "$tmp/db.$1"
	ask="$BUILD/flowq -R $tmp/db.$1 --threads 1 -o csv"
	# shellcheck disable=SC2086	# split on purpose
	{
		count "$1.scan" $ask --no-rollup -s dstip/bytes
		count "$1.filter" $ask "dst port 53 and bytes > 100k"
		count "$1.record" $ask -s record/bytes
		count "$1.list" $ask
	}
}

# inclusive FILE [FUNCTION]: instructions in it and what it calls, or in all
inclusive() {
	callgrind_annotate --inclusive=yes --threshold=100 "$tmp/$1" |
	    awk -v f="${2-}" '
		{ n = $1; gsub(/,/, "", n) }
		f == "" && / PROGRAM TOTALS/ { print n; exit }
		f != "" && index($0, ":" f " ") { print n; exit }'
}

# cost TITLE NAME [FUNCTION]
cost() {
	a=$(inclusive "$FEW.$2" "${3-}") b=$(inclusive "$MANY.$2" "${3-}")
	[ -n "$a" ] && [ -n "$b" ] || die "no ${3-} in the profile"
	echo "$1;$(((b - a) / (MANY - FEW)))"
}

run "$FEW"
run "$MANY"
{
	cost "decode a record" ingest packet_decode
	cost "insert and commit" ingest shard_writer_store
	cost "seal: roll-ups" ingest rollup_build
	cost "seal: all" ingest seal_shard
	cost "read a capture, all" ingest
	cost "top 10 dst, scan" scan
	cost "list by a filter" filter
	cost "top 10 records" record
	cost "list all as CSV" list
} >"$tmp/now" || exit 1
last=$BUILD/bench-cost.txt
[ -f "$last" ] || cp "$tmp/now" "$last"
echo "instructions a flow         now   before  change"
awk -F ';' 'NR == FNR { before[$1] = $2; next }
	{ b = before[$1]; printf "%-22s %8d %8s %6s%%\n", $1, $2, b,
	    (b > 0 ? sprintf("%+.1f", ($2 - b) * 100 / b) : "") }' \
    "$last" "$tmp/now"
cp "$tmp/now" "$last"
