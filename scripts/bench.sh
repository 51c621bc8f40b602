#!/bin/sh
# flowdb beside nfdump: the same flows, the same questions, in turn, in one
# run.  Without nfdump only flowdb is measured.
#
#	N=2000000	flows, spread over HOURS=24 files of each
#	PEERS=100000	hosts outside
#	ROUNDS=5	of each question, the page cache warm; COLD=3 rounds with
#			the files out of the page cache (0: none)
#	LIVE=600000	flows of an ingest round
#	PARTS="answers ingest rate size"	what to measure
#
# Exit status 1: an answer differs, or flows were lost where none may be.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/bench-lib.sh
: "${N:=2000000}" "${HOURS:=24}" "${PEERS:=100000}" "${ROUNDS:=5}"
: "${COLD:=3}" "${LIVE:=600000}" "${PARTS:=answers ingest rate size}"
failed=0

does() { case " $PARTS " in *" $1 "*) ;; *) return 1 ;; esac; }

feed() {
	"$BUILD/flowgen" --flows "$1" --peers "$PEERS" --no-sampling \
	    --pps "$2" --send "127.0.0.1:$port" 2>"$tmp/sent" ||
	    die "$(cat "$tmp/sent")"
}

# Both get the same datagrams at the same rate; CPU from start to the end of
# the process, when all is committed.
ingest() {
	for _ in 1 2 3; do
		rm -rf "$tmp/live" "$tmp/live-nf"
		start_flowdbd ingest/flowdb "$tmp/live"
		feed "$LIVE" 10000
		stop
		[ "$(flowdb_flows "$tmp/live")" = "$LIVE" ] ||
		    { echo "flowdbd lost flows"; failed=1; }
		has_nfdump || continue
		start_nfcapd ingest/nfdump "$tmp/live-nf" "$LIVE"
		feed "$LIVE" 10000
		stop
		[ "$(nfdump_flows "$tmp/live-nf")" = "$LIVE" ] ||
		    echo "nfcapd lost flows"
	done
	echo "== ingest of $LIVE flows: receive to committed"
	heading
	row "ingest" ingest 1.7 '' ''
	awk -v n="$LIVE" -v us="$(median "$tmp/cost/ingest/flowdb" 1)" \
	    'BEGIN { printf "flowdbd: %.2f us CPU a flow, %.2f M flows a CPU second\n",
	    us / n, n / us }'
}

# One live run; is nothing lost at so many flows a second?  A datagram has some
# 20; 8 s are longer than the buffers could hide.
lossless() {
	rm -rf "$tmp/rate"
	start_flowdbd rate/flowdb "$tmp/rate"
	feed $(($1 * 8)) $(($1 / 20))
	stop
	[ "$(flowdb_flows "$tmp/rate")" = $(($1 * 8)) ]
}

# Halves the interval five times; ends when the sender cannot do more.
rate() {
	low=0 high=1600000
	for _ in 1 2 3 4 5; do
		mid=$(((low + high) / 2))
		if lossless $mid; then
			low=$mid
			sent=$(sed -n 's/.* in \(.*\) s$/\1/p' "$tmp/sent")
			took=$(awk -v n=$((mid * 8)) -v s="$sent" \
			    'BEGIN { printf "%.0f", n / s }')
			best=$took
			[ $((took * 10)) -gt $((mid * 9)) ] || break
		else
			high=$mid
		fi
	done
	echo "== highest rate without loss, 8 s, sender on the same machine"
	met=met
	[ "${best:=0}" -ge 500000 ] || met="NOT MET"
	echo "$best flows/s  at least 500000: $met"
}

# How long until a flow can be found, and what a commit takes.
latency() {
	rm -rf "$tmp/fresh"
	echo "metrics_file = \"$tmp/metrics\"" >"$tmp/conf"
	start_flowdbd latency/flowdb "$tmp/fresh" -c "$tmp/conf"
	feed 300000 10000
	feed 20 10000
	since=$(date +%s%N)
	until_true 10 seen 300020
	now=$(date +%s%N)
	awk -v ms=$(((now - since) / 1000000)) 'BEGIN { printf \
	    "the last flow is in the answer after %.2f s  under 1: %s\n",
	    ms / 1000, ms < 1000 ? "met" : "NOT MET" }'
	until_true 12 grep -qs '^flowdb_flows_stored_total 300020' \
	    "$tmp/metrics"
	awk '/seconds_sum/ { s = $2 } /seconds_count/ { n = $2 } END {
		printf "a commit takes %.1f ms on average, of %d\n",
		    s / n * 1000, n }' "$tmp/metrics"
	stop
}
seen() { [ "$(flowdb_flows "$tmp/fresh")" = "$1" ]; }

