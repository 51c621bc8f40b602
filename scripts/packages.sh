#!/bin/sh
# Installs the Debian packages that a purpose needs, those that are missing:
#
#	scripts/packages.sh build run test lint		as many as wanted
#	scripts/packages.sh -l build			only prints their names
#
# This is the only list of them.  Prints nothing when all are there; calls
# apt-get (through sudo when not root) only for what is not.
set -eu

packages_of() {
	case $1 in
	# without libmaxminddb-dev flowq knows no countries
	build)	echo gcc libc6-dev make libconfuse-dev libcsv-dev \
		    libcurl4-openssl-dev libev-dev libmaxminddb-dev \
		    libpcap-dev libsqlite3-dev zlib1g-dev ;;
	run)	echo sqlite3 ;;
	# nfdump and softflowd are what we are compared with, mandoc reads
	# the manuals, tmux is a terminal, zsh completes; a test says skip where
	# one of them is missing
	test)	echo cppcheck faketime libcriterion-dev mandoc nfdump \
		    softflowd sqlite3 tmux zsh dpkg-dev ;;
	bench)	echo nfdump sqlite3 valgrind ;;
	# what shipping and flowq --backend are tested against
	cluster) echo clickhouse-server curl openssl sqlite3 ;;
	lint)	echo clang-tidy cppcheck ;;
	# what make check-deb needs; make deb alone: dpkg-dev
	deb)	echo binutils debootstrap dpkg-dev git lintian ;;
	# tests/e2e_spreadsheet.sh opens CSV by these; large, so only by hand
	sheet)	echo gnumeric libreoffice-calc locales sqlite3 ;;
	capture) echo softflowd wireshark-common ;;
	*)	echo "usage: packages.sh [-l]" \
		    "build|run|test|bench|cluster|lint|sheet|capture|deb ..." >&2
		return 2 ;;
	esac
}

list_only=no
if [ "${1-}" = -l ]; then
	list_only=yes
	shift
fi
[ $# -gt 0 ] || packages_of ''
wanted=
for purpose; do
	wanted="$wanted $(packages_of "$purpose")" || exit 2
done
wanted=$(printf '%s\n' $wanted | sort -u)
if [ $list_only = yes ]; then
	printf '%s\n' "$wanted"
	exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	cat >&2 <<END
This system has no apt-get.  flowdb needs what Debian calls
$(echo $wanted)
Install your system's packages of these, then run make and make check.
END
	exit 1
fi

missing=
for p in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) || :
	[ "$status" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	if ! command -v sudo >/dev/null; then
		echo "Missing packages, and no sudo here.  As root, run:" >&2
		echo "apt-get install$missing" >&2
		exit 1
	fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# sudo asks for the password on the terminal, not on stdin
apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	    -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1 && return
	cat "$log" >&2
	echo "Not installed: could not install$missing" >&2
	exit 1
}
echo "Installing$missing"
apt update
apt install --no-install-recommends $missing
# Debian starts what it installs.  An engine of its own configuration is of no
# use here: tests start theirs.
case " $missing " in
*" clickhouse-server "*)
	if [ -d /run/systemd/system ]; then
		$as_root systemctl -q disable --now clickhouse-server || :
	elif [ -x /etc/init.d/clickhouse-server ]; then
		$as_root /etc/init.d/clickhouse-server stop >/dev/null 2>&1 || :
	fi ;;
esac
# and nfcapd, on the port that flowdb.conf has
case " $missing " in
*" nfdump "*)
	if [ -d /run/systemd/system ] &&
	    systemctl -q is-active nfdump 2>/dev/null; then
		echo "Debian started nfcapd on port 2055; to stop it:" \
		    "systemctl disable --now nfdump"
	fi ;;
esac
