#!/bin/sh
# Runs all tests: the criterion programme, then each tests/e2e_*.sh.  A script
# prints "ok NAME", "not ok NAME" or "skip NAME: why" lines; what it prints
# else is for the reader.  The last line here is the count of everything.
# LEAVE_OUT: scripts not to run, as "truth.sh sql.sh".
# JOBS: how many scripts at a time.  Most of a script's time is waiting for a
# daemon, so more than there are processors; each has its own folder and ports.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${JOBS:=$(($(nproc) * 2))}"
export BUILD
# of whoever runs this
unset FLOWDB_DIR FLOWDB_NAMES FLOWDB_BACKEND FLOWDB_GEO

# one SCRIPT: its output to $tmp, then in one piece to the reader
if [ "${1:-}" = one ]; then
	name=${2#tests/}
	start=$(date +%s)
	"$2" >"$tmp/$name.out" 2>&1
	echo $? >"$tmp/$name.rc"
	echo "== $2, $(($(date +%s) - start)) s
$(cat "$tmp/$name.out")"
	exit 0
fi

passed=0 failed=0 skipped=0
tmp=$(mktemp -d) || exit 1
export tmp
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

# the long ones first, so that none is left over at the end
long="reliability truth sql nfdump faults spreadsheet"
for script in $(printf 'tests/e2e_%s.sh\n' $long) tests/e2e_*.sh; do
	[ -e "$script" ] || continue
	case " ${LEAVE_OUT:-} " in *" ${script#tests/e2e_} "*) continue ;; esac
	grep -q "^$script$" "$tmp/scripts" 2>/dev/null && continue
	echo "$script" >>"$tmp/scripts"
done
[ ! -e "$tmp/scripts" ] || xargs -P "$JOBS" -n 1 "$0" one <"$tmp/scripts"

while read -r script; do
	name=${script#tests/}
	rc=$(cat "$tmp/$name.rc")
	ok=$(grep -c '^ok ' "$tmp/$name.out")
	bad=$(grep -c '^not ok ' "$tmp/$name.out")
	skip=$(grep -c '^skip ' "$tmp/$name.out")
	if [ "$bad" -eq 0 ] &&
	    { [ "${rc:-1}" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
		echo "not ok $script: ended with status ${rc:-unknown}"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	skipped=$((skipped + skip))
done <"$tmp/scripts"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
