#!/bin/sh
# What SECURITY in flowdbd(8) and flowq(1) promises about other local users and
# hostile files: modes, links laid in the way, the hook's surroundings, shards
# that bring code.  Hardening of the binaries is in e2e_install.sh, hostile
# datagrams in e2e_hostile.sh and e2e_flood.sh, shards in e2e_hostile_shards.sh,
# the metrics file in test_metrics.c, sockets in test_endpoint.c.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d
bin=$(cd "$BUILD" && pwd)

# --- modes, whatever the umask of who starts it
umask 0
start_daemon "$dir" -t 86400 -P "$tmp/pid"
send --flows 600
holds 'security: flows' until_true 5 has_flows "$dir" 600
mode() { stat -c %a "$1"; }
is 'security: the data directory' "$(mode "$dir")" 750
is 'security: its files' "$(find "$dir" -type f -printf '%m %f\n' |
    sed 's/flows\.[0-9]*/flows/; s/-shm\|-wal//' | sort -u | tr '\n' ';')" \
    '640 .flowdbd.lock;640 flows.sqlite;'
is 'security: the status socket is for the group' \
    "$(find "$dir" -type s -printf '%m %f\n')" '660 .flowdbd.status'
is 'security: nobody else writes the pid file' "$(mode "$tmp/pid")" 640
stop_daemon
is 'security: templates' "$(mode "$dir/templates.sqlite")" 640
"$BUILD/flowdbd" -D -l "$dir" -b 127.0.0.1 -p "$port" --log "$tmp/log2" \
    -P "$tmp/pid"
pid=$(cat "$tmp/pid")
pids=$pid
is 'security: the log' "$(mode "$tmp/log2")" 640
kill "$pid"
ended() { ! kill -0 "$pid" 2>/dev/null; }
until_true 5 ended
pids=
umask 022

# --- links in the way: what they lead to stays as it is
precious() {
	echo precious >"$tmp/victim"
	chmod 644 "$tmp/victim"
}
untouched() { [ "$(cat "$tmp/victim") $(mode "$tmp/victim")" = \
    'precious 644' ]; }
precious
empty=$tmp/empty
: >"$empty"

dir=$tmp/links
mkdir "$dir"
shard=$dir/flows.$(date -u +%Y%m%d)0000.sqlite
ln -s "$empty" "$shard"
ln -s "$tmp/victim" "$shard.new"
ln -s "$empty" "$dir/templates.sqlite"
start_daemon "$dir" -t 86400
send --flows 600
holds 'security: a shard that is a link is moved aside' \
    until_true 5 has_flows "$dir" 600
is 'security: ... and told' "$(grep -c 'no plain file' "$tmp/log")" 2
stop_daemon
is 'security: nothing was written through links' "$(stat -c %s "$empty")" 0
holds 'security: ... nor to the file behind them' untouched
is 'security: the links are beside' "$(find "$dir" -type l -name '*.bad-1' |
    wc -l)" 2

rm "$dir/.flowdbd.lock"
ln -s "$tmp/victim" "$dir/.flowdbd.lock"
timeout 5 "$BUILD/flowdbd" -l "$dir" -b 127.0.0.1 -p "$port" 2>"$tmp/err"
is 'security: a link is no lock' "$? $(untouched && echo whole)" '1 whole'
rm "$dir/.flowdbd.lock"
rm -f "$dir/.flowdbd.status"
ln -s "$tmp/victim" "$dir/.flowdbd.status"
start_daemon "$dir" -t 86400
stop_daemon
holds 'security: a link is no socket' untouched
is 'security: ... and stays' "$(readlink "$dir/.flowdbd.status")" "$tmp/victim"
rm "$dir/.flowdbd.status"

# of a slot that is over: sealing and its chmod would go through it
cp "$(find "$dir" -type f -name 'flows.*.sqlite')" "$tmp/foreign"
chmod 644 "$tmp/foreign"
before=$(cksum <"$tmp/foreign")
ln -s "$tmp/foreign" "$dir/flows.202001010000.sqlite"
start_daemon "$dir" -t 86400
stop_daemon
is 'security: no link is sealed' "$(cksum <"$tmp/foreign") \
$(mode "$tmp/foreign")" "$before 644"

# --- temporary files: made anew and at once without a name, or beside the
# result under a name that is not there yet
mkdir "$tmp/temp"
"$BUILD/flowgen" --flows 3000 --pcap "$tmp/in.pcap" &&
    "$BUILD/flowdbd" -r "$tmp/in.pcap" -l "$tmp/s" >"$tmp/out" 2>&1
