#!/bin/sh
# What lies in the place of our files and is not ours, or no longer: it is moved
# aside, never deleted, and collecting goes on at once.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
port=$(free_port)
dir=$tmp/d
far_from_slot_end 3600000 || until_true 20 far_from_slot_end 3600000
shard=$dir/flows.$(date -u +%Y%m%d%H00).sqlite

# moved NAME FLOWS: 300 flows more are stored, the file is kept, and it is told
moved() {
	send --flows 300
	holds "damage: $1: collecting goes on" until_true 2 has_flows "$dir" 300
	holds "damage: ... what was there is kept" cmp -s "$tmp/was" \
	    "$shard.bad-$2"
	holds "damage: ... and told" logged "moved to $shard.bad-$2; starting"
	is "damage: ... once" "$(grep -c 'moved to' "$tmp/log")" 1
	stop_daemon
	is "damage: ... and is no failure" "$rc" 0
}
put() {
	rm -f "$shard"
	mv "$tmp/new" "$shard"
	cp "$shard" "$tmp/was"
}

mkdir "$dir"
sqlite3 "$tmp/new" 'CREATE TABLE theirs (a)'
put
start_daemon "$dir"
moved 'a foreign database' 1

sqlite3 "$tmp/new" 'CREATE TABLE flow (a); PRAGMA user_version = 99;
    PRAGMA application_id = 0x666c6f77'
put
start_daemon "$dir"
moved 'a newer shard' 2

head -c 200000 /dev/urandom >"$tmp/new"
put
start_daemon "$dir"
moved 'no database' 3

# pages in the middle are gone: SQLite finds out while it writes
start_daemon "$dir"
send --flows 30000 --seed 5
until_true 3 has_flows "$dir" 30300
stop_daemon
cp "$shard" "$tmp/new"
dd if=/dev/urandom of="$tmp/new" bs=16384 seek=1 count=40 conv=notrunc \
    2>/dev/null
put
start_daemon "$dir"
moved 'a damaged shard' 4

rm -f "$shard"
mkdir "$shard"
start_daemon "$dir"
send --flows 300
holds 'damage: a folder of that name is moved' \
    until_true 2 has_flows "$dir" 300
holds 'damage: ... and kept' test -d "$shard.bad-5"
stop_daemon

# a foreign file that comes at rotation
dir=$tmp/rotate
mkdir "$dir"
until_true 4 slot_begins 4000
next=$(($(date +%s) / 4 * 4 + 4))
shard=$dir/flows.$(date -u -d "@$next" +%Y%m%d%H%M%S).sqlite
case $shard in
*00.sqlite) shard=$dir/flows.$(date -u -d "@$next" +%Y%m%d%H%M).sqlite ;;
esac
sqlite3 "$shard" 'CREATE TABLE theirs (a)'
start_daemon "$dir" -t 4
until_true 5 time_is "$next"
send --flows 300
has_new() { [ "$(query "$shard" 'SELECT count(*) FROM flow' 2>&1)" = 300 ]; }
holds 'damage: a foreign file in the next slot' until_true 2 has_new
is 'damage: ... is kept' "$(sqlite3 "$shard.bad-1" .tables)" theirs
stop_daemon

# templates: a broken, a foreign, a newer store
dir=$tmp/templates
mkdir "$dir"
store=$dir/templates.sqlite
echo 'no database, but long enough to be taken for one' >"$store"
start_daemon "$dir"
holds 'damage: a broken template store is told' logged "$store.bad-1"
send --flows 300
stop_daemon
is 'damage: ... and made anew' "$(query "$store" \
    'SELECT count(*) > 0 FROM template')" 1
sqlite3 "$store" 'PRAGMA user_version = 2'
start_daemon "$dir"
holds 'damage: a newer template store is told' logged "version 2.*$store.bad-2"
stop_daemon
rm -f "$store"
sqlite3 "$store" 'CREATE TABLE theirs (a)'
start_daemon "$dir"
holds 'damage: a foreign one, too' logged "not a template.*$store.bad-3"
# and one that is put there while it runs
sqlite3 "$store" 'CREATE TABLE theirs (a)'
send --flows 300
stop_daemon
holds 'damage: also while it runs' logged "not a template.*$store.bad-4"
is 'damage: ... left as it was' "$(sqlite3 "$store.bad-4" .tables)" theirs
is 'damage: ... and made anew' "$(query "$store" \
    'SELECT count(*) > 0 FROM template')" 1
