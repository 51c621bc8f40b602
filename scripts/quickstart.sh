#!/bin/sh
# From a fresh Debian 12 to a first answer: installs what is missing, builds,
# starts a collector on the loopback, sends it what a real exporter sent
# (tests/data/softflowd-v9.pcap) and asks who downloads most.
#
#	scripts/quickstart.sh [DIR]
#
# DIR takes the data; without it, it is build/quickstart, emptied first.
# Nothing is installed but Debian packages, and nothing is left running.
set -eu

case ${1-} in
-h | --help)
	echo "usage: scripts/quickstart.sh [DIR]"
	exit 0 ;;
-*)
	echo "usage: scripts/quickstart.sh [DIR]" >&2
	exit 2 ;;
'')	dir= ;;
/*)	dir=$1 ;;
*)	dir=$PWD/$1 ;;
esac
cd "$(dirname "$0")/.."
if [ -z "$dir" ]; then
	dir=build/quickstart
	rm -rf "$dir"
fi

capture=tests/data/softflowd-v9.pcap
capture_flows=2864
log=$(mktemp)
collector=
to=			# where run sends the output, when set
stop() {
	[ -z "$collector" ] || kill "$collector" 2>/dev/null || :
	[ -z "$collector" ] || wait "$collector" || :
	collector=
}
trap 'stop; rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() {
	printf '\n== %s\n' "$*"
}

give_up() {
	cat "$log" >&2
	echo "quickstart: $*" >&2
	exit 1
}

# Shows a command as one would type it, then runs it.
run() {
	printf '$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '%s\n' "${to:+ >$to}"
	if [ -n "$to" ]; then
		"$@" >"$to"
	else
		"$@"
	fi
}

# A UDP port that nobody has bound, neither IPv4 nor IPv6.
free_port() {
	p=34343
	while grep -qi ":$(printf %04X $p) " /proc/net/udp /proc/net/udp6 \
	    2>/dev/null; do
		p=$((p + 1))
	done
	echo $p
}

# Waits up to 10 seconds for a condition while the collector runs.
until_true() {
	for _ in $(seq 200); do
		! "$@" || return 0
		kill -0 "$collector" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

receiving() {
	grep -q 'receiving on' "$log"
}

count_flows() {
	sum=0
	for shard in "$dir"/flows.*.sqlite; do
		[ -e "$shard" ] || continue
		n=$(sqlite3 -readonly "$shard" 'SELECT count(*) FROM flow' \
		    2>/dev/null) || n=0
		sum=$((sum + n))
	done
	echo $sum
}

visible() {
	[ "$(count_flows)" -ge "$1" ]
}

step "Packages and build"
scripts/packages.sh build run
make -j"$(nproc)" all build/flowgen >"$log" 2>&1 || give_up "make failed"
echo "build/flowdbd build/flowq build/flowdb.so"

step "Collect: $capture_flows flows of a real exporter (NetFlow v9)"
mkdir -p "$dir"
before=$(count_flows)
port=$(free_port)
: >"$log"
echo "\$ build/flowdbd -l $dir -b 127.0.0.1 -p $port &"
build/flowdbd -l "$dir" -b 127.0.0.1 -p "$port" 2>"$log" &
collector=$!
until_true receiving || give_up "the collector did not start"
run build/flowgen --replay $capture --now --send 127.0.0.1:"$port"
until_true visible $((before + capture_flows)) ||
    give_up "the flows did not become visible: $(count_flows)"

step "Who downloads most?  (the hour is still being written)"
run build/flowq -R "$dir" -s dstip -O bytes -n 10

step "From where does the first of them download?"
top=$(build/flowq -R "$dir" -s dstip -O bytes -n 1 -o csv |
    sed -n 2p | cut -d, -f4 | tr -d '"')
[ -n "$top" ] || give_up "no top downloader"
run build/flowq -R "$dir" -s srcip -O bytes -n 5 "dst ip $top"

step "The top 100 of a network for a spreadsheet"
to=$dir/top.csv
run build/flowq -R "$dir" -s dstip -O bytes -n 100 -o csv \
    "dst net 192.168.10.0/24"
to=
run head -n 4 "$dir/top.csv"

step "The same file in plain SQL"
for shard in "$dir"/flows.*.sqlite; do :; done
run sqlite3 -readonly "$shard" \
    "SELECT dst_addr, sum(bytes) FROM flows WHERE dst_port = 443 GROUP BY 1 ORDER BY 2 DESC LIMIT 3"
stop

here=$(hostname -I 2>/dev/null | cut -d' ' -f1) || here=
: "${here:=ADDRESS}"
step "Your own router"
cat <<END
Keep the collector running as a service (port 2055, /var/lib/flowdb):

    make && sudo make install		# programs, manuals, unit
    sudo systemd-sysusers		# the user flowdb
    sudo systemctl daemon-reload
    sudo editor /etc/flowdb/flowdb.conf
    sudo systemctl enable --now flowdb

or by hand, without installing anything:

    mkdir -p /srv/netflow && build/flowdbd -D -l /srv/netflow/cisco -p 2055

Send it NetFlow version 9 from a Cisco router:

    ip flow-export version 9
    ip flow-export destination $here 2055
    ip flow-cache timeout active 1
    interface GigabitEthernet0/0
     ip flow ingress
     ip flow egress

or from a Linux box:

    softflowd -i eth0 -v 9 -t maxlife=60 -n $here:2055

Ask while it fills:

    sudo flowq -R /var/lib/flowdb -t 'last 1h' -s dstip -O bytes -n 10

What was collected here is in $dir.
END
