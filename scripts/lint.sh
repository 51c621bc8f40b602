#!/bin/sh
# Static checks of what is shipped: clang-tidy (.clang-tidy) and cppcheck.  A
# tool that is not installed is skipped with a message: `make lint` installs
# nothing (scripts/packages.sh lint does).
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# "N warnings generated" counts what was suppressed in system headers
if command -v clang-tidy >/dev/null 2>&1; then
	printf '%s\n' schema/*.c collector/*.c query/*.c |
	    xargs -P "$(nproc)" -I FILE clang-tidy --quiet FILE -- -std=c11 \
	    -D_GNU_SOURCE '-DFLOWDB_VERSION="lint"' -I. >"$log" 2>&1 ||
	    failed=1
	grep -v '^[0-9]* warnings generated\.$' "$log"
else
	echo "skip clang-tidy: not installed"
fi

# it reads no system headers: what it must know of them
if command -v cppcheck >/dev/null; then
	cppcheck -q -j "$(nproc)" --std=c11 --error-exitcode=1 \
	    --enable=warning,performance,portability --inline-suppr \
	    '-DTAILQ_FOREACH(v,h,f)=for(v=(h)->tqh_first;v;v=v->f.tqe_next)' \
	    '-DNULL=((void *)0)' \
	    -D_GNU_SOURCE -I. schema collector query || failed=1
else
	echo "skip cppcheck: not installed"
fi
exit $failed
