#!/bin/sh
# The tests whose threads meet, in a build with ThreadSanitizer: receiving
# beside writing, sealing, expiry, reload and readers, and the query's
# workers.  Prints each race.  `make tsan` calls it.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build-tsan}"
export BUILD
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
TSAN_OPTIONS="log_path=$log/race exitcode=66 ${TSAN_OPTIONS:-}"
export TSAN_OPTIONS
failed=0

"$BUILD/check" --jobs 1 --filter '@(work|list|spill|template|metrics|notify|repeat)/*' ||
    failed=1
for test in daemon reload hostile import series; do
	echo "== tests/e2e_$test.sh"
	"tests/e2e_$test.sh" >"$log/out" 2>&1
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
