#!/bin/sh
# A full disk: receiving goes on, what came meanwhile is stored when there is
# room again, and a shard that could not be sealed is sealed later.  The disk
# is a file system in memory that only this script and its children see.
set -u
cd "$(dirname "$0")/.." || exit 1
if [ "${1:-}" != inside ]; then
	if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
		echo "skip diskfull: needs root and a mount namespace of its own"
		exit 0
	fi
	exec unshare -m "$0" inside
fi
. tests/daemon.sh
disk=$tmp/disk
mkdir "$disk"
mount -t tmpfs -o size=16m tmpfs "$disk" 2>/dev/null || {
	echo "skip diskfull: cannot mount"
	exit 0
}
trap 'umount -l "$disk"; end_all' EXIT
fill() { cat /dev/zero >"$disk/filler" 2>/dev/null; }
port=$(free_port)

dir=$disk/d
start_daemon "$dir" -t 86400
send --flows 300
until_true 2 has_flows "$dir" 300
fill
send --flows 30000 --seed 2
holds 'diskfull: trouble is told' until_true 5 logged 'cannot store flows'
send --flows 300 --seed 3
is 'diskfull: what was stored can be read' "$(flows "$dir")" 300
kill -USR1 "$pid"
holds 'diskfull: receiving goes on' until_true 2 logged 'decoder:.* flows=30600'
is 'diskfull: ... and told once' "$(grep -c 'cannot store' "$tmp/log")" 1
rm "$disk/filler"
holds 'diskfull: all is stored when there is room' \
    until_true 5 has_flows "$dir" 30600
holds 'diskfull: ... and told' logged 'storing flows again'
stop_daemon
is 'diskfull: no failure in the end' "$rc" 0
is 'diskfull: the shard is whole' "$(query "$(echo "$dir"/flows.*.sqlite)" \
    'PRAGMA integrity_check')" ok

# no room to end with: status 1, and how many are gone
start_daemon "$dir" -t 86400
fill
send --flows 20000
until_true 5 logged 'cannot store flows'
stop_daemon
is 'diskfull: what is lost at the end is a failure' "$rc" 1
holds 'diskfull: ... with its number' logged 'flows could not be stored'
rm -r "$disk/filler" "$dir"

start_daemon "$dir" -t 2
until_true 3 slot_begins 2000
send --flows 20000
until_true 2 has_flows "$dir" 20000
fill
holds 'diskfull: a shard that cannot be sealed is told' \
    until_true 5 logged 'cannot seal, trying again'
rm "$disk/filler"
is 'diskfull: ... and can be read' "$(flows "$dir")" 20000
stop_daemon
start_daemon "$dir" -t 2
is_sealed() { [ "$(stat -c %a "$dir"/flows.*.sqlite)" = 440 ]; }
holds 'diskfull: ... and is sealed by the next start' until_true 5 is_sealed
is 'diskfull: ... with all flows' "$(flows "$dir")" 20000
stop_daemon
