#!/bin/sh
# flowdb_VERSION_ARCH.deb of what was built, into $BUILD; `make deb` calls it.
#
#	VERSION=0.1.0 [MAINTAINER='A <a@b>'] scripts/make-deb.sh
#
# dpkg-deb and dpkg-shlibdeps alone: a package of a few files needs no
# debhelper.  Times in it are those of the last commit (or
# SOURCE_DATE_EPOCH), so that the same sources give the same package.
set -eu
cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${VERSION:?}"
: "${MAINTAINER:=flowdb <flowdb@flowdb.invalid>}"
for tool in dpkg-deb dpkg-shlibdeps strip; do
	command -v $tool >/dev/null || {
		echo "make deb: $tool is missing (Debian: dpkg-dev, binutils)" >&2
		exit 1
	}
done
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
case $BUILD in
/*) ;;
*)	BUILD=$PWD/$BUILD ;;
esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
umask 022
root=$tmp/root
doc=$root/usr/share/doc/flowdb
mkdir -p "$root/DEBIAN" "$tmp/debian"

make -s install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr SYSCONFDIR=/etc
strip --strip-unneeded -R .comment -R .note "$root/usr/sbin/flowdbd" \
    "$root/usr/bin/flowq" "$root/usr/lib/flowdb/flowdb.so"
find "$root/usr/share/man" -type f -exec gzip -9n {} +

arch=$(dpkg --print-architecture)
fill() {
	sed -e "s|@VERSION@|$VERSION|g" -e "s|@ARCH@|$arch|g" \
	    -e "s|@MAINTAINER@|$MAINTAINER|g" -e "s|@SIZE@|${size-}|g" \
	    -e "s|@SHLIBS@|${shlibs-}|g" -e "s|@DATE@|$(LC_ALL=C \
	    date -u -R -d "@$SOURCE_DATE_EPOCH")|g" "scripts/debian/$1"
}
fill changelog | gzip -9n >"$doc/changelog.gz"
fill copyright >"$doc/copyright"

# it reads debian/control and nothing else there
printf 'Source: flowdb\n\nPackage: flowdb\nArchitecture: any\n' \
    >"$tmp/debian/control"
shlibs=$(cd "$tmp" && dpkg-shlibdeps -O root/usr/sbin/flowdbd \
    root/usr/bin/flowq root/usr/lib/flowdb/flowdb.so 2>"$tmp/log" |
    sed 's/^shlibs:Depends=//') && [ -n "$shlibs" ] || {
	cat "$tmp/log" >&2
	exit 1
}
size=$(du -sk --apparent-size --exclude=DEBIAN "$root" | cut -f 1)
fill control >"$root/DEBIAN/control"
cp scripts/debian/conffiles "$root/DEBIAN/"
install -m 755 scripts/debian/postinst scripts/debian/prerm \
    scripts/debian/postrm "$root/DEBIAN/"
(cd "$root" && find usr -type f -exec md5sum {} +) | LC_ALL=C sort -k 2 \
    >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/md5sums" "$root/DEBIAN/control" \
    "$root/DEBIAN/conffiles"
deb=flowdb_${VERSION}_$arch.deb
dpkg-deb --root-owner-group --build "$root" "$tmp/$deb" >/dev/null
mv "$tmp/$deb" "$BUILD/$deb"
echo "$BUILD/$deb"
