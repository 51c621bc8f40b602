#!/bin/sh
# What a contributor runs before sending a change, and what CI runs: installs
# what the tests need, checks the include rules and what gcc's analyzer and
# cppcheck find, runs all tests under ASan and UBSan, then once more as they are
# shipped, and that with a ClickHouse cluster on loopback where it can be
# installed.
#
# The last line counts the tests of the shipped build, "N passed, N failed, N
# skipped"; failures of the other steps are added to its failed.
set -u
cd "$(dirname "$0")/.." || exit 1
exec </dev/null
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

scripts/packages.sh build run test || {
	echo "not ok packages"
	failed=1
}

# NAME COMMAND...: shows its output and keeps it; $rc: how it ended
step() {
	name=$1
	shift
	echo "== $name"
	{ "$@" 2>&1; echo $? >"$tmp/rc"; } | tee "$tmp/out"
	rc=$(cat "$tmp/rc")
}

# of the last step: the number before a word of its count line, or nothing
count() {
	sed -n "s/^.*[^0-9]*\b\([0-9][0-9]*\) $1.*$/\1/p" "$tmp/counts"
}

# the last step's failures; a step that failed without any has one
add_failures() {
	grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$tmp/out" |
	    tail -n 1 >"$tmp/counts"
	n=$(count failed)
	if [ "$rc" -ne 0 ] && [ "${n:-0}" -eq 0 ]; then
		echo "not ok $name: ended with status $rc"
		n=1
	fi
	failed=$((failed + ${n:-0}))
}

# the last step's other counts, too
add_counts() {
	add_failures
	n=$(count passed)
	passed=$((passed + ${n:-0}))
	n=$(count skipped)
	skipped=$((skipped + ${n:-0}))
}

step "include rules" make -s includes
add_failures
# clang-tidy takes minutes: make lint
step "static checks" scripts/lint.sh analyzer cppcheck
add_failures
# These ask the same code thousands of times, or are about time and size: under
# sanitizers they take minutes and find no more than the others (make asan
# runs them all).
LEAVE_OUT="truth.sh sql.sh nfdump.sh reliability.sh bench.sh package.sh \
    install.sh explain.sh series.sh man.sh recipes.sh spreadsheet.sh \
    readers.sh security.sh"
export LEAVE_OUT
step "tests, sanitized" make -s -j"$(nproc)" asan
unset LEAVE_OUT
add_failures
step "tests" make -s -j"$(nproc)" check
add_counts
step "shipping to a cluster" scripts/test-cluster.sh
add_counts
step "asking a cluster" scripts/test-backend.sh
add_counts

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
