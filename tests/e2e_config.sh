#!/bin/sh
# Mistakes of flowdb.conf: each is told with its line and in its own words, all
# of them in one run, and nothing else is.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
conf=$tmp/flowdb.conf

# The file, with what is to be said behind ## on the lines that are wrong; in
# it, * stands for anything.
cat >"$conf" <<'CONF'
directory = "/nowhere"
listen = { "127.0.0.1",
    "here",                     ## listen: no address "here"
    "::1", "10.0.0.1/8" }       ## listen: no address "10.0.0.1/8"
port = 99999                    ## port: want a number from 1 to 65535
port = "x"                      ## invalid integer value for option 'port'
receive_buffer = "2G"           ## receive_buffer: want a size from 1k to 1G, as 16M
allow = { "10.0.0.0/8", "10.0.0.0/33" }  ## allow: no address or network "10.0.0.0/33"
unknown = "drop"                ## unknown: want accept, refuse or folder
max_folders = 0                 ## max_folders: want a number from 1 to 500
batch_flows = 1                 ## batch_flows: want a number from 64 to 1048576
commit_ms = 5                   ## commit_ms: want a number from 10 to 60000
slot = 7000                     ## slot: 7000 s: must divide a day (86400 s)
user = "nobody-of-that-name"    ## user: no such user: nobody-of-that-name
group = "nobody-of-that-name"   ## group: no such group: nobody-of-that-name
log_level = "loud"              ## log_level: want error, warning, info or debug
indexes = maybe                 ## invalid boolean value for option 'indexes'
hook = "x %q"                   ## hook: hook: unknown placeholder %q, want *
hook = "x 'y"                   ## hook: hook: no closing '
hook_limit = 0                  ## hook_limit: want a number from 1 to 86400
expire = true                   ## expire: needs max_age, max_size or min_free
max_age = "30 days"             ## max_age: want an age, as 36h or 30d
max_size = "big"                ## max_size: want a size, as 500M or 20G
min_free = "-1"                 ## min_free: want a size, as 500M or 20G
repeat = { "host/port" }        ## repeat: repeater host/port: want HOST*
max_exporters = 0               ## max_exporters: want a number from 1 to 4294967295
max_templates = -1              ## max_templates: want a number from 1 to 4294967295
colour = "red"                  ## no such option 'colour'
source "a" {
    address = { "192.168.1.1",
        "192.168.1.300" }       ## source "a": address "192.168.1.300": no address or network
    directory = "../a"          ## source "a": directory "../a": want a folder *
    max_age = "x"               ## source "a": max_age "x": want an age, as 36h or 30d
    max_size = "y"              ## source "a": max_size "y": want a size, as 500M or 20G
    sampling = -1               ## source "a": sampling: want a number from 0 to 4294967295
    colour = "red"              ## no such option 'colour'
}
source "b" {
    address = { "192.168.1.1/32" }
}                               ## source "b": address "192.168.1.1/32" stands in source "a" already
source "c" {
    directory = "c"
}                               ## source "c": no address
source "a/b" {
    address = { "192.168.1.5" }
}                               ## source "a/b": its name is no folder's: say directory
source "" {
    address = { "192.168.1.6" }
}                               ## source "": a name has 1 to 63 characters, none of control
source ".hidden" {
    address = { "192.168.1.7" }
    directory = "sub/.hidden"   ## source ".hidden": directory "sub/.hidden": want a folder *
}
sampling_of "somebody" {
    rate = 10
}                               ## sampling_of "somebody": no address or network
sampling_of "10.0.0.0/8" {
    force = true
}                               ## sampling_of "10.0.0.0/8": rate must be at least 1
ship {
    nodes = { "http://ch1:8123",
        "ch2" }                 ## ship: "ch2": want http:*
    cluster = "it's"            ## ship: cluster "it's": want letters, digits and _
    database = "1x"             ## ship: database "1x": want letters, digits and _
    collector = "a b"           ## ship: collector "a b": want letters*
    max_age = "long"            ## ship: max_age "long": want an age, as 36h or 30d
    gzip = 5                    ## invalid boolean value for option 'gzip'
}
CONF
"$BUILD/flowdbd" -n -c "$conf" >"$tmp/out" 2>"$tmp/err"
is 'config: mistakes are status 2' "$?" 2
is 'config: nothing is OK then' "$(cat "$tmp/out")" ''
sed -n "s|^flowdbd: $conf:||p" "$tmp/err" >"$tmp/got"
is 'config: every line names the file' "$(wc -l <"$tmp/got")" \
    "$(wc -l <"$tmp/err")"
