#!/bin/sh
# CSV in the programs it is for: Gnumeric (ssconvert) and LibreOffice, each in
# English and German.  Times are dates, counters exact to the digit, addresses
# and names text, and nothing is a formula or anything else.
#
# What a cell has to be is told by the header of its column, and its value by
# another reader of CSV, sqlite3's.  LibreOffice is started once a language, as
# flowq(1) says to open a file there: token 7 is the language (1033 English,
# 1031 German), the last one "detect special numbers".
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
command -v sqlite3 >/dev/null || {
	echo 'skip spreadsheet: there is no sqlite3'
	exit 0
}

# ---- flows with all that is difficult ----

# The largest counter of a flow is 2^53 - 1; two of them are no double.
cat >"$tmp/in.csv" <<'CSV'
first_ms,duration_ms,proto,src_addr,src_port,dst_addr,dst_port,tcp_flags,tos,packets,bytes,in_if,out_if,src_as,dst_as,next_hop,src_mask,dst_mask,exporter
1460289600123,60877,TCP,192.168.10.57,50123,10.0.0.5,443,...AP.SF,0,4503599627370497,9007199254740991,3,10,64500,4200000000,10.9.9.9,24,16,10.1.2.3
1460289601001,1,UDP,192.168.10.57,53,10.0.0.6,53,........,184,1,9007199254740990,3,,,,,,,10.1.2.3
1460289602999,,253,192.168.10.1,0,10.0.0.6,0,,0,1,9007199254740991,1,2,1,2,,8,8,10.1.2.3
1460289659999,0,ICMP,1.2.3.4,0,12.34.56.78,769,,0,7,77,0,0,0,0,0.0.0.0,0,0,10.1.2.3
1460289660000,3600000,TCP,2001:db8::1,1,2001:db8:10::a8,80,CEUAPRSF,255,1,40,,,,,2001:db8::ffff,64,128,2001:db8::5
1460289661000,250,TCP,1:2:3:4:5:6:7:8,1,::1,80,.E......,1,2,3,4,5,6,7,::,1,2,2001:db8::5
1460289662000,250,TCP,::ffff:10.0.0.1,1,fe80::1,80,......S.,1,2,3,4,5,6,7,::,1,2,2001:db8::5
1460289663000,250,TCP,192.168.100.200,1,10.100.200.150,80,......S.,1,2,3,4,5,6,7,10.100.100.100,1,2,192.168.100.101
CSV
mkdir "$tmp/names"
cat >"$tmp/names/hosts.csv" <<'CSV'
address,name
192.168.10.57,"Müller, ""Süd"""
192.168.10.1,"=HYPERLINK(""http://192.0.2.1/"";""x"")"
1.2.3.4,-2+3
10.0.0.5,@SUM(1)
10.0.0.6,+49 30 901820
12.34.56.78,007
2001:db8::1,Büro 5; 1. OG
2001:db8:10::a8,1e10
::1,12:30
fe80::1,WAHR
192.168.100.200,mail
CSV
printf 'asn,name\n64500,1/2\n4200000000,"Société, S.A."\n6,5 Mai\n' \
    >"$tmp/names/as.csv"
printf 'exporter,ifindex,name\n10.1.2.3,3,Gi1/0/1\n10.1.2.3,10,#N/A\n' \
    >"$tmp/names/interfaces.csv"
printf 'address,name\n10.1.2.3,true\n2001:db8::5,50%%\n' \
    >"$tmp/names/exporters.csv"

"$BUILD/flowdbd" -l "$tmp/d" --import "$tmp/in.csv" >"$tmp/log" 2>&1
holds 'spreadsheet: flows to show' grep -q "^8 flows imported, 0 rows refused" "$tmp/log"

