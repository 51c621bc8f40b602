#!/bin/sh
# The documentation tells the truth: examples of flowq(1) run and find flows,
# the manual names every option, filter word, statistic, order, format and
# field that the program knows and no others, the console blocks of README run
# and print what stands there, completion offers what there is.
#
# A console block is a "$ command" and its whole output; a line that begins
# with "Sys:" tells of the run and is not compared.
set -u
: "${BUILD:=build}"
root=$PWD
case $BUILD in
/*)	bin=$BUILD ;;
*)	bin=$root/$BUILD ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export TZ=UTC LC_ALL=C
unset FLOWDB_DIR
manual=$root/query/flowq.1

# result NAME COMMAND...
result() {
	name=$1
	shift
	if "$@" >"$tmp/said" 2>&1; then
		echo "ok man $name"
	else
		cat "$tmp/said"
		echo "not ok man $name"
	fi
}

# A day of flows, and the last hour.
make_data() {
	"$bin/flowgen" --flows 30000 --hours 24 \
	    --start 2016-04-10T11:00:00Z --pcap "$tmp/day.pcap" &&
	    "$bin/flowgen" --flows 2000 --hours 1 \
	    --start $(($(date +%s) - 3600)) --pcap "$tmp/now.pcap" &&
	    "$bin/flowdbd" -l "$tmp/cisco" -r "$tmp/day.pcap" &&
	    "$bin/flowdbd" -l "$tmp/cisco" -r "$tmp/now.pcap"
}

# The commands of a section, one a line, as typed.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/s/^\.Dl //p' "$manual" |
	    sed 's/\\(dq/"/g'
}

# Runs a command line; rows begin with a number or a time.
finds_flows() {
	(cd "$tmp" && PATH=$bin:$PATH && rm -f top.csv day.html &&
	    eval "$1" >out && { [ ! -e top.csv ] || cp top.csv out; } &&
	    { [ ! -e day.html ] ||
		sed -n 's/.*<data value=//p' day.html >out; }) &&
	    grep -Eq '^"?[0-9]' "$tmp/out"
}

result data make_data
examples | sed "s|/srv/netflow/cisco|$tmp/cisco|g" >"$tmp/examples"
result has-examples [ "$(wc -l <"$tmp/examples")" -ge 10 ]
n=0
while read -r line; do
	n=$((n + 1))
	result "example $n" finds_flows "$line"
done <"$tmp/examples"

if command -v mandoc >/dev/null; then
	result lint sh -c 'out=$(mandoc -Tlint -W warning "$1" 2>&1)
	    echo "$out"; [ -z "$out" ]' sh "$manual"
else
	echo "skip man lint: there is no mandoc"
fi

# ".It Oo Cm src | dst Oc Cm nat ip Ar address" to the phrases it stands for.
phrases() {
	sed -n '/^\.Sh FILTER LANGUAGE/,/^\.Sh STATISTICS/s/^\.It //p' \
	    "$manual" | awk '
	{
		n = 1
		p[1] = ""
		literal = choice = 0
		for (i = 1; i <= NF && $i != "Ar"; i++) {
			if ($i == "Oo") {
				choice = 1
				k = 1
				c[1] = ""
			} else if ($i == "Oc") {
				for (a = k; a >= 1; a--)
					for (b = 1; b <= n; b++)
						q[(a - 1) * n + b] = p[b] c[a]
				n *= k
				for (a = 1; a <= n; a++)
					p[a] = q[a]
				choice = 0
			} else if ($i == "Cm" || $i == "|") {
				continue
			} else if (choice) {
				c[++k] = $i " "
			} else {
				for (a = 1; a <= n; a++)
					p[a] = p[a] $i " "
			}
		}
		for (a = 1; a <= n; a++)
			print p[a]
	}' | awk '
	/labelN|expN/ {
		for (i = 1; i <= 10; i++) {
			s = $0
			sub(/N /, i " ", s)
			print s
		}
		next
	}
	{ print }' | sed 's/ *$//' | sort -u
}

# The names that help prints in lists: "  a, b, c".
listed() {
	tr ',' '\n' | sed 's/^ *//; s/ *$//; /^$/d' | sort -u
}

same() {
	diff "$tmp/want" "$tmp/got"
}

"$bin/flowq" help filter | sed '1,/^Words/d' | listed >"$tmp/want"
phrases >"$tmp/got"
result filter-words same

# record is a statistic too; srcnet and dstnet are for -A alone
{ "$bin/flowq" help stats | sed '1,/^for -A/d; /^$/,$d' | listed
    echo record; } | sort -u >"$tmp/want"
sed -n '/^\.Sh STATISTICS/,/^\.Sh TIME/s/^\.It Cm //p' "$manual" |
    tr ' ' '\n' | sort -u >"$tmp/got"
result statistics same

# words of Cm macros below the list of statistics
"$bin/flowq" help stats | sed '1,/^Orders/d' | listed >"$tmp/want"
sed -n '/^Orders are/,/^\.Sh TIME/s/^\.Cm //p' "$manual" |
    tr -d ',.' | tr ' ' '\n' | sed '/^$/d' | sort -u >"$tmp/got"
result orders same

"$bin/flowq" help formats | sed '1d; /^$/,$d' | listed | tr -d : |
    sort -u >"$tmp/want"
