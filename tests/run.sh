#!/bin/sh
# Runs all tests: the criterion programme, then each tests/e2e_*.sh.  A script
# prints "ok NAME", "not ok NAME" or "skip NAME: why" lines; what it prints
# else is for the reader.  The last line here is the count of everything.
# LEAVE_OUT: scripts not to run, as "truth.sh sql.sh".
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
export BUILD
passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

"$BUILD/check" --jobs "$(nproc)" >"$tmp/out" 2>&1
rc=$?
cat "$tmp/out"
line=$(sed 's/\x1b\[[0-9;]*m//g' "$tmp/out" |
    grep 'Synthesis: Tested:' | tail -n 1)
n() { printf '%s\n' "$line" | sed -n "s/.*$1: *\([0-9]*\).*/\1/p"; }
# nothing when criterion did not come that far
passed=$(n Passing) failing=$(n Failing) crashing=$(n Crashing)
: "${passed:=0}"
failed=$((${failing:-0} + ${crashing:-0}))
if [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
	echo "not ok check: criterion ended with status $rc"
	failed=1
fi

for script in tests/e2e_*.sh; do
	[ -e "$script" ] || continue
	case " ${LEAVE_OUT:-} " in *" ${script#tests/e2e_} "*) continue ;; esac
	echo "== $script"
	"$script" >"$tmp/out" 2>&1
	rc=$?
	cat "$tmp/out"
	ok=$(grep -c '^ok ' "$tmp/out")
	bad=$(grep -c '^not ok ' "$tmp/out")
	skip=$(grep -c '^skip ' "$tmp/out")
	if [ "$bad" -eq 0 ] && { [ "$rc" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
		echo "not ok $script: ended with status $rc"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	skipped=$((skipped + skip))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