good=$(ls "$tmp"/s/flows.*.sqlite | head -n 1)
ln -s "$tmp/victim" "$tmp/x.sqlite"
"$BUILD/flowq" -r "$good" --extract "$tmp/x.sqlite" 2>"$tmp/err"
is 'security: --extract does not write through a link' "$?" 1
"$BUILD/flowq" -r "$good" --force --extract "$tmp/x.sqlite" 2>"$tmp/err"
is 'security: ... also with --force' "$?" 1
holds 'security: ... the file is whole' untouched
"$BUILD/flowq" -r "$good" -o csv -n 0 >"$tmp/in.csv" 2>"$tmp/err"
TMPDIR=$tmp/temp "$BUILD/flowdbd" --import "$tmp/in.csv" -l "$tmp/imp" \
    >"$tmp/out" 2>&1
TMPDIR=$tmp/temp "$BUILD/flowq" -r "$good" --memory 1M -a -n 0 \
    >"$tmp/out" 2>"$tmp/err"
is 'security: nothing is left in TMPDIR' "$(ls -A "$tmp/temp")" ''

# --- the hook: words, no shell; two variables; no file of ours
cat >"$tmp/hook" <<'HOOK'
#!/bin/sh
d=$(dirname "$0")
for word; do printf '%s\n' "$word"; done >"$d/words"
env | sed 's/=.*//' | grep -vE '^(PWD|_|SHLVL|OLDPWD)$' | sort >"$d/env"
ls -l /proc/self/fd | sed -n 's/.* \([0-9]*\) -> \(.*\)/\1 \2/p' |
    grep -v /proc/ >"$d/fds.new"
mv "$d/fds.new" "$d/fds"
HOOK
chmod +x "$tmp/hook"
odd="$tmp/o;touch pwned \$(touch pwned) \`touch pwned\`"
SECRET=s LD_PRELOAD= "$BUILD/flowdbd" -r "$tmp/in.pcap" -l "$odd" \
    -x "$tmp/hook %d '%i' \"\$HOME\" ;" >"$tmp/out" 2>&1
is 'security: the hook runs' "$?" 0
is 'security: ... with words as they are' "$(tr '\n' '|' <"$tmp/words")" \
    "$odd|flowdb|\$HOME|;|"
is 'security: ... without a shell' "$(find . "$tmp" -name pwned)" ''
is 'security: ... with a clean environment' \
    "$(tr '\n' ' ' <"$tmp/env")" 'LC_ALL PATH '
is 'security: ... without files of ours' \
    "$(grep -c 'sqlite\|lock\|socket' "$tmp/fds")" 0

# --- shards that bring code: none of it runs
if command -v sqlite3 >/dev/null; then
	code="load_extension('$bin/flowdb'), writefile('$tmp/pwned', 'x')"
	evil() { # NAME SQL: a shard with more in it; rc: how reading it ends
		rm -f "$tmp/flows.202001010000.sqlite"
		cp "$good" "$tmp/flows.202001010000.sqlite"
		chmod 644 "$tmp/flows.202001010000.sqlite"
		sqlite3 "$tmp/flows.202001010000.sqlite" "$2" \
		    >"$tmp/out" 2>&1 || echo "not ok security: $1: no such file"
		before=$(cksum <"$tmp/flows.202001010000.sqlite")
		for how in '-s dstip' '-o csv -n 1' '--no-rollup -s srcip' \
		    "--force --extract $tmp/out.sqlite"; do
			# shellcheck disable=SC2086
			"$BUILD/flowq" -r "$tmp/flows.202001010000.sqlite" \
			    $how >"$tmp/out" 2>"$tmp/err"
			rc=$?
			[ "$rc" -le 1 ] || echo "not ok security: $1: $rc"
		done
		is "security: $1: no code of a shard runs" "$([ -e \
		    "$tmp/pwned" ] && echo ran; cksum \
		    <"$tmp/flows.202001010000.sqlite")" "$before"
	}
	evil 'a view' "CREATE VIEW roll AS SELECT $code"
	evil 'a roll-up that is a view' "DROP TABLE roll_dst_addr;
	    CREATE VIEW roll_dst_addr AS SELECT $code AS dst_addr"
	evil 'a trigger' "CREATE TRIGGER t AFTER INSERT ON flow BEGIN
	    DELETE FROM flow; SELECT $code; END"
	is 'security: ... is refused' "$rc" 1
	is 'security: an extract brings no triggers or views' "$(rm -f \
	    "$tmp/out.sqlite"; "$BUILD/flowq" -r "$good" --extract \
	    "$tmp/out.sqlite" 2>/dev/null >&2; sqlite3 -readonly \
	    "$tmp/out.sqlite" "SELECT group_concat(name) FROM sqlite_schema
	    WHERE type = 'trigger' OR (type = 'view' AND name <> 'flows')")" ''
	# loading is off in SQLite until a program asks for it
	is 'security: nothing here can load extensions' "$(nm -D --undefined-only \
	    "$BUILD/flowq" "$BUILD/flowdbd" | grep -c load_extension)" 0
fi
