#!/bin/sh
# The package in a fresh Debian (debootstrap into a folder): installed,
# upgraded, removed, purged, installed again; flows stay whatever happens.
# And the tarball of make dist, unpacked and built elsewhere.
#
# `make check-deb` calls it, make check does not: it takes two minutes, root,
# and Debian's archive.  DEBOOTSTRAP_MIRROR: another one.
set -u
: "${BUILD:=build}" "${VERSION:?}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok deb: $name"
	else
		cat "$tmp/out"
		echo "not ok deb: $name"
		failed=1
	fi
}

tar -xzf "$BUILD/flowdb-$VERSION.tar.gz" -C "$tmp"
check 'the tarball builds' make -s -j2 -C "$tmp/flowdb-$VERSION"
check '... the same version' [ "$("$tmp/flowdb-$VERSION/build/flowq" -V)" = \
    "flowq $VERSION" ]
check '... and installs' make -s -C "$tmp/flowdb-$VERSION" install \
    DESTDIR="$tmp/i" PREFIX=/usr

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
	echo 'skip deb: installing it needs root and debootstrap'
	exit $failed
fi
deb=flowdb_${VERSION}_$(dpkg --print-architecture).deb
# shellcheck disable=SC1091	# the system's own
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# what it depends on, without versions
needs=$(dpkg-deb -f "$BUILD/$deb" Depends | tr ',' '\n' |
    sed 's/(.*//; s/|.*//; s/ //g' | sort -u | tr '\n' ',')
root=$tmp/root
# shellcheck disable=SC2086	# no mirror is no argument
debootstrap --variant=minbase --include="${needs%,},sqlite3" "$suite" \
    "$root" ${DEBOOTSTRAP_MIRROR-} >"$tmp/log" 2>&1 || {
	tail -n 5 "$tmp/log"
	echo 'skip deb: debootstrap failed (no network?)'
	exit $failed
}
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }
status() {
	inside dpkg-query -W -f '${db:Status-Status}' flowdb 2>/dev/null
}
data=/var/lib/flowdb

# no service may be started from a folder
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp "$BUILD/$deb" tests/data/softflowd-v9.pcap "$root/"
check 'installs' inside dpkg -i "/$deb"
check '... is installed' [ "$(status)" = installed ]
check '... its user' inside id flowdb
check '... its folder' [ "$(inside stat -c '%U %a' $data)" = 'flowdb 750' ]
check '... its configuration' inside flowdbd -n -c /etc/flowdb/flowdb.conf
check '... starts at boot' test -L \
    "$root/etc/systemd/system/multi-user.target.wants/flowdb.service"
check 'collects' inside setpriv --reuid flowdb --regid flowdb --clear-groups \
    flowdbd -l $data -r /softflowd-v9.pcap
flows() { inside flowq -q -o csv -s proto -n 0 | wc -l; }
check '... and answers' [ "$(flows)" -gt 1 ]
before=$(flows)
check '... with the extension' inside sqlite3 -cmd \
    '.load /usr/lib/flowdb/flowdb' :memory: "SELECT ip_text(x'0a000001')"

# a later version: what the admin wrote stays
echo '# mine' >>"$root/etc/flowdb/flowdb.conf"
later=$VERSION+later
later_deb=flowdb_${later}_$(dpkg --print-architecture).deb
check 'a later package' env VERSION="$later" BUILD="$BUILD" scripts/make-deb.sh
mv "$BUILD/$later_deb" "$root/"
check 'upgrades' inside dpkg -i "/$later_deb"
check '... is the later one' [ "$(inside dpkg-query -W -f '${Version}' \
    flowdb)" = "$later" ]
check '... configuration stays' grep -qx '# mine' \
    "$root/etc/flowdb/flowdb.conf"
check '... flows stay' [ "$(flows)" = "$before" ]

check 'removes' inside dpkg -r flowdb
check '... no program' test ! -e "$root/usr/sbin/flowdbd"
check '... configuration stays' test -e "$root/etc/flowdb/flowdb.conf"
shards() { find "$root$data" -name 'flows.*.sqlite' | wc -l; }
check '... flows stay' [ "$(shards)" -gt 0 ]
check 'purges' inside dpkg -P flowdb
cp "$tmp/out" "$tmp/purged"
check '... configuration is gone' test ! -e "$root/etc/flowdb"
check '... flows stay' [ "$(shards)" -gt 0 ]
check '... and it says so' grep -q 'flows in /var/lib/flowdb are kept' \
    "$tmp/purged"
check '... nothing else is left' [ -z "$(inside find / -xdev -name '*flowdb*' \
    ! -name '*.deb' ! -path '/var/lib/flowdb*' ! -path '/proc/*')" ]
check 'installs again' inside dpkg -i "/$deb"
check '... and has the flows' [ "$(flows)" = "$before" ]
exit $failed
