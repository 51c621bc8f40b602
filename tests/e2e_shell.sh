#!/bin/sh
# flowq --shell with the real sqlite3: which shards are attached and how, what
# the views hold, paths that want quoting, arguments of sqlite3.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
BUILD=$(cd "$BUILD" && pwd) || exit 1
if ! command -v sqlite3 >/dev/null 2>&1; then
	echo "skip shell: there is no sqlite3"
	exit 0
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
data="$tmp/o'ne \"two\" %20 ü?&#;"
HOME=$tmp TMPDIR=$tmp/none
export HOME TMPDIR
is() { [ "$2" = "$3" ] && echo "ok shell $1" ||
    echo "not ok shell $1: got '$2', want '$3'"; }
sanitized=false
if nm -D "$BUILD/flowdb.so" | grep -q __asan; then
	# it does not load in a program that is not
	sanitized=true
	export FLOWDB_EXTENSION=
fi

"$BUILD/flowgen" --flows 6000 --hours 12 --seed 3 --pcap "$tmp/flows.pcap" \
    2>"$tmp/log" &&
    "$BUILD/flowdbd" -r "$tmp/flows.pcap" -l "$data" 2>"$tmp/log" || {
	cat "$tmp/log"
	echo "not ok shell: the flows could not be stored"
	exit 1
}
shell() { "$BUILD/flowq" --shell -R "$data" "$@" 2>"$tmp/err"; }
count() { "$BUILD/flowq" -R "$@" -o csv -q | wc -l; }

is 'the newest ten' "$(echo 'SELECT count(*) FROM flows; SELECT count(*)
    FROM flow' | shell)" "$(for i in 1 2; do
    count "$data/flows.201604101400"; done)"
is '... says so' "$(cat "$tmp/err")" "flowq: s1 to s10 are the newest 10 \
shards, 2 older ones are not attached: choose by -t or -R"
is 'names of shards, in order of time' "$(shell -- \
    'SELECT DISTINCT shard FROM flows' | head -n 2 | tr '\n' ' ')" \
    "flows.201604101400.sqlite flows.201604101500.sqlite "
is 's1 is the newest' "$(shell -- \
    "SELECT value FROM s1.meta WHERE key = 'slot_start_ms'")" 1460329200000
is 'read-only' "$(shell -- 'DELETE FROM s1.flow' 2>&1; cat "$tmp/err" |
    grep -c 'readonly database')" 1
is 'files get no power' "$(shell -- 'PRAGMA trusted_schema')" 0
is 'the window, nothing older' "$(shell --utc -t 2016/04/10.23:10- -- \
    'SELECT count(*) FROM flows' 'SELECT count(*) FROM flow'
    cat "$tmp/err")" "$(for i in 1 2; do
    count "$data" --utc -t 2016/04/10.23:10-; done)"
# a window that ends within the longest flow
middle=$(sqlite3 "$data/flows.201604102300.sqlite" "SELECT strftime(
    '%Y-%m-%dT%H:%M:%SZ', (first_ms + duration_ms / 2) / 1000, 'unixepoch')
    FROM flow ORDER BY duration_ms DESC LIMIT 1")
for within in '' --within; do
	is "a window up to $middle $within" "$(shell $within \
	    -t "2016-04-10T23Z..$middle" -- 'SELECT count(*) FROM flows')" \
	    "$(count "$data" $within -t "2016-04-10T23Z..$middle")"
done
is 'arguments of sqlite3' "$(shell -t 2016/04/10.23 --utc -- -header -csv \
    -batch 'SELECT 1 AS a, 2 AS b' | tr -d '\r' | tr '\n' ' ')" 'a,b 1,2 '
is 'its exit status' "$(shell -- -bail 'SELECT nothing' >/dev/null; echo $?)" 1
is 'leaves no file' "$(find "$tmp" -newer "$tmp/log" -type f ! -name err |
    grep -v flows.2016)" ''
if $sanitized; then
	echo 'skip shell extension: a sanitized one does not load in sqlite3'
else
	is 'flowdb.so' "$(shell -- "SELECT ip_text(x'0a000001')")" 10.0.0.1
	so="$tmp/a \"b\" 'c' \\d"
	mkdir "$so"
	cp "$BUILD/flowdb.so" "$so"
	is 'flowdb.so by name' "$(FLOWDB_EXTENSION=$so/flowdb.so shell -- \
	    "SELECT ip_text(x'0a000001')")" 10.0.0.1
	is 'no flowdb.so' "$(FLOWDB_EXTENSION='' shell -- \
	    "SELECT ip_text(x'0a000001')"; grep -c 'no such function' \
	    "$tmp/err")" 1
	# as installed: PREFIX/bin and PREFIX/lib/flowdb
	mkdir -p "$tmp/p/bin" "$tmp/p/lib/flowdb"
	cp "$BUILD/flowq" "$tmp/p/bin"
	cp "$BUILD/flowdb.so" "$tmp/p/lib/flowdb"
	is 'flowdb.so of an installation' "$("$tmp/p/bin/flowq" --shell \
	    -R "$data" -- "SELECT ip_text(x'0a000001')" 2>/dev/null)" 10.0.0.1
fi
if command -v script >/dev/null 2>&1; then
	is 'on a terminal: boxes, headings, NULL' "$(cd "$data" && script -qc \
	    "'$BUILD/flowq' --shell -r flows.201604102300.sqlite \
	    -- 'SELECT NULL AS n'" /dev/null 2>/dev/null |
	    grep -cE '│ *(n|NULL) *│')" 2
else
	echo 'skip shell on a terminal: there is no script(1)'
fi
is 'a relative path' "$(cd "$data" && "$BUILD/flowq" --shell \
    -r flows.201604102300.sqlite -- 'SELECT count(*) > 0 FROM flows')" 1

# refused STATUS TEXT OPTIONS...
refused() {
	want=$1 text=$2
	shift 2
	got=$("$BUILD/flowq" --shell -R "$data" "$@" 2>&1 >/dev/null </dev/null)
	rc=$?
	case $rc:$got in
	"$want:flowq: "$text) echo "ok shell refused $*" ;;
	*) echo "not ok shell refused $*: status $rc, '$got'" ;;
	esac
}
printf 'no database' >"$data/flows.201604110000.sqlite"
refused 1 '*/flows.201604110000.sqlite: *' -- 'SELECT 1'
is '--skip-bad' "$(shell --skip-bad -- 'SELECT count(*) FROM s1.flow'; grep -c \
    'skipped: .*/flows.201604110000.sqlite' "$tmp/err")" \
    "$(count "$data/flows.201604102300:flows.201604102300")
1"
rm "$data/flows.201604110000.sqlite"
refused 1 '*no shards of this time*' -t 2015/01/01
refused 2 '*takes no -s*' -s srcip
refused 2 '*only one of*' --bin 5m
PATH=/nowhere refused 1 '*there is no program sqlite3*'
