# shellcheck shell=sh
# What the measuring scripts share; they source it from the root of the tree.
# One load of made-up flows, given to flowdbd and to nfcapd, so that both hold
# the same flows in as many files; costs by the helper program measure; medians
# and tables.
#
#	$tmp		scratch folder, removed at the end
#	$tmp/db		shards of flowdbd, one an hour
#	$tmp/nf		files of nfcapd, one an hour; not there without nfdump
#
# nfcapd rotates by the clock on the wall, so it gets the hours one after the
# other, each in a run of its own, and its file is named after the hour.
# nfdump prints local time, and its default format depends on the build: so TZ
# and -o are always given.

: "${BUILD:=build}"
export TZ=UTC LC_ALL=C
start_time=2016-04-10T00:00:00Z
tmp=
pids=

end_all() {
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	wait
	[ -z "$tmp" ] || rm -rf "$tmp"
}
trap end_all EXIT
trap 'exit 1' HUP INT TERM

say() { echo "$*" >&2; }
die() { say "$0: $*"; exit 1; }

# scratch MiB: makes $tmp where so much room is
scratch() {
	free=$(df -Pm "${TMPDIR:-/tmp}" | awk 'NR == 2 { print $4 }')
	[ "$free" -gt "$1" ] ||
	    die "needs $1 MiB in ${TMPDIR:-/tmp}, which has $free"
	tmp=$(mktemp -d) || exit 1
}

has_nfdump() {
	command -v nfdump >/dev/null 2>&1 && command -v nfcapd >/dev/null 2>&1
}

# until_true SECONDS COMMAND...
until_true() {
	left=$(($1 * 50))
	shift
	until "$@"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.02
	done
}

# The line of /proc/net/udp for our port, and whether all of it was read.
socket() { grep -i ":$(printf %04X "$port") 00000000:0000" /proc/net/udp; }
is_open() { socket >/dev/null || ! kill -0 "$pid" 2>/dev/null; }
is_read() { socket | grep -q ' 00000000:00000000 '; }

free_port() {
	port=$((20000 + $$ % 12000))
	while socket >/dev/null; do
		port=$((port + 1))
	done
}

# measured NAME COMMAND...: appends what it cost to $tmp/cost/NAME
measured() {
	cost=$tmp/cost/$1
	mkdir -p "${cost%/*}"
	shift
	"$BUILD/measure" "$cost" "$@"
}

# start NAME COMMAND...: a collector on $port, measured
start() {
	cost=$tmp/cost/$1
	mkdir -p "${cost%/*}"
	shift
	"$BUILD/measure" "$cost" "$@" >"$tmp/log" 2>&1 &
	pid=$!
	pids=$pid
	until_true 10 is_open && kill -0 "$pid" 2>/dev/null ||
	    die "$1 did not start: $(tail -n 3 "$tmp/log")"
}

# Ends it when all that was sent is read.
stop() {
	until_true 60 is_read || say "$0: the collector does not read"
	kill "$pid"
	wait "$pid"
	pids=
}

# start_flowdbd NAME DIR OPTIONS...; a slot of a day is not sealed by chance
start_flowdbd() {
	name=$1 dir=$2
	shift 2
	start "$name" "$BUILD/flowdbd" -l "$dir" -b 127.0.0.1 -p "$port" \
	    -t 86400 "$@"
}

# start_nfcapd NAME DIR FLOWS: no file may grow over 128 bytes a flow
start_nfcapd() {
	mkdir -p "$2"
	limit=$(ulimit -S -f)
	ulimit -S -f $(($3 / 4 + 200000))
	start "$1" nfcapd -w "$2" -b 127.0.0.1 -p "$port" -B 16000000 -y -t 3600
	ulimit -S -f "$limit"
}