# Where points group thousands 192.168.100.200 is a number without --excel.
ask() { "$BUILD/flowq" -R "$tmp/d" --names "$tmp/names" -o csv "$@"; }
mkdir "$tmp/csv"
cd "$tmp/csv" || exit 1
plain='not ip 192.168.100.200'
ask "$plain" >flows.csv
ask -s dstip/bytes -n 0 "$plain" >statistic.csv
ask -A srcip4/24,srcas,outif,proto "$plain" >sums.csv
ask --bin 1m -s ip/bytes -n 2 "$plain" >series.csv
ask -o csv:last_seen_utc,%da,bytes,src_addr,in_if,exporter "$plain" >chosen.csv
ask >english.csv	# with all addresses
ask -b --excel >excel.csv
ask -s router/bytes --excel >router.csv
ask --exporters --excel >exporters.csv
german='flows statistic sums series chosen excel router exporters'
all="$german english"
holds 'spreadsheet: files to open' test -s exporters.csv

# ---- what they have to be ----

# want: file, row, column, text of each cell that is not empty
for f in $all; do
	{
		echo "CREATE TABLE t($(seq -s ', ' -f c%g 0 39));"
		echo ".import --csv $f.csv t"
		for i in $(seq 0 39); do
			echo "INSERT INTO want SELECT '$f', rowid - 1, $i, c$i
			    FROM t WHERE c$i <> '';"
		done
		echo 'DROP TABLE t;'
	} >>want.sql
done
cat >types.sql <<'SQL'
-- kind: of a column, by its header
CREATE TEMP TABLE cell AS SELECT w.*, CASE
    WHEN w.row = 0 THEN 'text' WHEN h.text GLOB '*_utc' THEN 'date'
    WHEN h.text GLOB '*_name' OR h.text GLOB '*_addr' OR h.text IN ('proto',
	'tcp_flags', 'next_hop', 'exporter', 'dstip', 'srcip4/24', 'ip',
	'router', 'address', 'name') THEN 'text'
    ELSE 'number' END AS kind FROM want w JOIN want h
    ON h.file = w.file AND h.row = 0 AND h.col = w.col;
-- a protocol without name is its number
UPDATE cell SET kind = 'number' WHERE kind = 'text' AND text = '253';
SQL

