#!/bin/sh
# Completion for bash and zsh: the options are those of the programs, and zsh,
# where it is installed, offers what it should on a line that is being typed.
# (tests/e2e_man.sh tries what bash offers of flowq.)
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C
PATH=$BUILD:$PATH
# NAME: want and got are the same
same() {
	sort -u "$tmp/got" | diff "$tmp/want" - && [ -s "$tmp/want" ] &&
	    echo "ok completion $1" || echo "not ok completion $1"
}
# SOURCE: the options of a program; with "valued" those that take a value
options() {
	{ sed -n "s/^	{ \"\([a-z-]*\)\", ${2+required}.*/--\1/p" "$1"
	    sed -n '/short_options\[\]/,/;/s/.*":\(.*\)".*/\1/p' "$1" |
		if [ $# -gt 1 ]; then grep -o '[A-Za-z0-9]:'
		else grep -o '[A-Za-z0-9]'; fi | sed 's/\(.\).*/-\1/'
	} | sort -u >"$tmp/want"
}
# FILE: the options of a zsh completion, "-x+" taking a value
zsh_options() {
	sed -n '/_arguments/,$p' "$1" | grep -o -- "[{,'*]-[-A-Za-z0-9]*+*" |
	    sed 's/^.//'
}

for program in query/request.c:flowq collector/main.c:flowdbd; do
	source=${program%:*} name=${program#*:}
	file=scripts/$name.zsh-completion
	options "$source"
	zsh_options "$file" | tr -d + >"$tmp/got"
	same "zsh $name options"
	options "$source" valued
	{ zsh_options "$file" | sed -n 's/+$//p'
	    grep -o -- "'\**--[a-z-]*\[[^]]*\]:" "$file" |
		sed "s/'\**//; s/\[.*//"
	    grep -o -- "{-[A-Za-z]+,--[a-z]*}" "$file" |
		sed 's/.*,//; s/}//'
	    grep -o -- '\\\*--[a-z]*' "$file" | sed 's/..//'; } >"$tmp/got"
	same "zsh $name values"
done
options collector/main.c
bash -c '. scripts/flowdbd.bash-completion
    COMP_WORDS=(flowdbd -) COMP_CWORD=1
    _flowdbd
    printf "%s\n" "${COMPREPLY[@]}"' >"$tmp/got"
same "bash flowdbd options"
options collector/main.c valued
sed -n "s/^_flowdbd_valued='\(.*\)'/\1/p" scripts/flowdbd.bash-completion |
    tr ' ' '\n' | sed '/^$/d' >"$tmp/got"
same "bash flowdbd values"

if ! command -v zsh >/dev/null; then
	echo "skip completion zsh: not installed"
	exit 0
fi
mkdir "$tmp/zsh"
cp scripts/flowq.zsh-completion "$tmp/zsh/_flowq"
cp scripts/flowdbd.zsh-completion "$tmp/zsh/_flowdbd"
# NAME LINE: what zsh offers there
offers() {
	timeout 20 zsh -f tests/complete.zsh "$tmp/zsh" "$2" |
	    sed '/^$/d' >"$tmp/got"
	same "zsh $1"
}
listed() { tr ',' '\n' | sed 's/^ *//; /^$/d'; }

flowq help stats | sed '1,/^for -A/d; /^$/,$d' | listed | grep '^dst' |
    sort -u >"$tmp/want"
offers statistics "flowq -s dst"
printf 'dstip/%s\n' obpp obps obyte obytes >"$tmp/want"
offers stat-orders "flowq -s dstip/ob"
flowq help stats | sed '1,/^Orders/d' | listed | sort -u >"$tmp/want"
offers orders "flowq -O "
flowq help formats | sed '1d; /^$/,$d' | listed | grep ^c | sort -u \
    >"$tmp/want"
offers formats "flowq -o c"
echo srcip,dstport >"$tmp/want"
offers fields "flowq -A srcip,dstp"
echo port >"$tmp/want"
offers filter "flowq -n 5 src ip 10.1.2.3 and po"
printf 'and\nor\n' >"$tmp/want"
offers behind-test "flowq port 53 "
printf -- '--no-dns\n--no-index\n--no-rollup\n--no-spread\n' >"$tmp/want"
offers options "flowq --no"
printf -- '--expire\n--example\n' | sort >"$tmp/want"
offers daemon "flowdbd --ex"
