#!/bin/sh
# Countries and AS numbers of addresses (--geo), by a database that this
# script makes.  What is right is told by awk, from a list of the flows and
# the same networks as text.
# shellcheck disable=SC2016	# $1 is a field of awk
set -u
: "${BUILD:=build}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
data=$tmp/data
geo=$tmp/geo
flowq() { TZ=UTC "$BUILD/flowq" -R "$data" "$@"; }
pass() { echo "ok geo $1"; }
fail() { echo "not ok geo $1"; }
# NAME CONDITION...
check() {
	name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name"; fi
}
same() { diff "$tmp/want" "$tmp/got" | head -n 20 >&2
	cmp -s "$tmp/want" "$tmp/got"; }
# NAME STATUS TEXT ARGS...: ends with the status, and says the text
refuses() {
	name=$1 want=$2 text=$3
	shift 3
	flowq "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ $rc = "$want" ] && grep -qF -- "$text" "$tmp/err"; then
		pass "$name"
	else
		fail "$name: status $rc, $(cat "$tmp/err")"
	fi
}

"$BUILD/flowdbd" -r tests/data/softflowd-v9.pcap -l "$data" 2>/dev/null ||
    exit 1
if "$BUILD/flowq" -Z "src geo DE" 2>&1 | grep -q 'built without'; then
	refuses no-library 2 "geo needs libmaxminddb" "src geo DE"
	echo "skip geo: flowq was built without libmaxminddb"
	exit 0
fi

FLOWDB_GEO=$tmp/none
export FLOWDB_GEO
refuses no-database 1 "$tmp/none: No such file" -s srcgeo

# the addresses of one network in two countries; a name as from outside
cat >"$tmp/nets" <<'END'
192.168.10.0/24,DE,Germany,64496,Example Networks
192.168.10.57,NE,Niger,64497,=2+3
198.51.100.0/24,IN,India,64498,<b>"Bharat" & sons
203.0.113.0/24,US,United States,,
2001:db8::/32,DE,Germany,64496,Example Networks
END
mkdir "$geo"
"$BUILD/mmdb" "$geo/both.mmdb" <"$tmp/nets" || exit 1
FLOWDB_GEO=$geo

# each flow with the places of both ends, as awk sees it
flowq -q -o csv:src_addr,dst_addr,bytes,packets | tr -d '"\r' |
    awk -F , '
function country(a) {
	if (a == "192.168.10.57")
		return "NE"
	if (a ~ /^192\.168\.10\./ || a ~ /^2001:db8:/)
		return "DE"
	if (a ~ /^198\.51\.100\./)
		return "IN"
	return a ~ /^203\.0\.113\./ ? "US" : ".."
}
function as(a) {
	c = country(a)
	return c == "NE" ? 64497 : c == "DE" ? 64496 : c == "IN" ? 64498 : 0
}
{ print country($1), country($2), as($1), as($2), $1, $2, $3, $4 }' \
    >"$tmp/flows"
check data [ "$(wc -l <"$tmp/flows")" -gt 2000 ]
check all-countries [ "$(cut -d ' ' -f 1 "$tmp/flows" | sort -u |
    tr '\n' ' ')" = ".. DE IN NE US " ]

# sums by the fields $1 of awk ("1", "1,2"): key flows packets bytes
by_awk() {
	awk -v keys="$1" '{
		n = split(keys, k, ",")
		key = $k[1]
		for (i = 2; i <= n; i++)
			key = key "," $k[i]
		flows[key]++; packets[key] += $8; bytes[key] += $7
	}
	END {
		for (key in flows)
			print key "," flows[key] "," packets[key] "," \
			    bytes[key]
	}' "$tmp/flows" | LC_ALL=C sort >"$tmp/want"
}
# the same by flowq; its CSV has names behind each key
stats() {
	by_awk "$2"
	flowq -q -o csv -n 0 -s "$1" "$3" | sed 's/\r$//; s/^"//; s/"$//' |
	    awk -F '","' '{ print $4 "," $6 "," $7 "," $8 }' |
	    LC_ALL=C sort >"$tmp/got"
	check "$1$3" same
}
for how in --utc --no-rollup; do
	stats srcgeo 1 $how
	stats dstgeo 2 $how
	stats srcasn 3 $how
	stats dstasn 4 $how
