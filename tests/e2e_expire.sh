#!/bin/sh
# What the limits would remove and what they do remove: by age, by size, by
# free space; the oldest first, never a live shard or one that is not sealed.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d

# five sealed hours of long ago, and the live one
for hour in 10 11 12 13 14; do
	"$BUILD/flowgen" --flows 3000 --start "2016-04-10T$hour:10:00Z" \
	    --rate 10 --pcap "$tmp/1.pcap" 2>/dev/null
	"$BUILD/flowdbd" -r "$tmp/1.pcap" -l "$dir" 2>/dev/null
done
is 'expire: five sealed shards' \
    "$(find "$dir" -name 'flows.*.sqlite' -perm 440 | wc -l)" 5
start_daemon "$dir"
send --flows 300
until_true 3 has_flows "$dir" 15300
live=$(basename "$(ls "$dir"/flows.2*.sqlite | tail -n 1)")
# an older one that a run was interrupted at
cp "$dir/flows.201604101000.sqlite" "$dir/flows.201604100900.sqlite"
chmod 640 "$dir/flows.201604100900.sqlite"

# limits TEXT...: a configuration with these
limits() {
	{
		echo "directory = \"$dir\""
		for l; do echo "$l"; done
	} >"$tmp/conf"
}
# goes OPTION: hours that go, each with the reason, then the last line
goes() {
	"$BUILD/flowdbd" -c "$tmp/conf" "$1" 2>"$tmp/err" |
	    sed "s|$dir/flows.20160410\\(..\\)00.sqlite	[0-9]*	|\\1: |" |
	    tr '\n' ';'
}
used() { stat -c '%b * 512' "$dir"/flows.*.sqlite | paste -sd + - ; }
total=$(($(used)))
one=$(($(stat -c '%b * 512' "$dir/flows.201604101000.sqlite")))

now=$(date +%s)
# a minute less than the slot of 12:00 is old
age=$((now - $(date -u -d "2016-04-10 12:00" +%s) - 60))
limits "max_age = \"${age}s\""
want='10: older than max_age;11: older than max_age;12: older than max_age;'
is 'expire: by age' "$(goes --dry-run)" "${want}3 shards would be removed;"
limits "max_size = \"$(((total - 1) / 1024))k\""
is 'expire: by size, one is enough' "$(goes --dry-run)" \
    '10: total above max_size;1 shards would be removed;'
limits "max_size = \"$(((total - one - 1) / 1024))k\""
is 'expire: ... two are' "$(goes --dry-run)" \
    '10: total above max_size;11: total above max_size;2 shards would be removed;'
limits 'min_free = "8000000G"'
is 'expire: by free space, all that are sealed' "$(goes --dry-run |
    tr ';' '\n' | grep -c 'free space below min_free')" 5
limits "max_age = \"${age}s\"" 'min_free = "8000000G"'
is 'expire: each for its own reason' "$(goes --dry-run)" \
    "${want}13: free space below min_free;14: free space below min_free;5 shards would be removed;"
limits 'max_age = "100000w"' 'max_size = "900G"' 'min_free = "1k"'
is 'expire: nothing to do' "$(goes --dry-run)" '0 shards would be removed;'
is 'expire: a dry run removes nothing' "$(shards "$dir")" 7

limits "max_age = \"${age}s\""
is 'expire: in earnest, what was told' "$(goes --expire)" \
    "${want}3 shards removed;"
is 'expire: ... is gone, no more' "$(cd "$dir" && echo flows.*.sqlite)" \
    "flows.201604100900.sqlite flows.201604101300.sqlite flows.201604101400.sqlite $live"
is 'expire: ... and not told again' "$(goes --expire)" '0 shards removed;'
limits
"$BUILD/flowdbd" -c "$tmp/conf" --dry-run 2>"$tmp/err"
is 'expire: without a limit it is a mistake' "$? $(cat "$tmp/err")" \
    '2 flowdbd: expire needs max_age, max_size or min_free in the configuration'

# the daemon does so by itself, and goes on with the live one
stop_daemon
rm "$dir/flows.201604100900.sqlite"
limits 'min_free = "8000000G"' 'expire = true'
start_daemon "$dir" -c "$tmp/conf"
only_live() { [ "$(find "$dir" -perm 440 -name '*.sqlite' | wc -l)" -eq 0 ]; }
holds 'expire: the daemon does it' until_true 5 only_live
holds 'expire: ... tells it' logged \
    'expired .*201604101300.sqlite .*free space below min_free'
send --flows 300
holds 'expire: ... and stores as before' until_true 3 \
    sh -c "[ \"\$(sqlite3 -readonly $dir/$live 'SELECT count(*) FROM flow')\" = 600 ]"
stop_daemon
