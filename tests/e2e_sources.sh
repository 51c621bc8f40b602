#!/bin/sh
# Folders by sender: sources, unknown senders, who may send at all, and the same
# after a reload.  Many exporters at once.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)

# swarm FIRST N FLOWS: exporters 127.1.0.(FIRST + 1) and so on
swarm() { "$BUILD/swarm" "$port" "$2" "$3" "$1" 2>"$tmp/sent"; }

# conf TEXT...: the configuration, one line each
conf() {
	{
		echo "directory = \"$dir\""
		printf '%s\n' "$@"
	} >"$tmp/new"
	mv "$tmp/new" "$tmp/flowdb.conf"
}
start() { start_daemon "$dir" -c "$tmp/flowdb.conf" "$@"; }
reload() {
	: >"$tmp/log"
	kill -HUP "$pid"
	until_true 2 logged "${1:-configuration reloaded}"
}

# whose FOLDER: exporters with flows there, with their names and counts
whose() {
	for f in "$dir/$1"/flows.*.sqlite; do
		[ ! -e "$f" ] || query "$f" "SELECT v.exporter || ' ' ||
		    coalesce(e.name, '-') || ' ' || count(*)
		    FROM flows AS v JOIN flow AS f ON f.id = v.id
		    JOIN path AS p ON p.id = f.path
		    JOIN exporter AS e ON e.id = p.exporter
		    GROUP BY v.exporter, e.name"
	done | sort | tr '\n' ';'
}
got() { [ "$(whose "$1")" = "$2" ]; }
in_folder() { holds "sources: $1" until_true 3 got "$2" "$3"; }

# by address and prefix, the longest wins; several in a folder; the rest above
dir=$tmp/d
far_from_slot_end 3600000 || until_true 20 far_from_slot_end 3600000
conf 'source "cisco" { address = { "127.1.0.1", "127.1.0.2/32" }' \
    'directory = "sites/cisco" }' \
    'source "wide" { address = { "127.1.0.0/28" } }' \
    "source \"away\" { address = { \"127.1.0.5\" } directory = \"$tmp/away\" }" \
    'source "here" { address = { "127.1.0.6" } directory = "." }'
mkdir "$tmp/d"
start
swarm 0 6 10
swarm 20 1 10
in_folder 'two exporters in one folder' sites/cisco \
    '127.1.0.1 cisco 10;127.1.0.2 cisco 10;'
in_folder 'a network, where no longer prefix fits' wide \
    '127.1.0.3 wide 10;127.1.0.4 wide 10;'
dir=$tmp in_folder 'a folder elsewhere' away '127.1.0.5 away 10;'
dir=$tmp/d
in_folder 'unknown senders and those of "." above' . \
    '127.1.0.21 - 10;127.1.0.6 here 10;'
is 'sources: a folder is not for all' "$(stat -c %a "$dir/sites/cisco")" 750
"$BUILD/flowdbd" -l "$tmp/away" -b 127.0.0.1 -p "$(free_port)" 2>"$tmp/err"
is 'sources: a source has its folder alone' "$?" 1
is 'sources: flowq finds a source by name' "$("$BUILD/flowq" -q -R "$dir" \
    -o csv 'exporter name cisco' | wc -l)" 20

# reload: an exporter moves, a new source, the old one is gone
conf 'source "lab" { address = { "127.1.0.1" } }' \
    'unknown = "refuse"' 'commit_ms = 20'
reload
is 'sources: reload with new sources' "$(grep -c 'next start' "$tmp/log")" 0
swarm 0 2 10
in_folder 'an exporter that moved' lab '127.1.0.1 lab 10;'
kill -USR1 "$pid"
holds 'sources: one that belongs to none is refused' \
    until_true 2 logged 'refused sender=127.1.0.2 datagrams=2 (belongs to no'
is 'sources: ... and stored nowhere' "$(whose sites/cisco)" \
    '127.1.0.1 cisco 10;127.1.0.2 cisco 10;'
conf 'source "lab" { address = { "127.1.0.1" } }' \
    'source "lab" { address = { "127.1.0.2" } }' 'unknown = "none"'
reload 'keeping the old'
is 'sources: a broken file is told with lines' "$(sed -n \
    's/.*flowdb.conf:\([0-9]*\): .*/\1/p' "$tmp/log" | tr '\n' ' ')" '3 4 '
