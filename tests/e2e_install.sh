#!/bin/sh
# make install into a folder of its own: what lands where, what is left alone,
# what goes again; and that the programs are built against exploits.
set -u
: "${BUILD:=build}"

if nm -D "$BUILD/flowdb.so" | grep -q __asan; then
	echo "skip install: a sanitized build is not hardened"
	exit 0
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok install $name"
	else
		cat "$tmp/out"
		echo "not ok install $name"
	fi
}

# "MODE PATH" of all files below the folder, in order
placed() {
	(cd "$tmp/$1" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2)
}

install_to() {
	make -s install BUILD="$BUILD" DESTDIR="$tmp/$1" PREFIX="$2"
}

check makes install_to usr /usr
cat >"$tmp/want" <<'END'
644 etc/flowdb/flowdb.conf
755 usr/bin/flowq
644 usr/lib/flowdb/flowdb.so
644 usr/lib/systemd/system/flowdb.service
644 usr/lib/sysusers.d/flowdb.conf
755 usr/sbin/flowdbd
644 usr/share/bash-completion/completions/flowdbd
644 usr/share/bash-completion/completions/flowq
644 usr/share/doc/flowdb/README.md
644 usr/share/doc/flowdb/flowdb.conf.example
644 usr/share/man/man1/flowq.1
644 usr/share/man/man5/flowdb.conf.5
644 usr/share/man/man7/flowdb-exporters.7
644 usr/share/man/man8/flowdbd.8
644 usr/share/zsh/vendor-completions/_flowdbd
644 usr/share/zsh/vendor-completions/_flowq
END
placed usr >"$tmp/got"
check files diff "$tmp/want" "$tmp/got"

# The unit names what was placed, and nothing is left to fill in.
unit=$tmp/usr/usr/lib/systemd/system/flowdb.service
check unit-paths grep -qx \
    'ExecStart=/usr/sbin/flowdbd -c /etc/flowdb/flowdb.conf' "$unit"
check unit-filled sh -c '[ -s "$1" ] && ! grep -n "@[A-Z]*@" "$1"' sh "$unit"
check local-prefix install_to local /usr/local
check local-paths grep -qx \
    'ExecStart=/usr/local/sbin/flowdbd -c /etc/flowdb/flowdb.conf' \
    "$tmp/local/usr/local/lib/systemd/system/flowdb.service"
check config-good "$tmp/usr/usr/sbin/flowdbd" -n \
    -c "$tmp/usr/etc/flowdb/flowdb.conf"

# The configuration is the admin's, whatever we do.
conf=$tmp/usr/etc/flowdb/flowdb.conf
echo "port = 34343" >"$conf"
check again install_to usr /usr
check config-kept grep -qx "port = 34343" "$conf"
check uninstalls make -s uninstall DESTDIR="$tmp/usr" PREFIX=/usr
echo "644 etc/flowdb/flowdb.conf" >"$tmp/want"
placed usr >"$tmp/got"
check nothing-left diff "$tmp/want" "$tmp/got"
check config-left grep -qx "port = 34343" "$conf"

# PIE, everything read-only after start, stack protector, checked libc calls
for file in flowdbd flowq flowdb.so; do
	f=$BUILD/$file
	[ $file = flowdb.so ] || check "pie $file" sh -c \
	    'readelf -h "$1" | grep -q "Type:.*DYN"' sh "$f"
	check "relro $file" sh -c 'readelf -lW "$1" | grep -q GNU_RELRO' sh "$f"
	check "bind-now $file" sh -c \
	    'readelf -dW "$1" | grep -Eq "FLAGS.*(BIND_NOW|NOW)"' sh "$f"
	check "no-exec-stack $file" sh -c \
	    'readelf -lW "$1" | grep -q "GNU_STACK.* RW "' sh "$f"
	check "stack-protector $file" sh -c \
	    'readelf -sW "$1" | grep -q __stack_chk_fail' sh "$f"
	# make coverage does not optimise, which checked calls need
	if grep -q __gcov_exit "$f"; then
		echo "skip install fortify $file: built for coverage"
		continue
	fi
	check "fortify $file" sh -c \
	    'readelf -sW "$1" | grep -Eq "__[a-z]+_chk\b"' sh "$f"
done
# x86 only; in our objects, as the C library's start files lack it
if [ "$(uname -m)" = x86_64 ]; then
	check cf-protection sh -c 'for o; do
		readelf -nW "$o" | grep -q "x86 feature: IBT, SHSTK" ||
		    { echo "$o"; exit 1; }
	done' sh "$BUILD"/obj/schema/*.o "$BUILD"/obj/collector/*.o \
	    "$BUILD"/obj/query/*.o
fi

# systemd's own view of the unit; it looks for the program at its path
if ! command -v systemd-analyze >/dev/null; then
	echo "skip install systemd: no systemd-analyze"
	exit 0
fi
install_to sys "$tmp/sys-prefix" >/dev/null 2>&1
sys=$tmp/sys$tmp/sys-prefix
sed "s|$tmp/sys-prefix|$sys|" "$sys/lib/systemd/system/flowdb.service" \
    >"$tmp/flowdb.service"
check systemd-verify sh -c \
    'out=$(systemd-analyze verify --man=no "$1" 2>&1 | grep flowdb.service)
    echo "$out"; [ -z "$out" ]' sh "$tmp/flowdb.service"
if systemd-analyze --help | grep -q -- --offline; then
	check systemd-security systemd-analyze security --offline=yes \
	    --threshold=20 "$tmp/flowdb.service"
else
	echo "skip install systemd-security: an old systemd-analyze"
fi