# median FILE FIELD
median() {
	cut -d ' ' -f "$2" "$1" | sort -n | awk '{ v[NR] = $1 } END {
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Flows that a folder of shards (or a range of them), or of nfcapd files, holds.
flowdb_flows() {
	"$BUILD/flowq" -R "$1" --raw -s proto -n 0 -o csv |
	    awk -F '","' 'NR > 1 { n += $5 } END { printf "%.0f\n", n }'
}
nfdump_flows() {
	nfdump -R "$1" -N -o null | sed -n \
	    's/^Summary: total flows: \([0-9]*\).*/\1/p'
}

# bytes_in DIR: of all files
bytes_in() {
	find "$1" -type f -printf '%s\n' |
	    awk '{ n += $1 } END { printf "%.0f\n", n }'
}

# make_load FLOWS HOURS PEERS: fills $tmp/db, and $tmp/nf where it can
make_load() {
	mkdir "$tmp/load" "$tmp/db"
	"$BUILD/flowgen" --flows "$1" --hours "$2" --peers "$3" \
	    --start $start_time --no-sampling --hourly \
	    --pcap "$tmp/load/hour" 2>"$tmp/log" || die "$(cat "$tmp/log")"
	head -c 24 "$tmp/load/hour.0" >"$tmp/load/all"
	for hour in $(seq 0 $(($2 - 1))); do
		tail -c +25 "$tmp/load/hour.$hour" >>"$tmp/load/all"
	done
	measured load/flowdb "$BUILD/flowdbd" -r "$tmp/load/all" -l "$tmp/db" \
	    >"$tmp/log" 2>&1 || die "$(tail -n 3 "$tmp/log")"
	rm "$tmp/load/all"
	[ "$(flowdb_flows "$tmp/db")" = "$1" ] || die "flowdbd lost flows"
	if has_nfdump; then
		fill_nfdump "$1" "$2"
	fi
	rm -r "$tmp/load"
}

# An hour that lost something, as on a busy machine with a small socket buffer,
# is sent again, slower.
fill_nfdump() {
	mkdir "$tmp/nf"
	for hour in $(seq 0 $(($2 - 1))); do
		slot=$(date -u -d "$start_time $hour hours" +%Y%m%d%H%M)
		want=$(flowdb_flows "$tmp/db/flows.$slot:flows.$slot")
		for pps in 15000 5000 1000; do
			send_hour "$hour" $pps "$1"
			[ "$(nfdump_flows "$tmp/nf-hour")" != "$want" ] || break
		done
		# two, when the hour of the clock ended
		part=0
		for file in "$tmp/nf-hour"/nfcapd.20*; do
			mv "$file" "$tmp/nf/nfcapd.$slot$(printf %02d $part)"
			part=$((part + 1))
		done
		rm "$tmp/load/hour.$hour"
	done
	[ "$(nfdump_flows "$tmp/nf")" = "$1" ] || die "nfcapd lost flows"
}

# send_hour HOUR PPS FLOWS: into $tmp/nf-hour
send_hour() {
	rm -rf "$tmp/nf-hour"
	start_nfcapd load/nfdump "$tmp/nf-hour" "$3"
	"$BUILD/flowgen" --replay "$tmp/load/hour.$1" --pps "$2" \
	    --send "127.0.0.1:$port" 2>>"$tmp/log" || die "$(cat "$tmp/log")"
	stop
}

# Takes the files of a folder out of the page cache, without a right to.
evict() {
	find "$1" -type f -exec dd if={} iflag=nocache count=0 status=none \;
}

# ask_flowdb NAME ARGUMENTS FILTER, and so ask_nfdump: the answer on stdout
ask_flowdb() {
	# shellcheck disable=SC2086	# arguments are split on purpose
	measured "$1/flowdb" "$BUILD/flowq" -R "$tmp/db" $2 "$3"
}
ask_nfdump() {
	# shellcheck disable=SC2086
	measured "$1/nfdump" nfdump -R "$tmp/nf" -q $2 "$3"
}

# ask_rounds NAME ROUNDS FLOWQ_ARGUMENTS NFDUMP_ARGUMENTS FILTER [cold]: both
# in turn; the answers stay in $tmp/got and $tmp/want.  A question that is
# refused sets failed.
ask_rounds() {
	for _ in $(seq "$2"); do
		[ -z "${6-}" ] || evict "$tmp/db"
		ask_flowdb "$1" "$3" "$5" >"$tmp/got" ||
		    { echo "FAILED: flowq $3 $5"; failed=1; }
		[ -d "$tmp/nf" ] || continue
		[ -z "${6-}" ] || evict "$tmp/nf"
		ask_nfdump "$1" "$4" "$5" >"$tmp/want" ||
		    { echo "FAILED: nfdump $4 $5"; failed=1; }
	done
}

# Answers in one form: key|flows|packets|bytes; of a list the sums by source
# and by destination, so that every flow is in two of them.
sums='function add(k, p, b) { f[k]++; ps[k] += p; bs[k] += b }
	END { for (k in f) printf "%s|%d|%.0f|%.0f\n", k, f[k], ps[k], bs[k] }'
of_flowdb() {
	case $1 in
	stat) awk -F '","' -v OFS='|' 'NR > 1 { print $4, $5, $6, $7 }' ;;
	pair) awk -F '","' -v OFS='|' 'NR > 1 {
		print $4 " " $5, $6, $7, $8 }' ;;
	record) awk -F '","' -v OFS='|' 'NR > 1 {
		print $6 " " $7 " " $8 " " $9, "", $12, $13 }' ;;
	list) awk -F '","' "NR > 1 { add(\"src \" \$6, \$12, \$13)
		add(\"dst \" \$8, \$12, \$13) } $sums" ;;
	esac
}
of_nfdump() {
	case $1 in
	stat) awk -F, -v OFS='|' '/^[0-9]/ { print $5, $6, $8, $10 }' ;;
	pair) awk -F '|' -v OFS='|' 'NF == 5 { gsub(/ /, "")
		print $1 " " $2, $3, $4, $5 }' ;;
	record) awk -F, -v OFS='|' '/^[0-9]/ {
		print $4 " " $6 " " $5 " " $7, "", $12, $13 }' ;;
	list) awk -F, "/^[0-9]/ { add(\"src \" \$4, \$12, \$13)
		add(\"dst \" \$5, \$12, \$13) } $sums" ;;
	esac
}