sed -n '/^\.Sh FORMATS/,/^Columns of/s/^\.It Cm //p' "$manual" |
    sed 's/ :.*//' | listed >"$tmp/got"
result formats same

"$bin/flowq" help formats | sed '1,/^Either/d' | tr -s ' ' '\n' |
    sed '/^$/d' | sort -u >"$tmp/want"
sed -n '/^by tag and name/,/^\.Ed/p' "$manual" | sed '/^\.\|^by/d; s/\\&//' |
    tr -s ' ' '\n' | sed '/^$/d' | sort -u >"$tmp/got"
result fields same

# options of the program: from the usage text, and from the source's table
{ "$bin/flowq" --help | grep -o -- '--[a-z-]*[a-z]'
    sed -n 's/^	{ "\([a-z-]*\)".*/--\1/p' query/request.c
    sed -n 's/^    ":\(.*\)";/\1/p' query/request.c | tr -d : |
    sed 's/./-&\n/g'; } | sed '/^-*$/d' | sort -u >"$tmp/want"
sed -n '/^\.Sh DESCRIPTION/,/^\.Sh FILTER/s/^\.It Fl //p' "$manual" |
    sed 's/\(, [^ ]*\)* Ar.*/\1/; s/ Ar .*//' | tr -d ',' | tr ' ' '\n' |
    sed '/^$/d; s/^/-/' | sort -u >"$tmp/got"
result options same

# completion: what it lists is what the program has
completes() {
	bash -c '. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	    _flowq
	    printf "%s\n" "${COMPREPLY[@]}"' bash \
	    "$root/scripts/flowq.bash-completion" flowq "$@" |
	    sed 's/ *$//' | sort -u
}

if [ ! -x "$(command -v bash)" ]; then
	echo "skip man completion: there is no bash"
else
	PATH=$bin:$PATH
	{ sed -n 's/^	{ "\([a-z-]*\)".*/--\1/p' query/request.c; } |
	    sort -u >"$tmp/want"
	completes -- >"$tmp/got"
	result complete-options same
	"$bin/flowq" help stats | sed '1,/^for -A/d; /^$/,$d' | listed |
	    grep '^dst' | sort -u >"$tmp/want"
	completes -s dst >"$tmp/got"
	result complete-statistics same
	completes -s dstip/ob >"$tmp/got"
	printf 'dstip/%s\n' obpp obps obyte obytes | sort >"$tmp/want"
	result complete-stat-orders same
	"$bin/flowq" help stats | sed '1,/^Orders/d' | listed >"$tmp/want"
	completes -O '' >"$tmp/got"
	result complete-orders same
	"$bin/flowq" help formats | sed '1d; /^$/,$d' | listed >"$tmp/want"
	completes -o '' >"$tmp/got"
	result complete-formats same
	completes -n 5 src ip 10.1.2.3 and po >"$tmp/got"
	echo port >"$tmp/want"
	result complete-filter same
	completes bgp next '' >"$tmp/got"
	echo ip >"$tmp/want"
	result complete-phrase same
	completes port 53 '' >"$tmp/got"
	printf 'and\nor\n' >"$tmp/want"
	result complete-behind-test same
	# those with a value: "x:" and required_argument
	{ sed -n 's/^	{ "\([a-z-]*\)", required.*/--\1/p' query/request.c
	    sed -n 's/^    ":\(.*\)";/\1/p' query/request.c |
		grep -o '.:' | sed 's/\(.\):/-\1/'; } | sort >"$tmp/want"
	sed -n "s/^_flowq_valued='\(.*\)'/\1/p" \
	    scripts/flowq.bash-completion | tr ' ' '\n' | sed '/^$/d' |
	    sort >"$tmp/got"
	result complete-valued same
	completes -A srcip,dstp >"$tmp/got"
	echo srcip,dstport >"$tmp/want"
	result complete-fields same
fi

# README: blocks one after the other in one folder
mkdir "$tmp/readme"
ln -s "$bin" "$tmp/readme/build"
ln -s "$root/tests" "$tmp/readme/tests"
awk '/^```console$/ { on = 1; next }
    /^```/ { on = 0 }
    on' README.md >"$tmp/console"
sed -n 's/^\$ //p' "$tmp/console" >"$tmp/commands"
result readme-has-commands [ "$(wc -l <"$tmp/commands")" -ge 5 ]

# The n-th command's output, as README shows it.
shown() {
	awk -v n="$1" '/^\$ / { k++; next } k == n' "$tmp/console"
}

compared() {
	tr -d '\r' | grep -v '^Sys: '
}

n=0
while read -r line; do
	n=$((n + 1))
	case $line in
	*.load*)
		if nm -D "$bin/flowdb.so" | grep -q __asan; then
			echo "skip man readme $n: sqlite3 loads no sanitized" \
			    "extension"
			continue
		fi ;;
	esac
	shown "$n" | compared >"$tmp/want"
	(cd "$tmp/readme" && eval "$line") <"/dev/null" >"$tmp/out" 2>&1
	rc=$?
	compared <"$tmp/out" >"$tmp/got"
	result "readme $n status" [ $rc -eq 0 ]
	result "readme $n" same
done <"$tmp/commands"
