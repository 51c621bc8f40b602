#!/bin/sh
# What the tests reached, by folder, and files below 90 % of lines: reads what
# a build with --coverage left in $BUILD.  `make coverage` calls it.
set -eu
cd "$(dirname "$0")/.."
: "${BUILD:=build-cov}" "${GCOV:=gcov}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# three lines a file: File 'x', Lines executed:P% of N, Branches executed: ...
for folder in schema collector query; do
	for data in "$BUILD/obj/$folder"/*.gcda; do
		"$GCOV" -n -b -o "${data%.gcda}.gcda" "$folder" 2>/dev/null
	done
done | awk '
/^File / { file = $2; gsub(/\047/, "", file) }
/^Lines executed:/ && file ~ /^(schema|collector|query)\/.*\.c$/ {
	split($2, p, /[:%]/); lines[file] = $4; hit[file] = p[2] * $4 / 100
}
/^Taken at least once:/ && file ~ /^(schema|collector|query)\/.*\.c$/ {
	split($4, p, /[:%]/); branches[file] = $6; taken[file] = p[2] * $6 / 100
}
END {
	for (f in lines) {
		d = f; sub(/\/.*/, "", d)
		l[d] += lines[f]; h[d] += hit[f]
		b[d] += branches[f]; t[d] += taken[f]
		if (hit[f] < 0.9 * lines[f])
			printf "  %-28s %5.1f %% of %d lines\n", f,
			    100 * hit[f] / lines[f], lines[f] | "sort"
	}
	close("sort")
	for (d in l)
		printf "%-10s lines %5.1f %% of %d, branches %5.1f %% of %d\n",
		    d, 100 * h[d] / l[d], l[d], 100 * t[d] / b[d], b[d]
}'
