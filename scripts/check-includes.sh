#!/bin/sh
# Who may include what.  The folders are libraries with one-way arrows, each
# library of others has one home, and what reads bytes from outside touches
# neither files nor clocks: this keeps it so.  Prints each breach as
# file:line, fails when there is one.  `make includes` calls it.
#
# 1. schema/ includes only itself, collector/ and query/ only schema/ and
#    themselves; tests/ everything, and nothing of it is included outside.
# 2. A foreign header is included only where the table below says.
# 3. Decoders and the filter language: what reaches them, also through other
#    headers, is on the list of the harmless.
# 4. Includes are written from the root; a .c file has its own header first,
#    so each header is proven self-contained; those without a .c are compiled.
set -eu
cd "$(dirname "$0")/.."
: "${CC:=cc}"

# file:line<TAB>file<TAB>included, with its <> or ""
grep -nE '^[ 	]*#[ 	]*include' schema/*.[ch] collector/*.[ch] \
    query/*.[ch] tests/*.[ch] |
    sed -E 's/^([^:]*):([0-9]+):[^<"]*([<"][^>"]*[>"]).*/\1:\2	\1	\3/' |
    awk -F '\t' '
function breach(place, why) {
	print place ": " why
	bad = 1
}

function folder(path) {
	sub(/\/.*/, "", path)
	return path
}

BEGIN {
	home["<ev.h>"] = "^collector/(server|responder)\\.c$"
	home["<pcap.h>"] = "^collector/capture\\.c$"
	home["<confuse.h>"] = "^(collector/config_(read|ship)|query/defaults)\\.[ch]$"
	home["<curl/curl.h>"] = "^schema/curl\\.h$"
	home["<csv.h>"] = "^(query/|collector/csv_rows\\.c$)"
	home["<zlib.h>"] = "^collector/ship_body\\.c$"
	home["<sqlite3ext.h>"] = "^schema/extension\\.c$"
	home["<sqlite3.h>"] = "^(schema/(addrindex|clickhouse|db|ddl|finish|" \
	    "image|rollup|rollup_table|shard|sqltext)\\.|" \
	    "collector/(seal|ship_ledger|ship_rows|shard_writer|spool)\\.|" \
	    "query/)"
	home["<criterion/criterion.h>"] = "^tests/(test_.*|script)\\.c$"
	home["<criterion/parameterized.h>"] = "^tests/test_.*\\.c$"

	# bytes in, flows out; text in, syntax out
	pure = "^(collector/(cursor|decode|derive|elements|exporter|held|" \
	    "ipfix|packet|sequence|set|template|template_table|v5|v9)|" \
	    "query/(ast|ast_join|lex|parse|phrase))\\.[ch]$"
	harmless = "^<(arpa/inet|assert|endian|errno|inttypes|limits|" \
	    "netinet/in|stdarg|stdbool|stddef|stdint|stdlib|string|strings|" \
	    "sys/queue)\\.h>$"
}

{
	place[NR] = $1; from[NR] = $2; what[NR] = $3
	includes[$2] = includes[$2] " " NR
	path = $3
	gsub(/[<>"]/, "", path)
	target[NR] = $3 ~ /^"/ ? path : ""
	if (!($2 in first))
		first[$2] = NR
}

END {
	for (i = 1; i <= NR; i++) {
		f = from[i]; d = folder(f); t = target[i]
		if (t != "" && t !~ /^(schema|collector|query|tests)\//)
			breach(place[i], what[i] " is not written from the root")
		else if (t != "" && d != "tests" && folder(t) != d &&
		    folder(t) != "schema")
			breach(place[i], d "/ must not include " t)
		else if (t != "" && d == "schema" && folder(t) != d)
			breach(place[i], d "/ must not include " t)
		if ((what[i] in home) && f !~ home[what[i]] &&
		    (d != "tests" || what[i] ~ /^<criterion/))
			breach(place[i], what[i] " has another home")
	}
	for (f in first) {
		own = f
		sub(/\.c$/, ".h", own)
		if (f ~ /\.c$/ && (getline line < own) > 0 &&
		    target[first[f]] != own)
			breach(place[first[f]], own " must come first")
		if (f ~ pure) {
			split("", seen)
			reach(f, f, "")
		}
	}
	exit bad
}

# Everything that f includes, through whatever it goes from root to f.
function reach(root, f, via,    n, list, i, k) {
	n = split(includes[f], list, " ")
	for (i = 1; i <= n; i++) {
		k = list[i]
		if (what[k] in seen)
			continue
		seen[what[k]] = 1
		if (target[k] != "")
			reach(root, target[k], via ", " target[k])
		else if (what[k] !~ harmless)
			breach(place[k], what[k] " must not reach " root \
			    (via == "" ? "" : ", but does through" \
			    substr(via, 2)))
	}
}' || exit 1

for header in */*.h; do
	[ ! -e "${header%.h}.c" ] || continue
	printf '#include "%s"\n' "$header" |
	    "$CC" -std=c11 -D_GNU_SOURCE -I. -fsyntax-only -xc - || {
		echo "$header: not self-contained"
		exit 1
	}
done
