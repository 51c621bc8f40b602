#!/bin/sh
# Shipping without an engine: options, the SQL for admins, and what is said
# when nobody answers.  scripts/test-cluster.sh has the rest.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/daemon.sh
mkdir "$tmp/d"
"$BUILD/shards" "$tmp/d" 3 20
unset FLOWDB_BACKEND_USER FLOWDB_BACKEND_PASSWORD

# ship OPTIONS...: sets rc; $tmp/out, $tmp/err
ship() {
	"$BUILD/flowdbd" -l "$tmp/d" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	rc=$?
}

# refused NAME TEXT OPTIONS...: one line, status 2
refused() {
	name=$1 text=$2
	shift 2
	ship "$@"
	is "ship: $name" "$rc $(sed "s/.*$text.*/it says so/" "$tmp/err")" \
	    '2 it says so'
}
refused 'no URL' 'want http:' --ship ch1
refused 'another protocol' 'want http:' --ship ftp://ch1
refused 'a path' 'want http:' --ship http://ch1:8123/flowdb
refused 'a password in the URL' 'not in the URL' --ship http://a:secret@ch1
is 'ship: ... which is not repeated' "$(grep -c secret "$tmp/err")" 0
refused 'several nodes without a cluster' 'name of their cluster' \
    --ship http://a:1,http://b:1
refused 'the same node twice' 'stands there twice' \
    --ship http://a:1,http://a:1/ --cluster c
refused 'a strange cluster' "cluster \"a'b\"" --ship http://a:1 --cluster "a'b"
refused 'nowhere' 'nowhere to ship to' --ship-dry-run

cat >"$tmp/conf" <<CONF
directory = "$tmp/d"
ship {
    nodes = { "ch1" }
    collector = "it's"
    max_age = "long"
    colour = "red"
}
CONF
"$BUILD/flowdbd" -c "$tmp/conf" -n >"$tmp/out" 2>"$tmp/err"
is 'ship: mistakes of the configuration' "$?" 2
holds 'ship: ... an unknown key' grep -q ":6: no such option 'colour'" \
    "$tmp/err"
for what in 'want http:' 'collector "it' 'want an age'; do
	holds "ship: ... $what" grep -q "$what" "$tmp/err"
done

# sources elsewhere: one name there is one folder here
mkdir "$tmp/d/near" "$tmp/far"
for name in near 'far away' $(printf '%063d' 0); do
	printf 'directory = "%s"\nsource "%s" { address = { "10.9.9.9" }
	    directory = "%s" }\n' "$tmp/d" "$name" "$tmp/far" >"$tmp/conf"
	"$BUILD/flowdbd" -c "$tmp/conf" --ship http://127.0.0.1:1 \
	    >"$tmp/out" 2>"$tmp/err"
	is "ship: a source of the name $name" "$([ $? -ne 0 ] && grep -c \
	    "source \"$name\": " "$tmp/err")" 1
done
rmdir "$tmp/d/near"

ship --ship http://127.0.0.1:1
is 'ship: nobody answers' "$rc $(wc -l <"$tmp/err") $(cat "$tmp/out")" \
    '1 1 0 shards (0 flows) sent, 0 were there, 3 are missing'
ship --ship-dry-run --ship http://127.0.0.1:1
is 'ship: ... nor to a dry run' "$rc $(wc -l <"$tmp/err")" '1 1'

# a certificate that nobody signed
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
	    -addext subjectAltName=IP:127.0.0.1 -keyout "$tmp/key" \
	    -out "$tmp/cert" 2>/dev/null
	tcp=$(free_port)
	openssl s_server -state -accept "127.0.0.1:$tcp" -key "$tmp/key" \
	    -cert "$tmp/cert" -www >"$tmp/tls" 2>&1 &
	server=$!
	pids="$pids $server"
	listens() { grep -q ":$(printf %04X "$tcp") 00000000:0000 0A" \
	    /proc/net/tcp; }
	until_true 5 listens
	ship --ship "https://127.0.0.1:$tcp"
	is 'ship: a certificate that nobody signed' \
	    "$rc $(grep -ci 'certificate' "$tmp/err")" '1 1'
	# trusted, it is talked to; it is no engine, and goes away then
	trusts() { grep -q 'read finished' "$tmp/tls"; }
	printf 'directory = "%s"\nship {\n nodes = { "%s" }\n ca_file = "%s"\n}\n' \
	    "$tmp/d" "https://127.0.0.1:$tcp" "$tmp/cert" >"$tmp/conf"
	"$BUILD/flowdbd" -c "$tmp/conf" --ship "https://127.0.0.1:$tcp" \
	    >"$tmp/out" 2>"$tmp/err" &
	p=$!
	pids="$pids $p"
	holds 'ship: ... unless ca_file has it' until_true 10 trusts
	kill "$server"
	wait "$p"
	is 'ship: ... and who goes away is told of' \
	    "$? $(grep -ci 'certificate' "$tmp/err") $(wc -l <"$tmp/err")" \
	    '1 0 1'
else
	echo 'skip ship: https: there is no openssl'
fi

# the SQL: a table and its front for each of the names, every column of ours
"$BUILD/flowdbd" --ship-schema --cluster c1 >"$tmp/sql"
is 'ship: --ship-schema' "$? $(grep -c ';$' "$tmp/sql") $(grep -c \
    'Distributed(c1, flowdb, ' "$tmp/sql")" '0 16 7'
is 'ship: ... has every column' "$(sed -n 's/^COLUMN(\([a-z0-9_]*\),.*/\1/p' \
    schema/columns.def | while read -r c; do
	grep -q "^  $c Nullable(" "$tmp/sql" || echo "$c"; done)" ''