done
# roll-ups serve them
flowq -q -s srcgeo --explain 2>&1 | grep -q 'roll-up roll_src_addr'
check rollup [ $? -eq 0 ]

# either end, once when both are of one country
awk '{ flows[$1]++; if ($1 != $2) flows[$2]++ }
END { for (c in flows) print c "," flows[c] }' "$tmp/flows" | LC_ALL=C sort \
    >"$tmp/want"
flowq -q -o csv -n 0 -s geo | awk -F '","' '{ print $4 "," $6 }' |
    sed 's/^"//' | LC_ALL=C sort >"$tmp/got"
check either same

# fields of -A
by_awk 1,2
flowq -q -o csv -A srcgeo,dstgeo | awk -F '","' '{
	print $4 "," $6 "," $8 "," $9 "," $10 }' | LC_ALL=C sort >"$tmp/got"
check fields same
flowq -q -A dstasn,proto | grep -q ' 64497 TCP .*  dst_asn==2+3$'
check fields-name [ $? -eq 0 ]

# filters: awk's pattern and flowq's words
filter() {
	awk "$1"' { n++; b += $7 } END { print n + 0, b + 0 }' "$tmp/flows" \
	    >"$tmp/want"
	flowq -q -I "$2" "$3" | awk '/^Flows:/ { n = $2 } /^Bytes:/ { b = $2 }
	    END { print n + 0, b + 0 }' >"$tmp/got"
	check "filter $2 $3" same
}
for how in --utc --no-rollup; do
	filter '$1 == "DE"' "src geo DE" $how
	filter '$1 != "DE"' "not src geo de" $how
	filter '$2 != "US"' "dst geo != US" $how
	filter '$2 != "NE"' "dst geo ne ne" $how
	filter '$1 == "IN" || $2 == "IN"' "geo IN" $how
	filter '$1 == "IN" || $1 == "NE"' "src geo in [IN NE]" $how
	filter '$1 == "IN" && $2 == "DE"' "src geo IN and dst geo DE" $how
	filter '$1 == "NE" && $2 == "NE"' "src and dst geo NE" $how
	filter '$1 == ".." || $2 == ".."' "geo .." $how
	filter '$3 == 64496' "src asn 64496" $how
	filter '$4 == 0' "dst asn 0" $how
done
by_awk 5
flowq -q -o csv -n 0 -s srcip "(dst geo 'IN') or src geo ne" |
    awk -F '","' '{ n += $5 } END { print n }' >"$tmp/got"
awk '$2 == "IN" || $1 == "NE" { n++ } END { print n }' "$tmp/flows" \
    >"$tmp/want"
check words same

# a list of flows, bins, JSON, chart, table, names
cut -d ' ' -f 1-4 "$tmp/flows" | LC_ALL=C sort >"$tmp/want"
flowq -q -o "fmt:%sc %dc %src_asn %dst_asn" | tr -s ' ' | LC_ALL=C sort \
    >"$tmp/got"
check list same
flowq -q --bin 1d -s dstgeo -n 1 -o csv | tr -d '"\r' |
    cut -d , -f 3-5 >"$tmp/got"
awk '{ n[$2]++ } END { print "DE,Germany," n["DE"]
    print "other,," NR - n["DE"] }' "$tmp/flows" >"$tmp/want"
check bins same
check json [ "$(flowq -s srcgeo/bytes -n 1 -o ndjson | sed \
    's/.*"srcgeo":\("[^"]*"\),"srcgeo_name":\("[^"]*"\).*/\1 \2/')" = \
    '"IN" "India"' ]
