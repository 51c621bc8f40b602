#!/bin/sh
# Ten minutes (or MINUTES) of RATE flows a second, with slots of a minute, so
# that shards are sealed and expire meanwhile.  Tells the resident memory each
# half minute; it must stay flat and no flow may be missing.  `make soak`.
#
# Each sealed shard is counted by the hook before it can expire; sqlite3 does
# that, not the daemon.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
: "${MINUTES:=10}" "${RATE:=100000}"
RUN=2000000		# flows of one run of the generator, which has them all
PER_DATAGRAM=18		# about
port=$(free_port)
dir=$tmp/soak

cat >"$tmp/hook" <<HOOK
#!/bin/sh
sqlite3 -readonly "\$1/\$2" 'SELECT count(*) FROM flow' >>"$tmp/counts"
HOOK
chmod +x "$tmp/hook"
cat >"$tmp/conf" <<CONF
directory = "$dir"
slot = 60
expire = true
max_size = "1500M"
hook = "$tmp/hook %d %f"
CONF
is_gone() { ! kill -0 "$1" 2>/dev/null; }
rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; }
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; }

: >"$tmp/counts"
start_daemon "$dir" -c "$tmp/conf"
begin=$(date +%s)
end=$((begin + MINUTES * 60))
(
	n=0
	while [ "$(date +%s)" -lt "$end" ]; do
		"$BUILD/flowgen" --send "127.0.0.1:$port" --flows "$RUN" \
		    --seed "$n" --pps $((RATE / PER_DATAGRAM)) 2>/dev/null
		n=$((n + 1))
		echo $((n * RUN)) >"$tmp/total"
	done
) &
sender=$!
first='' last=''
until is_gone "$sender"; do
	now=$(($(date +%s) - begin))
	kb=$(rss)
	# a seal takes and gives back, as much as the slot has: what stays is
	# compared, after the first seals and in the second half
	if [ "$now" -gt $((MINUTES * 30)) ]; then
		[ "$kb" -ge "${last:-999999999}" ] || last=$kb
	elif [ "$now" -gt 100 ]; then
		[ "$kb" -ge "${first:-999999999}" ] || first=$kb
	fi
	echo "# $now s: VmRSS $kb kB, $("$BUILD/flowdbd" --status -l "$dir" |
	    sed -n 's/^flows *//p; s/^queue *//p' | tr '\n' ' ')"
	until_true 30 is_gone "$sender"
done
most=$(peak)
seconds=$(($(date +%s) - begin))
stop_daemon
total=$(cat "$tmp/total")
# what is not sealed yet has not been counted
for f in "$dir"/flows.*.sqlite; do
	[ "$(stat -c %a "$f")" = 440 ] ||
	    query "$f" 'SELECT count(*) FROM flow' >>"$tmp/counts"
done
echo "# $total flows in $seconds s: $((total / seconds)) a second"
is 'soak: no flow is missing' \
    "$(awk '{ n += $1 } END { printf "%d\n", n }' "$tmp/counts")" "$total"
holds 'soak: nothing was dropped or shed' \
    grep -q 'shed=0 not_stored=0 kernel_drops=0' "$tmp/log"
echo "# VmHWM $most kB"
holds "soak: memory is flat: at least $first kB in the first half, then $last" \
    test "$last" -le $((${first:-0} + ${first:-0} / 10))
