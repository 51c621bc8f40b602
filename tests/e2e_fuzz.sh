#!/bin/sh
# Every fuzz target over the inputs of its corpus (tests/fuzz/corpus/NAME):
# what fuzzing found to reach far, and each input that once broke something
# (regress-*).
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

for source in tests/fuzz/fuzz_*.c; do
	name=${source#tests/fuzz/fuzz_}
	name=${name%.c}
	dir=tests/fuzz/corpus/$name
	if [ ! -d "$dir" ]; then
		echo "not ok fuzz_$name: no $dir"
	elif timeout 120 "$BUILD/replay_$name" "$dir" >"$TMPDIR/out" \
	    2>"$TMPDIR/err"; then
		echo "ok fuzz_$name ($(cat "$TMPDIR/out"))"
	else
		tail -n 20 "$TMPDIR/err"
		echo "not ok fuzz_$name"
	fi
done
