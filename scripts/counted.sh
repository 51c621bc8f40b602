#!/bin/sh
# counted.sh SCRIPT: runs "SCRIPT inside", which prints "ok NAME", "not ok NAME"
# and "skip NAME: why" lines, shows them as they come, and counts: the last line
# is "N passed, N failed, N skipped".  Fails when a test did, or there was none.
"$1" inside 2>&1 | {
	ok=0 bad=0 skipped=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		'ok '*) ok=$((ok + 1)) ;;
		'not ok '*) bad=$((bad + 1)) ;;
		'skip '*) skipped=$((skipped + 1)) ;;
		esac
	done
	echo "$ok passed, $bad failed, $skipped skipped"
	[ $bad -eq 0 ] && [ $((ok + skipped)) -gt 0 ]
}