flowq -s srcgeo/bytes -o chart | grep -q '^IN India '
check chart [ $? -eq 0 ]
flowq -s dstasn -q | grep -q ' 64496 .* Example Networks$'
check name [ $? -eq 0 ]
flowq -s dstasn -q -o csv | grep -q "\"64497\",\"'=2+3\""
check no-formula [ $? -eq 0 ]
mkdir "$tmp/names"
printf 'asn,name\n64496,ours\n' >"$tmp/names/as.csv"
flowq -s dstasn -q --names "$tmp/names" | grep -q ' 64496 .* ours$'
check table-of-names-first [ $? -eq 0 ]
rm -f "$tmp/page.html"
flowq -q --report "$tmp/page.html" --geo "$geo"
check report grep -qF '<bdi>IN</bdi> <bdi class=name>India</bdi>' \
    "$tmp/page.html"
check report-escapes grep -qF \
    '&lt;b&gt;&quot;Bharat&quot; &amp; sons' "$tmp/page.html"
flowq -q --report "$tmp/plain.html"
check report-without sh -c '! grep -q "Source countries" "$1"' sh \
    "$tmp/plain.html"

# other makers' records, a tree of IPv4, one database for each
"$BUILD/mmdb" -f "$tmp/flat.mmdb" <"$tmp/nets"
by_awk 1
flowq -q -o csv -n 0 -s srcgeo --geo "$tmp/flat.mmdb" |
    sed 's/\r$//; s/^"//; s/"$//' |
    awk -F '","' '{ print $4 "," $6 "," $7 "," $8 }' | LC_ALL=C sort \
    >"$tmp/got"
check flat-records same
flowq -s dstasn -q --geo "$tmp/flat.mmdb" |
    grep -q ' 64496 .* Example Networks$'
check flat-as [ $? -eq 0 ]
mkdir "$tmp/two"
grep -v : "$tmp/nets" | cut -d , -f 1-3 |
    "$BUILD/mmdb" -4 "$tmp/two/country.mmdb"
cut -d , -f 1,4,5 "$tmp/nets" | sed 's/,/,,,/' | grep -v ',,$' |
    "$BUILD/mmdb" "$tmp/two/as.mmdb"
awk '$1 == "DE" && $5 !~ /:/ { n++ } END { print n }' "$tmp/flows" \
    >"$tmp/want"
flowq -q -I --geo "$tmp/two" "src geo DE" | sed -n 's/^Flows: //p' \
    >"$tmp/got"
check ipv4-only same
awk '$1 == ".." || $5 ~ /:/ { n++ } END { print n }' "$tmp/flows" \
    >"$tmp/want"
flowq -q -I --geo "$tmp/two" "src geo .." | sed -n 's/^Flows: //p' \
    >"$tmp/got"
check ipv4-only-rest same
flowq -q -s dstasn --geo "$tmp/two" | grep -q ' 64497 '
check folder [ $? -eq 0 ]

# what is wrong is said
refuses typo 2 'country of two letters such as DE, got "Germany"' \
    "src geo Germany"
refuses nothing-there 2 'no network of country "ZZ"' "src geo ZZ"
refuses order 2 'src geo knows only = and !=' "src geo > DE"
refuses prefix 2 'is no address' -A srcgeo4/24
refuses script 2 'not in the shards' --sql -s srcgeo
refuses script-filter 2 'not in the shards' --sql -s srcip "src geo DE"
refuses no-as 1 "$tmp/two/country.mmdb does not know" -s srcasn \
    --geo "$tmp/two/country.mmdb"
printf '<html>' >"$tmp/page.mmdb"
refuses no-database-file 1 'no MaxMind database' -s srcgeo \
    --geo "$tmp/page.mmdb"
refuses no-folder-with 1 'no database (*.mmdb)' --geo "$tmp/names"
head -c 300 "$geo/both.mmdb" >"$tmp/cut.mmdb"
refuses cut 1 "$tmp/cut.mmdb" -s srcgeo --geo "$tmp/cut.mmdb"
"$BUILD/mmdb" -l "$tmp/loop.mmdb" <"$tmp/nets"
refuses loop 1 'damaged' -s srcgeo --geo "$tmp/loop.mmdb"
