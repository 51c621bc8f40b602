#!/bin/sh
# Fuzzes each target for SECONDS_EACH (default 60), or those in TARGETS ("packet
# filter"), with limits on memory, time and length of an input.  New inputs
# go to build-fuzz/corpus, those that break something to build-fuzz/crash, and
# a line for each target says what was done.  MERGE=1 then renews
# tests/fuzz/corpus by the smallest set of inputs that reaches as far (files
# named regress-* stay as they are).  `make fuzz` calls it.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${SECONDS_EACH:=60}" "${BUILD:=build-fuzz}" "${MERGE:=0}"
: "${TARGETS:=$(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')}"
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
# no report of what SQLite keeps open is worth more than the crash itself
ASAN_OPTIONS=allocator_may_return_null=1:malloc_context_size=6:${ASAN_OPTIONS:-}
export ASAN_OPTIONS
failed=0

# bytes of the longest input
max_len() {
	case $1 in
	packet | config) echo 8192 ;;
	pcap | shard | btree | templates) echo 4096 ;;
	*) echo 2000 ;;
	esac
}

for t in $TARGETS; do
	corpus=$BUILD/corpus/$t crash=$BUILD/crash/$t log=$BUILD/$t.log
	mkdir -p "$corpus" "$crash" "tests/fuzz/corpus/$t"
	set -- -max_len="$(max_len "$t")" -rss_limit_mb=1024 -timeout=10 \
	    -artifact_prefix="$crash/"
	if [ -e "tests/fuzz/$t.dict" ]; then
		set -- "$@" -dict="tests/fuzz/$t.dict"
	fi
	"$BUILD/fuzz_$t" "$@" -max_total_time="$SECONDS_EACH" \
	    -print_final_stats=1 "$corpus" "tests/fuzz/corpus/$t" \
	    >"$log" 2>&1
	rc=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	if [ "$rc" -eq 0 ]; then
		echo "ok $t: ${runs:-0} runs, ${edges:-0} edges"
	else
		grep -m 3 -E 'not so:|ERROR:|runtime error' "$log"
		echo "not ok $t: status $rc, see $log and $crash/"
		failed=$((failed + 1))
	fi
	if [ "$MERGE" -eq 1 ]; then
		new=$BUILD/merged/$t
		rm -rf "$new"
		mkdir -p "$new"
		"$BUILD/fuzz_$t" "$@" -merge=1 "$new" "tests/fuzz/corpus/$t" \
		    "$corpus" >"$log.merge" 2>&1 || failed=$((failed + 1))
		find "tests/fuzz/corpus/$t" -type f ! -name 'regress-*' \
		    -exec rm {} +
		cp "$new"/* "tests/fuzz/corpus/$t/"
	fi
done
[ "$failed" -eq 0 ]