sed -n '/ ## /{=; s/.* ## //p}' "$conf" | paste -d: - - >"$tmp/want"
# one by one, so that * may be used
n=0 wrong=0
while IFS= read -r want; do
	n=$((n + 1))
	line=${want%%:*} text=${want#*:}
	got=$(grep "^$line: " "$tmp/got" | sed "s/^$line: //")
	case $got in
	$text) ;;
	*)
		wrong=$((wrong + 1))
		echo "# line $line: want '$text', got '$got'"
		;;
	esac
done <"$tmp/want"
is "config: each of $n mistakes has its line and its words" "$wrong" 0
is 'config: ... and nothing else is told' "$(wc -l <"$tmp/got")" "$n"
is 'config: no two have the same words' "$(sed 's/^[0-9]*: //' "$tmp/got" |
    sort | uniq -d)" "no such option 'colour'"

# what stops the reader of the file itself
told() {
	printf '%s\n' "$2" >"$conf"
	"$BUILD/flowdbd" -n -c "$conf" >"$tmp/out" 2>"$tmp/err"
	case "$? $(cat "$tmp/err")" in
	"2 flowdbd: $conf:"$3) echo "ok config: $1" ;;
	*) echo "not ok config: $1: $(cat "$tmp/out" "$tmp/err")" ;;
	esac
}
told 'a source twice' 'source "a" { address = { "1.1.1.1" } }
source "a" { address = { "1.1.1.2" } }' '2: *'
told 'a section without an end' 'source "a" { address = { "1.1.1.1" }' '1: no closing brace'
told 'a text without an end' 'directory = "x' '*'
told 'a source without a name' 'source { address = { "1.1.1.1" } }' '1: *'
told 'limits of a source alone, but no expiry' 'expire = true
source "a" { address = { "1.1.1.1" } max_age = "0" }' '1: expire: needs *'
# options know no lines, but are told as well
printf 'port = 0\nslot = 7001\n' >"$conf"
"$BUILD/flowdbd" -n -c "$conf" -t 7000 -u nobody-of-that-name -e 2>"$tmp/err"
is 'config: mistakes of options besides' "$? $(sed \
    "s|$conf|F|; s|^flowdbd: ||" "$tmp/err" | tr '\n' ';')" \
    "2 F:1: port: want a number from 1 to 65535;F:2: slot: 7001 s: must divide a day (86400 s);slot of 7000 s: must divide a day (86400 s);expire needs max_age, max_size or min_free in the configuration;no such user: nobody-of-that-name;"

# everything at once, right
cat >"$conf" <<'CONF'
expire = true
allow = { "0.0.0.0/0", "::/0" }
source "a" { address = { "10.0.0.0/8", "2001:db8::/32" } directory = "x/y.z"
    max_age = "30d" max_size = "1G" sampling = 5 force = true }
source "10.1/16" { address = { "10.1.0.0/16" } directory = "/srv/else" }
CONF
is 'config: a good one' "$("$BUILD/flowdbd" -n -c "$conf" 2>&1)" \
    'configuration OK'

# each value of a list counts once
port=$(free_port)
cat >"$conf" <<CONF
directory = "$tmp/d"
listen = { "127.0.0.1",    # both
    "127.0.0.2" }
port = $port
log = "$tmp/log"
CONF
: >"$tmp/log"
"$BUILD/flowdbd" -c "$conf" 2>"$tmp/err" &
pid=$!
pids=$pid
holds 'config: two sockets' until_true 5 logged 'receiving on port'
send --flows 300
"$BUILD/flowgen" --send "127.0.0.2:$port" --flows 300 --seed 2 2>/dev/null
holds 'config: ... and both are read' until_true 2 has_flows "$tmp/d" 600
stop_daemon
