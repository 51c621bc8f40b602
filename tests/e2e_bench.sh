#!/bin/sh
# The measuring script over a small load: it runs, and flowdb and nfdump give
# the same digits to all its questions.
set -u
: "${BUILD:=build}"
if ! command -v nfcapd >/dev/null 2>&1; then
	echo "skip bench: there is no nfcapd"
	exit 0
fi
out=$(N=20000 HOURS=3 PEERS=3000 ROUNDS=1 COLD=0 PARTS=answers \
    scripts/bench.sh 2>&1)
rc=$?
questions=$(printf '%s\n' "$out" | grep -Ec '^(top|list:) ?[0-9a-z]')
if [ $rc -eq 0 ] && [ "$questions" -eq 10 ]; then
	echo "ok bench gives the same digits"
else
	echo "not ok bench: status $rc, $questions questions"
	printf '%s\n' "$out" | grep -E -A 4 'DIFFERS|FAILED|:'
fi
