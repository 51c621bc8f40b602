#!/bin/sh
# Static checks of what is shipped: gcc's -fanalyzer, cppcheck and clang-tidy
# (.clang-tidy).  A tool that is not installed is skipped with a message: `make
# lint` installs nothing (scripts/packages.sh lint does).
#
#	scripts/lint.sh [analyzer] [cppcheck] [tidy]	these; none: all
#
# A file that was found good is not looked at again until it, a header of the
# tree or the checks change: $BUILD/lint remembers (make clean forgets).
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}" "${GCC:=gcc}"
[ $# -gt 0 ] || set -- analyzer cppcheck tidy
failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
defines='-D_GNU_SOURCE -DFLOWDB_VERSION="lint" -I.'
sources=$(printf '%s\n' schema/*.c collector/*.c query/*.c)

# CHECK COMMAND...: for each file, its name added; says nothing when all is good
each_file() {
	good=$BUILD/lint/$1
	shift
	mkdir -p "$good"
	common=$(cat scripts/lint.sh .clang-tidy schema/*.h schema/*.def \
	    collector/*.h query/*.h | cksum)
	for file in $sources; do
		mark=$good/$(echo "$file" | tr / -)
		[ "$(cat "$mark" 2>/dev/null)" = \
		    "$common $(cksum <"$file")" ] || echo "$file"
	done >"$log"
	xargs -P "$(nproc)" -I FILE sh -c '
		file=$1 good=$2 common=$3
		shift 3
		out=$("$@" "$file" 2>&1)
		rc=$?
		# "N warnings generated" counts those of system headers
		out=$(printf "%s\n" "$out" |
		    grep -v "^[0-9]* warnings\{0,1\} generated\.$")
		if [ "$rc" -eq 0 ] && [ -z "$out" ]; then
			echo "$common $(cksum <"$file")" \
			    >"$good/$(echo "$file" | tr / -)"
			exit 0
		fi
		printf "%s\n" "$out"
		exit 1
	' sh FILE "$good" "$common" "$@" <"$log" || failed=1
}

# malloc-leak: it takes what is stored in a structure of the caller for lost;
# clang-analyzer and LeakSanitizer look for leaks
analyzer() {
	if ! "$GCC" -fanalyzer -E -x c /dev/null >/dev/null 2>&1; then
		echo "skip analyzer: no gcc with -fanalyzer"
		return
	fi
	# shellcheck disable=SC2086
	each_file analyzer "$GCC" -std=c11 $defines -DGCC_ANALYZER -O2 \
	    -fanalyzer -Wno-analyzer-malloc-leak -Werror -c -o /dev/null
}

# it reads no system headers: what it must know of them
cppcheck_all() {
	if ! command -v cppcheck >/dev/null; then
		echo "skip cppcheck: not installed"
		return
	fi
	mkdir -p "$BUILD/lint/cppcheck"
	cppcheck -q -j "$(nproc)" --std=c11 --error-exitcode=1 \
	    --cppcheck-build-dir="$BUILD/lint/cppcheck" \
	    --enable=warning,performance,portability --inline-suppr \
	    '-DTAILQ_FOREACH(v,h,f)=for(v=(h)->tqh_first;v;v=v->f.tqe_next)' \
	    '-DNULL=((void *)0)' \
	    -D_GNU_SOURCE -I. schema collector query || failed=1
}

# as clang-tidy wants them, the file is not the last word
one_tidy() {
	# shellcheck disable=SC2086
	each_file tidy sh -c 'clang-tidy --quiet "$2" -- -std=c11 $1' sh \
	    "$defines"
}

for check; do
	case $check in
	analyzer) analyzer ;;
	cppcheck) cppcheck_all ;;
	tidy)
		if command -v clang-tidy >/dev/null 2>&1; then
			one_tidy
		else
			echo "skip clang-tidy: not installed"
		fi
		;;
	*) echo "lint.sh: no check '$check'" >&2; exit 2 ;;
	esac
done
exit $failed
