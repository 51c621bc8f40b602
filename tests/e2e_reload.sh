#!/bin/sh
# SIGHUP: a daemon in the background, its configuration named by a relative
# path, takes the new sampling and hook; a broken file changes nothing.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d

# conf SAMPLING HOOK
conf() {
	cat >"$tmp/new" <<CONF
directory = "$dir"
listen = { "127.0.0.1" }
port = $port
slot = 2
log = "$tmp/log"
sampling = $1
sampling_of "127.0.0.1" { rate = $(($1 * 10)) }
hook = "$2 %f %t %u %i %d"
CONF
	mv "$tmp/new" "$tmp/flowdb.conf"
}

# the hook tells what it got, one line a shard
cat >"$tmp/hook" <<'HOOK'
#!/bin/sh
echo "$*" >>"$0.out"
HOOK
chmod +x "$tmp/hook"
cp "$tmp/hook" "$tmp/other"

is_gone() { ! kill -0 "$1" 2>/dev/null; }
told() { [ -s "$tmp/$1.out" ]; }

# rates of v9 flows that name none themselves, by exporter
rates() {
	query "$1" "SELECT DISTINCT exporter || ' ' || sampling FROM flows
	    WHERE exporter IN ('127.0.0.1', '127.0.0.5')"
}
send_flows() {
	until_true 3 slot_begins 2000
	send --flows 200 --no-sampling
	until_true 2 has_flows "$dir" "$1"
	shard=$(ls "$dir"/flows.*.sqlite | tail -n 1)
}

conf 7 "$tmp/hook"
: >"$tmp/log"
(cd "$tmp" && exec "$OLDPWD/$BUILD/flowdbd" -D -c flowdb.conf -P pid)
is 'reload: started in the background' "$?" 0
pid=$(cat "$tmp/pid")
pids=$pid
send_flows 200
is 'reload: sampling of the file' "$(rates "$shard")" '127.0.0.1 70'
holds 'reload: the hook is run' until_true 6 told hook
start=$(query "$shard" "SELECT value / 1000 FROM meta
    WHERE key = 'slot_start_ms'")
is 'reload: ... and told about the shard' "$(cat "$tmp/hook.out")" \
    "$(basename "$shard") $(date -u -d "@$start" +%Y%m%d%H%M) $start flowdb $dir"

conf 9 "$tmp/other"
kill -HUP "$pid"
holds 'reload: SIGHUP is taken' until_true 2 logged 'configuration reloaded'
send_flows 400
is 'reload: new sampling' "$(rates "$shard")" '127.0.0.1 90'
holds 'reload: new hook' until_true 6 told other
is 'reload: ... and no more the old one' "$(wc -l <"$tmp/hook.out")" 1

echo 'colour = "red"' >>"$tmp/flowdb.conf"
kill -HUP "$pid"
holds 'reload: a broken file is refused' until_true 2 logged 'keeping the old'
holds 'reload: ... with its line' logged 'flowdb.conf:9: '
send_flows 600
is 'reload: ... and nothing has changed' "$(rates "$shard")" '127.0.0.1 90'

mv "$tmp/log" "$tmp/log.1"
kill -HUP "$pid"
holds 'reload: the log is opened again' until_true 2 test -e "$tmp/log"
kill "$pid"
holds 'reload: it ends' until_true 5 is_gone "$pid"
pids=