# sealed NAME CONF: the live shard of the last ingest round becomes one of
# long ago, and a starting flowdbd seals it
sealed() {
	rm -rf "$tmp/seal"
	mkdir "$tmp/seal"
	shard=$tmp/seal/flows.202001010000.sqlite
	[ -z "$2" ] || cp "$tmp/live"/flows.*.sqlite "$shard"
	echo "${2:-}" >"$tmp/conf"
	start_flowdbd "seal/$1" "$tmp/seal" -c "$tmp/conf"
	[ -z "$2" ] || until_true 120 is_sealed
	stop
}
is_sealed() { [ "$(stat -c %a "$shard")" = 440 ]; }

sealing() {
	for _ in 1 2 3; do
		sealed nothing ''
		sealed plain 'indexes = false'
		sealed indexed 'indexes = true'
	done
	echo "== sealing, CPU a flow (a start without work taken off)"
	for kind in plain indexed; do
		us=$(awk -v n="$LIVE" \
		    -v a="$(median "$tmp/cost/seal/nothing" 1)" \
		    -v b="$(median "$tmp/cost/seal/$kind" 1)" \
		    'BEGIN { printf "%.2f", (b - a) / n }')
		[ $kind = plain ] && echo "roll-ups: $us us" ||
		    echo "roll-ups and indexes: $us us" \
		    "$(verdict under "$us" 2)"
	done
}

# Bytes a flow, in the history and in a live shard; by table.
size() {
	echo "== bytes a flow"
	[ ! -d "$tmp/live" ] ||
	    per_flow "live shard" "$(bytes_in "$tmp/live")" "$LIVE"
	per_flow "sealed shards" "$(bytes_in "$tmp/db")" "$N"
	[ ! -d "$tmp/nf" ] ||
	    per_flow "nfcapd, LZ4" "$(bytes_in "$tmp/nf")" "$N"
	command -v sqlite3 >/dev/null || return
	for shard in "$tmp/db"/flows.*.sqlite; do
		sqlite3 -readonly -separator ' ' "$shard" \
		    'SELECT name, sum(pgsize) FROM dbstat GROUP BY name'
	done >"$tmp/dbstat"
	awk -v n="$N" '{ s[$1] += $2 } END { for (t in s)
		printf "  %-20s %6.2f\n", t, s[t] / n }' "$tmp/dbstat" |
	    sort -k 2,2nr | head -n 16
	plain=$(awk -v n="$N" '!/^flow_(src|dst)_addr / { s += $2 }
	    END { printf "%.1f", s / n }' "$tmp/dbstat")
	echo "sealed, without address indexes: $plain" \
	    "$(verdict "at most" "$plain" 48)"
}
per_flow() {
	awk -v t="$1" -v b="$2" -v n="$3" \
	    'BEGIN { printf "%-20s %8.2f\n", t, b / n }'
}

# pcaps twice, shards, files of nfcapd, the longer CSV twice; the live shards
scratch $(((N * 900 + LIVE * 400) / 1000000 + 2000))
free_port
machine
say "making $N flows"
make_load "$N" "$HOURS" "$PEERS"
echo "$N flows in $HOURS files of each, $(($(bytes_in "$tmp/db") / 1048576))" \
    "MiB of flowdb$([ ! -d "$tmp/nf" ] ||
    echo ", $(($(bytes_in "$tmp/nf") / 1048576)) MiB of nfcapd (LZ4)")"
if does answers; then
	questions >"$tmp/questions"
	echo "== warm, median of $ROUNDS"
	answers warm "$ROUNDS"
	[ "$COLD" -eq 0 ] || {
		echo "== files not in the page cache, median of $COLD"
		questions | grep -v 'all flows' >"$tmp/questions"
		answers cold "$COLD" cold
	}
fi
does ingest && { ingest; latency; sealing; }
does rate && rate
does size && size
exit $failed