swarm 0 1 20
in_folder '... and changes nothing' lab '127.1.0.1 lab 30;'
conf "source \"lab\" { address = { \"127.1.0.1\" } directory = \"$tmp/no/no\" }"
reload 'keeping the old'
holds 'sources: a folder that cannot be is told' logged "$tmp/no/no"
swarm 0 1 10
in_folder '... and changes nothing' lab '127.1.0.1 lab 40;'
conf 'port = 1' 'slot = 60' 'user = "root"' 'max_exporters = 5' \
    'batch_flows = 100' 'listen = { "127.0.0.2" }' 'repeat = { "127.0.0.1" }'
reload
# options say which port and address: these win
is 'sources: what needs a restart is named' "$(sed -n \
    's/.*reload: \([a-z_]*\) changes.*/\1/p' "$tmp/log" | tr '\n' ' ')" \
    'batch_flows slot user repeat max_exporters '
stop_daemon
is 'sources: stopping is no failure' "$rc" 0
is 'sources: plain files are left everywhere' \
    "$(find "$tmp/d" "$tmp/away" -name '*-wal' -o -name '*-shm' | wc -l)" 0

# a folder for each unknown sender, up to a number
dir=$tmp/own
mkdir "$dir"
conf 'unknown = "folder"' 'max_folders = 2'
start
swarm 0 1 10
in_folder 'an unknown sender has its own folder' 127-1-0-1 '127.1.0.1 - 10;'
swarm 1 2 10
in_folder '... another one, too' 127-1-0-2 '127.1.0.2 - 10;'
kill -USR1 "$pid"
holds 'sources: ... but not one too many' until_true 2 logged \
    'refused sender=127.1.0.3 datagrams=2 (belongs to no source, and there'
stop_daemon
start
swarm 2 1 10
kill -USR1 "$pid"
holds 'sources: folders of an earlier run count' until_true 2 logged \
    'refused sender=127.1.0.3'
swarm 0 1 10
in_folder '... and go on' 127-1-0-1 '127.1.0.1 - 20;'
mv "$dir/127-1-0-2" "$tmp/gone"
reload
swarm 2 1 10
in_folder 'one that is removed makes room' 127-1-0-3 '127.1.0.3 - 10;'
stop_daemon
is 'sources: no folder for one that was refused' "$(ls "$dir" | tr '\n' ' ')" \
    '127-1-0-1 127-1-0-3 templates.sqlite '

# who may send at all
dir=$tmp/allow
mkdir "$dir"
conf 'allow = { "127.1.0.0/30", "2001:db8::/32" }' \
    "metrics_file = \"$tmp/metrics\""
start
swarm 0 6 10
in_folder 'who is in allow' . '127.1.0.1 - 10;127.1.0.2 - 10;127.1.0.3 - 10;'
holds 'sources: who is not is logged' until_true 12 logged \
    'refused 2 datagrams of 127.1.0.5: not in allow'
is 'sources: ... a line each' "$(grep -c 'refused 2 data' "$tmp/log")" 3
counted() { grep -q '^flowdb_refused_packets_total 6$' "$tmp/metrics"; }
holds 'sources: ... and in the metrics' until_true 12 counted
is 'sources: ... by sender' "$(grep -c \
    '^flowdb_refused_sender_packets{sender="127.1.0.[456]"} 2$' \
    "$tmp/metrics")" 3
conf 'sampling = 3'
reload
swarm 4 1 10
in_folder 'allow is taken back by a reload' . \
    '127.1.0.1 - 10;127.1.0.2 - 10;127.1.0.3 - 10;127.1.0.5 - 10;'
stop_daemon

# sampling: of the source, of an address, of all
dir=$tmp/rate
mkdir "$dir"
conf 'sampling = 3' \
    'source "a" { address = { "127.1.0.0/24" } directory = "." sampling = 10 }' \
    'source "b" { address = { "127.1.0.2" } directory = "." sampling = 20 }' \
    'sampling_of "127.1.0.3" { rate = 30 }'
start
swarm 0 3 5
swarm 250 1 5
has_flows_4() { has_flows "$dir" 20; }
until_true 3 has_flows_4
is 'sources: sampling' "$(query "$(echo "$dir"/flows.*.sqlite)" 'SELECT DISTINCT
    exporter, sampling FROM flows ORDER BY 1' | tr '\n' ' ')" \
    '127.1.0.1|10 127.1.0.2|20 127.1.0.3|30 127.1.1.1|3 '
stop_daemon

