#!/bin/sh
# make deb and make dist, without installing anything: what is in them, what
# they promise, whether Debian's checker is content.  tests/check_deb.sh
# (make check-deb) installs the package and builds the tarball.
set -u
: "${BUILD:=build}"
for tool in dpkg-deb dpkg-shlibdeps; do
	command -v $tool >/dev/null || {
		echo "skip package: there is no $tool"
		exit 0
	}
done
if nm -D "$BUILD/flowdb.so" | grep -q __asan; then
	echo "skip package: a sanitized build is not packed"
	exit 0
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
case $BUILD in
/*) ;;
*)	BUILD=$PWD/$BUILD ;;
esac

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok package $name"
	else
		cat "$tmp/out"
		echo "not ok package $name"
	fi
}

# a place of its own: the programs are those of this build
mkdir "$tmp/b"
ln -s "$BUILD/flowdbd" "$BUILD/flowq" "$BUILD/flowdb.so" "$tmp/b"
version=$("$BUILD/flowdbd" -V | sed 's/^flowdbd //')
pack() { BUILD=$tmp/b VERSION=$version scripts/make-deb.sh; }
check makes pack
deb=$tmp/b/flowdb_${version}_$(dpkg --print-architecture).deb
check name test -s "$deb"
cp "$deb" "$tmp/first.deb"
pack >/dev/null
check same-again cmp "$deb" "$tmp/first.deb"
check version [ "$(dpkg-deb -f "$deb" Version)" = "$version" ]

# all that make install places, and what a package has besides
make -s install BUILD="$BUILD" DESTDIR="$tmp/i" PREFIX=/usr
{ (cd "$tmp/i" && find . -type f) | sed 's|\(/man/.*\)|\1.gz|'
    echo ./usr/share/doc/flowdb/changelog.gz
    echo ./usr/share/doc/flowdb/copyright; } | LC_ALL=C sort >"$tmp/want"
dpkg-deb --fsys-tarfile "$deb" | tar -t | grep -v '/$' | LC_ALL=C sort \
    >"$tmp/got"
check files diff "$tmp/want" "$tmp/got"
dpkg-deb -e "$deb" "$tmp/control"
check configuration [ "$(cat "$tmp/control/conffiles")" = \
    /etc/flowdb/flowdb.conf ]
dpkg-deb -f "$deb" Depends >"$tmp/depends"
for library in libc6 libconfuse2 libcsv3 libev4 libmaxminddb0 libpcap0.8 \
    libsqlite3-0; do
	check "depends $library" grep -qw "$library" "$tmp/depends"
done
# nothing in it may remove flows
check keeps-flows sh -c '! grep -n "rm .*var/lib" "$1"/p* | grep -v echo' \
    sh "$tmp/control"
check scripts sh -c 'for f in postinst prerm postrm; do
	sh -n "$1/$f" || exit 1; done' sh "$tmp/control"
if command -v lintian >/dev/null; then
	check lintian lintian --allow-root --fail-on error "$deb"
else
	echo "skip package lintian: not installed"
fi

if ! git rev-parse --git-dir >/dev/null 2>&1; then
	echo "skip package dist: no git repository"
	exit 0
fi
check dist make -s dist BUILD="$tmp/b"
tar -tzf "$tmp/b/flowdb-$version.tar.gz" | sed -n "s|^flowdb-$version/||p" |
    grep -v '/$' | sed '/^$/d' | LC_ALL=C sort >"$tmp/got"
git ls-tree -r --name-only HEAD | LC_ALL=C sort >"$tmp/want"
check dist-files diff "$tmp/want" "$tmp/got"
