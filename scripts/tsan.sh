#!/bin/sh
# The tests whose threads meet, in a build with ThreadSanitizer: receiving
# beside writing, sealing, expiry, reload and readers, the query's
# workers, and shipping to several nodes.  Prints each race.  `make tsan` calls
# it.  (criterion cannot start its own processes under ThreadSanitizer: scripts
# only.)
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build-tsan}"
export BUILD
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
TSAN_OPTIONS="log_path=$log/race exitcode=66 ${TSAN_OPTIONS:-}"
export TSAN_OPTIONS
failed=0

for test in tests/e2e_daemon.sh tests/e2e_reload.sh tests/e2e_readers.sh \
    tests/e2e_hostile.sh tests/e2e_import.sh tests/e2e_series.sh \
    tests/e2e_extract.sh tests/e2e_sql.sh scripts/test-cluster.sh; do
	echo "== $test"
	"$test" >"$log/out" 2>&1
	cat "$log/out"
	! grep -q '^not ok' "$log/out" || failed=1
done
for race in "$log"/race.*; do
	[ -e "$race" ] || continue
	sed -n '/WARNING: ThreadSanitizer/,/^SUMMARY/p' "$race"
	failed=1
done
[ "$failed" -eq 0 ] && echo "ok no races"
exit $failed