# Rows in any order, without those that tie with the last: of these either
# side may show any.
but_last_ties() {
	awk -F '|' -v kind="$1" '{ line[NR] = $0; bytes[NR] = $4 }
	    END { for (i = 1; i <= NR; i++)
		if (kind == "list" || bytes[i] != bytes[NR] || NR == 1)
			print line[i] }' | sort
}

# same_answer KIND: do $tmp/got and $tmp/want tell the same?
same_answer() {
	of_flowdb "$1" <"$tmp/got" | but_last_ties "$1" >"$tmp/got.form"
	of_nfdump "$1" <"$tmp/want" | but_last_ties "$1" >"$tmp/want.form"
	# only a list may be empty
	{ [ "$1" = list ] || [ -s "$tmp/want.form" ]; } &&
	    cmp -s "$tmp/got.form" "$tmp/want.form"
}

# ratio A B, in the digits that matter
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2g\n", a / b }'; }

# verdict WHAT FIGURE MOST: "  CPU 0.65: met"; nothing without a target
verdict() {
	[ -n "$3" ] || return 0
	awk -v what="$1" -v r="$2" -v most="$3" 'BEGIN {
		printf "  %s %s: %s", what, most, r <= most ? "met" : "NOT MET" }'
}

heading() {
	printf '%-34s | %-24s | %-24s | %-20s |\n' "" "flowdb" "nfdump" \
	    "flowdb / nfdump"
	printf '%-34s | %7s %7s %8s | %7s %7s %8s | %6s %6s %6s | %s\n' \
	    "question" "CPU s" "wall s" "MiB" "CPU s" "wall s" "MiB" \
	    CPU wall memory "target: met?"
}

# row TITLE NAME CPU WALL MEMORY: medians of what was asked under NAME; the
# last three are the most that the ratios may be, or nothing
row() {
	ours=$tmp/cost/$2/flowdb theirs=$tmp/cost/$2/nfdump
	if [ ! -s "$theirs" ]; then
		awk -v t="$1" -v c="$(median "$ours" 1)" \
		    -v w="$(median "$ours" 2)" -v m="$(median "$ours" 3)" \
		    'BEGIN { printf "%-34s | %7.3f %7.3f %8.1f |\n", t,
		    c / 1e6, w / 1e6, m / 1024 }'
		return
	fi
	set -- "$1" "$2" "$3" "$4" "$5" \
	    "$(median "$ours" 1)" "$(median "$theirs" 1)" \
	    "$(median "$ours" 2)" "$(median "$theirs" 2)" \
	    "$(median "$ours" 3)" "$(median "$theirs" 3)"
	cpu=$(ratio "$6" "$7") wall=$(ratio "$8" "$9")
	memory=$(ratio "${10}" "${11}")
	awk -v t="$1" -v a="$6" -v b="$7" -v c="$8" -v d="$9" -v e="${10}" \
	    -v f="${11}" 'BEGIN {
		printf "%-34s | %7.3f %7.3f %8.1f | %7.3f %7.3f %8.1f |", t,
		    a / 1e6, c / 1e6, e / 1024, b / 1e6, d / 1e6, f / 1024 }'
	printf ' %6s %6s %6s |%s%s%s\n' "$cpu" "$wall" "$memory" \
	    "$(verdict CPU "$cpu" "$3")" "$(verdict wall "$wall" "$4")" \
	    "$(verdict memory "$memory" "$5")"
}