# a capture is filed the same way
dir=$tmp/capture
mkdir "$dir"
"$BUILD/flowgen" --flows 300 --start 2016-04-10T12:00:00Z --pcap \
    "$tmp/c.pcap" 2>/dev/null
conf 'source "one" { address = { "127.0.0.1" } }' 'unknown = "folder"'
"$BUILD/flowdbd" -c "$tmp/flowdb.conf" -r "$tmp/c.pcap" 2>"$tmp/log"
is 'sources: a capture' "$? $(ls "$dir" | tr '\n' ' ')" \
    '0 127-0-0-2 127-0-0-3 127-0-0-4 one '
is 'sources: ... has all flows' "$(for f in "$dir"/*/flows.*.sqlite; do
    query "$f" 'SELECT count(*) FROM flow'; done |
    awk '{ n += $1 } END { print n }')" 300
is 'sources: ... sealed' "$(find "$dir" -name '*.sqlite' ! -perm 440 |
    wc -l)" 0

# rotation in each folder, the hook is told folder and source
cat >"$tmp/hook" <<'HOOK'
#!/bin/sh
echo "$*" >>"$0.out"
HOOK
chmod +x "$tmp/hook"
dir=$tmp/rotate
mkdir "$dir"
conf 'slot = 3' "hook = \"$tmp/hook %i %d\"" 'unknown = "folder"' \
    'source "one" { address = { "127.1.0.1" } directory = "uno" }' \
    'source "top" { address = { "127.1.0.3" } directory = "." }'
start
until_true 4 slot_begins 3000
swarm 0 3 10
hooked() { [ "$(sort "$tmp/hook.out" 2>/dev/null | tr '\n' ';')" = "$1" ]; }
holds 'sources: each folder is sealed; the hook knows whose' until_true 8 \
    hooked "127-1-0-2 $dir/127-1-0-2;one $dir/uno;top $dir;"
# killed in a slot that nothing more comes for: sealed when it is over
until_true 4 slot_begins 3000
swarm 0 2 10
until_true 2 got uno '127.1.0.1 one 10;127.1.0.1 one 10;'
stop_daemon KILL
start
sealed() { [ "$(find "$dir" -name '*.sqlite' -perm 440 | wc -l)" = "$1" ]; }
holds 'sources: what a killed run left is sealed when its slot is over' \
    until_true 8 sealed 5
stop_daemon

# hundreds, each with its own template: of each all, and nothing else
dir=$tmp/many
mkdir "$dir"
expect() {
	awk -v n="$1" -v f="$2" 'BEGIN { for (i = 0; i < n; i++)
	    printf "127.1.%d.%d|%d|%d|10.%d.%d\n", i / 250, i % 250 + 1, f,
	        f * i * 1000 + f * (f - 1) / 2, i / 250, i % 250 + 1 }' | sort
}
found() {
	for f in "$dir"/flows.*.sqlite "$dir"/*/flows.*.sqlite; do
		[ ! -e "$f" ] || query "$f" "SELECT exporter, count(*),
		    sum(bytes), substr(min(src_addr), 1,
		    length(min(src_addr)) - 2) FROM flows GROUP BY exporter"
	done | sort
}
counts() {
	for f in "$dir"/flows.*.sqlite "$dir"/*/flows.*.sqlite; do
		[ ! -e "$f" ] || query "$f" 'SELECT count(*), sum(flows),
		    sum(packets), sum(lost) FROM exporter'
	done | awk -F '|' '{ for (i = 1; i <= NF; i++) n[i] += $i }
	    END { print n[1], n[2], n[3], n[4] }'
}
conf 'sampling = 0'
start
"$BUILD/swarm" "$port" 500 100
stop_daemon
expect 500 100 >"$tmp/want"
found >"$tmp/got"
holds 'sources: 500 exporters with their own templates' \
    cmp "$tmp/got" "$tmp/want"
is 'sources: ... and their counts' "$(counts)" '500 50000 2000 0'

# the same, each in its own folder: more than may be open at a time
dir=$tmp/folders
mkdir "$dir"
conf 'unknown = "folder"' 'max_folders = 500'
start
"$BUILD/swarm" "$port" 300 100
stop_daemon
expect 300 100 >"$tmp/want"
found >"$tmp/got"
holds 'sources: 300 folders' cmp "$tmp/got" "$tmp/want"
is 'sources: ... and their counts' "$(counts)" '300 30000 1200 0'
is 'sources: ... all plain files' "$(find "$dir" -name 'flows.*' |
    grep -cv 'sqlite$')" 0