# compare PROGRAM LANGUAGE: got.tsv has file, row, column, type and text of each cell.
# Gnumeric has dates as days since 1899-12-30, and eats a ' before text;
# LibreOffice's numbers are doubles of 15 digits above 2^53.
compare() {
	sqlite3 :memory: >"$tmp/differ" 2>"$tmp/log" <<SQL
CREATE TABLE want(file, row INTEGER, col INTEGER, text);
CREATE TABLE got(file, row INTEGER, col INTEGER, type, text);
.read want.sql
DELETE FROM want WHERE file = 'english' AND '$2' = 'German';
.read types.sql
.mode ascii
.separator "\t" "\n"
.import got.tsv got
.mode list
SELECT file, row, col, text, kind, 'not', type, shown FROM (
    SELECT c.*, g.type, g.text AS shown, CASE c.kind
	WHEN 'date' THEN abs(strftime('%s', c.text) - CASE
	    WHEN g.text LIKE '%T%' THEN strftime('%s', g.text)
	    ELSE (g.text - 25569) * 86400 END) < 0.001
	WHEN 'number' THEN c.text = g.text OR (c.text + 0 > 9007199254740991
	    AND '$1' = 'LibreOffice' AND abs(g.text / c.text - 1) < 1e-14)
	ELSE c.text = g.text OR (c.text = '''' || g.text AND
	    '$1' = 'Gnumeric') END AS same
    FROM cell c LEFT JOIN got g USING (file, row, col))
WHERE type IS NOT kind OR NOT same LIMIT 5;
SELECT 'cells: ', (SELECT count(*) FROM cell), 'not', count(*) FROM got
    HAVING count(*) <> (SELECT count(*) FROM cell);
SELECT 'not all kinds' WHERE (SELECT count(DISTINCT kind) FROM cell) < 3;
SQL
	[ ! -s "$tmp/differ" ]
}

# says PROGRAM LANGUAGE
says() {
	if compare "$1" "$2"; then
		echo "ok spreadsheet: $1, $2"
	else
		echo "not ok spreadsheet: $1, $2: $(tr '\n' ';' <"$tmp/differ")"
	fi
}

# German without an installed locale: its source is enough.
german_locale() {
	for l in de_DE.UTF-8 de_DE.utf8; do
		[ "$(LC_ALL=$l locale decimal_point 2>/dev/null)" = , ] &&
		    return
	done
	LOCPATH=$tmp/locale
	export LOCPATH
	mkdir "$LOCPATH" && localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8" \
	    2>"$tmp/err"
	[ "$(LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null)" = , ]
}

# ---- Gnumeric ----

# A cell a line, with its type: 60 text, 40 number; a formula has none.
# gnumeric LOCALE FILE...
gnumeric() {
	language=$1
	shift
	: >got.tsv
	for f; do
		LC_ALL=$language timeout 60 ssconvert -T Gnumeric_XmlIO:sax:0 "$f.csv" \
		    "$f.xml" 2>"$tmp/log" || return
		sed -n '/<gnm:Cell /{
		    s/.* Row="\([0-9]*\)" Col="\([0-9]*\)"\([^>]*\)>/'"$f"'\t\1\t\2\t\3\t/
		    s|</gnm:Cell>||
		    s/\t[^\t]*ValueType="60"[^\t]*\t/\ttext\t/
		    s/\t[^\t]*ValueType="[34]0" ValueFormat="yyyy[^\t]*\t/\tdate\t/
		    s/\t *ValueType="[34]0"\t/\tnumber\t/
		    s/&quot;/"/g; s/&apos;/'"'"'/g; s/&lt;/</g; s/&gt;/>/g
		    s/&amp;/\&/g; p; }' "$f.xml" >>got.tsv
	done
}

if command -v ssconvert >/dev/null; then
	# shellcheck disable=SC2086
	gnumeric C.UTF-8 $all
	says Gnumeric English
	if german_locale; then
		# shellcheck disable=SC2086
		gnumeric de_DE.UTF-8 $german
		says Gnumeric German
	else
		echo 'skip spreadsheet: Gnumeric, German: no such locale'
	fi
else
	echo 'skip spreadsheet: Gnumeric: there is no ssconvert'
fi

# ---- LibreOffice ----

# flat XML: a cell begins, has a paragraph of text, and ends
cat >fods.awk <<'AWK'
function attribute(name,    at) {
	at = index($0, " " name "=\"")
	if (at == 0)
		return ""
	at = substr($0, at + length(name) + 3)
	return substr(at, 1, index(at, "\"") - 1)
}
function plain(text) {
	gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text)
	gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text)
	gsub(/&amp;/, "\\&", text)
	return text
}
/<table:table-row/ { row++; col = -1 }
/<table:table-cell/ {
	repeated = attribute("table:number-columns-repeated")
	if (repeated == "")
		repeated = 1
	type = attribute("office:value-type")
	value = attribute("office:value")
	if (attribute("table:formula") != "")
		type = "formula"
	if (type == "date")
		value = attribute("office:date-value")
	if (type == "float")
		type = "number"
	first = col + 1
	col += repeated
}
/<text:p>/ && type == "string" {
	sub(/^ *<text:p>/, ""); sub(/<\/text:p>.*/, "")
	value = plain($0)
}
(/<\/table:table-cell>/ || /<table:table-cell.*\/>/) && type != "" {
	for (c = first; c <= col; c++)
		print file "\t" row - 1 "\t" c "\t" \
		    (type == "string" ? "text" : type) "\t" value
	type = ""
}
AWK

# libreoffice NUMBER FILE...
libreoffice() {
	language=$1
	shift
	# shellcheck disable=SC2046
	set -- $(printf '%s.csv ' "$@")
	rm -f ./*.fods
	timeout 100 soffice "-env:UserInstallation=file://$tmp/profile" \
	    --headless --infilter="CSV:44,34,76,1,,$language,false,true" \
	    --convert-to fods "$@" >"$tmp/log" 2>&1 || return
	for f; do
		awk -v file="${f%.csv}" -f fods.awk "${f%.csv}.fods"
	done >got.tsv
}

if command -v soffice >/dev/null; then
	# shellcheck disable=SC2086
	libreoffice 1033 $all
	says LibreOffice English
	# shellcheck disable=SC2086
	libreoffice 1031 $german
	says LibreOffice German
else
	echo 'skip spreadsheet: LibreOffice: there is no soffice'
fi