# What the load took: CPU of both collectors, all files.  flowdbd read a
# capture and sealed its shards, nfcapd received datagrams.
load_row() {
	load_line flowdb "$tmp/db" "$1"
	load_line nfdump "$tmp/nf" "$1"
}
load_line() {
	[ -s "$tmp/cost/load/$1" ] || return 0
	awk -v who="$1" -v size="$(bytes_in "$2")" -v n="$3" '
	    { cpu += $1; if ($3 > most) most = $3 } END { printf \
		"%s: %.2f us CPU a flow to store, %.0f MiB, %.1f bytes a flow\n",
		who, cpu / n, most / 1024, size / n }' "$tmp/cost/load/$1"
}

# title; how flowq is asked; how nfdump is asked; filter; form of the answer;
# the most that the ratios may be: CPU, wall, memory
questions() {
	cat <<'END'
top 10 dst, scan forced;-s dstip/bytes -n 10 -o csv --no-rollup;-s dstip/bytes -n 10 -o csv;;stat;0.65;0.45;
top 10 dst;-s dstip/bytes -n 10 -o csv;-s dstip/bytes -n 10 -o csv;;stat;;0.05;
top 100 dst in a /24;-s dstip/bytes -n 100 -o csv;-s dstip/bytes -n 100 -o csv;dst net 192.168.10.0/24;stat;;0.05;
top 50 src to one host;-s srcip/bytes -n 50 -o csv;-s srcip/bytes -n 50 -o csv;dst ip 192.168.10.57;stat;;0.1;
top 10 dst port, with a filter;-s dstport/bytes -n 10 -o csv;-s dstport/bytes -n 10 -o csv;(proto tcp or proto udp) and not src ip 192.168.10.57;stat;;;
list: port 53 and over 100k;-o csv;-o csv;dst port 53 and bytes > 100k;list;0.7;0.5;
list: port 443 and over 100k;-o csv;-o csv;dst port 443 and bytes > 100k;list;0.7;0.5;
top 10 records;-s record/bytes -n 10 -o csv;-s record/bytes -n 10 -o csv;;record;0.6;;0.25
top 10 pairs of hosts;-A srcip,dstip -O bytes -n 10 -o csv;-A srcip,dstip -O bytes -n 10 -N -6 -o fmt:%sa|%da|%fl|%pkt|%byt;;pair;0.6;;0.25
list: all flows as CSV;-o csv;-o csv;;list;0.3;;
END
}

# answers NAME ROUNDS [cold]: the questions of $tmp/questions as a table.  The
# round that warms the page cache also compares the digits: a difference sets
# failed.
answers() {
	heading
	k=0
	while IFS=';' read -r title flowq_args nfdump_args filter kind \
	    cpu wall memory; do
		k=$((k + 1))
		[ -n "${3-}" ] || {
			ask_rounds "once/$k" 1 "$flowq_args" "$nfdump_args" \
			    "$filter"
			[ ! -d "$tmp/nf" ] || same_answer "$kind" || {
				echo "DIFFERS: $title"
				diff "$tmp/want.form" "$tmp/got.form" |
				    head -n 4
				failed=1
			}
		}
		ask_rounds "$1/$k" "$2" "$flowq_args" "$nfdump_args" \
		    "$filter" ${3+"$3"}
		row "$title" "$1/$k" "$cpu" "$wall" "$memory"
	done <"$tmp/questions"
}

# What the figures depend on.
machine() {
	echo "$(date -u +%Y-%m-%d), $(nproc) cores," \
	    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
	    "load $(cut -d ' ' -f 1 /proc/loadavg) at the start"
	echo "$("$BUILD/flowdbd" -V), SQLite $(sqlite3 --version 2>/dev/null |
	    cut -d ' ' -f 1), $(nfdump -V 2>/dev/null || echo no nfdump)"
}
