# flowdb: collector flowdbd, query tool flowq, SQLite extension flowdb.so.
#
#	make		build/flowdbd build/flowq build/flowdb.so
#	make check	all tests
#	make torture	20 rounds of kill -9 and more; a few minutes
#	make soak	10 minutes at 100 000 flows a second: memory and losses
#	make asan	all tests under ASan and UBSan
#	make faults	storage and memory failing at every step; an hour
#	make tsan	threads under ThreadSanitizer
#	make coverage	lines and branches that tests reach
#	make fuzz	all fuzz targets by libFuzzer (clang); SECONDS=60 each
#	make lint	include rules, gcc -fanalyzer, cppcheck, clang-tidy
#	make includes	include rules alone
#	make bench	beside nfdump, in 5 minutes; N=flows
#	make bench-scale	growth with flows and shards, 20 minutes
#	make bench-cost	instructions a flow, by valgrind
#	make bench-cluster	shipping to ClickHouse and asking there
#	make golden	renew generated files that tests compare (review the diff)
#	make GEO=	without libmaxminddb, where it would be found
#	make install	PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=
#	make uninstall	takes away what install placed, but no configuration
#	make deb	build/flowdb_VERSION_ARCH.deb
#	make dist	build/flowdb-VERSION.tar.gz, of what is committed
#	make check-deb	installs, upgrades, purges the package in a fresh Debian,
#			builds the tarball elsewhere; 2 minutes, as root
#
# Each folder is a library; main.c of collector and query makes the program.
# Objects go to $(BUILD); CFLAGS and LDFLAGS are the user's, ours are apart.

VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes
# -fcf-protection is for x86 only
optional = $(shell echo | $(CC) $(1) -x c -S -o - - >/dev/null 2>&1 && \
	echo $(1))
CF_PROTECTION := $(call optional,-fcf-protection=full)
HARDEN = -fPIC -fstack-protector-strong -fstack-clash-protection \
	$(CF_PROTECTION) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
# clang defines no _FORTIFY_SOURCE effect without optimisation, and
# sanitizers want it off
ifneq ($(SANITIZE),)
HARDEN = -fPIC -fno-omit-frame-pointer
SAN = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DFLOWDB_VERSION='"$(VERSION)"' -I. \
	$(WARN) $(HARDEN) $(SAN) -MMD -MP -pthread $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,-z,relro,-z,now,-z,noexecstack $(SAN) $(LDFLAGS)

SCHEMA_LIBS = -lsqlite3 -ldl
# schema/curl.c loads it where it is called for: flowq starts without, of the
# daemon's needs it is one for all to see
COLLECTOR_LIBS = -lev -lconfuse -lcsv -lpcap -lz -lm \
	-Wl,--no-as-needed -lcurl
QUERY_LIBS = -lcsv -lconfuse -lm
# countries and AS numbers of addresses, where the library is; GEO= is without
GEO := $(shell echo '\#include <maxminddb.h>' | \
	$(CC) $(CFLAGS) -x c -E - >/dev/null 2>&1 && echo yes)
ifneq ($(GEO),)
QUERY_LIBS += -lmaxminddb
endif
TEST_LIBS = -lcriterion

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SCHEMA_SRC = $(filter-out schema/extension.c,$(wildcard schema/*.c))
COLLECTOR_SRC = $(filter-out collector/main.c,$(wildcard collector/*.c))
QUERY_SRC = $(filter-out query/main.c $(if $(GEO),query/geo_none.c,\
	query/geo.c query/geo_walk.c),$(wildcard query/*.c))
# script.c is the tests' alone: it needs criterion
TEST_SRC = $(wildcard tests/test_*.c) tests/script.c
# what tests and their helper programs share
SUPPORT_SRC = $(filter-out $(TEST_SRC) $(wildcard tests/prog_*.c),\
	$(wildcard tests/*.c))
PROGS = $(patsubst tests/prog_%.c,$(BUILD)/%,$(wildcard tests/prog_*.c))
FUZZ = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS = $(FUZZ:%=$(BUILD)/replay_%)

all: $(patsubst collector/main.c,$(BUILD)/flowdbd,$(wildcard collector/main.c)) \
	$(patsubst query/main.c,$(BUILD)/flowq,$(wildcard query/main.c)) \
	$(patsubst schema/extension.c,$(BUILD)/flowdb.so,$(wildcard schema/extension.c))

$(BUILD)/flowdbd: $(call obj,collector/main.c $(COLLECTOR_SRC) $(SCHEMA_SRC))
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(COLLECTOR_LIBS) $(SCHEMA_LIBS)

$(BUILD)/flowq: $(call obj,query/main.c $(QUERY_SRC) $(SCHEMA_SRC))
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(QUERY_LIBS) $(SCHEMA_LIBS)

# SQLite is the loading program's: the extension brings only our code
$(BUILD)/flowdb.so: $(call obj,schema/extension.c schema/addr.c)
	$(CC) $(ALL_LDFLAGS) -shared -o $@ $^

$(BUILD)/check: $(call obj,$(TEST_SRC) $(SUPPORT_SRC) $(COLLECTOR_SRC) \
		$(QUERY_SRC) $(SCHEMA_SRC))
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(COLLECTOR_LIBS) $(QUERY_LIBS) \
		$(SCHEMA_LIBS) $(TEST_LIBS)

# helper programs of the tests: generator, brute force, ...; an archive, so
# that each takes only what it needs of the support code (no criterion)
$(BUILD)/support.a: $(call obj,$(SUPPORT_SRC))
	rm -f $@
	$(AR) rcs $@ $^

$(PROGS): $(BUILD)/%: $(BUILD)/obj/tests/prog_%.o $(BUILD)/support.a \
		$(call obj,$(COLLECTOR_SRC) $(QUERY_SRC) $(SCHEMA_SRC))
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(COLLECTOR_LIBS) $(QUERY_LIBS) \
		$(SCHEMA_LIBS)

# a fuzz target over the files of its corpus, with any compiler
fuzz_libs = $(call obj,tests/fuzz/fuzz.c tests/fuzz/base_shard.c) \
	$(BUILD)/support.a \
	$(BUILD)/folders.a

$(BUILD)/folders.a: $(call obj,$(COLLECTOR_SRC) $(QUERY_SRC) $(SCHEMA_SRC))
	rm -f $@
	$(AR) rcs $@ $^

$(REPLAYS): $(BUILD)/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o \
		$(BUILD)/obj/tests/fuzz/replay.o $(fuzz_libs)
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(COLLECTOR_LIBS) $(QUERY_LIBS) \
		$(SCHEMA_LIBS)

# the same with libFuzzer, and its own mutations where there are some
$(FUZZ:%=$(BUILD)/fuzz_%): $(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o \
		$(call obj,$(wildcard tests/fuzz/mutate_*.c)) $(fuzz_libs)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ \
		$(filter-out $(BUILD)/obj/tests/fuzz/mutate_%,$^) \
		$(filter %/mutate_$*.o,$^) $(COLLECTOR_LIBS) $(QUERY_LIBS) \
		$(SCHEMA_LIBS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d)

# storage that fails, to be preloaded by tests
$(BUILD)/faults.so: tests/faults/faults.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -fPIC -shared -pthread $(CFLAGS) -o $@ $< -ldl

check: check-programs
	BUILD=$(BUILD) tests/run.sh

check-programs: all $(BUILD)/check $(PROGS) $(REPLAYS) $(BUILD)/faults.so

torture: all $(PROGS)
	BUILD=$(BUILD) ROUNDS=20 FLOWS=4000000 PPS=5000 tests/e2e_reliability.sh

soak: all $(PROGS)
	BUILD=$(BUILD) tests/soak.sh

asan:
	$(MAKE) BUILD=build-asan SANITIZE=address,undefined CFLAGS='-O1 -g' check

SECONDS ?= 60
faults: all $(BUILD)/flowgen $(BUILD)/faults.so
	FULL=1 BUILD=$(BUILD) tests/e2e_faults.sh

# TARGETS, MERGE: see the script
fuzz:
	$(MAKE) BUILD=build-fuzz CC=clang CFLAGS='-O1 -g' \
		SANITIZE=fuzzer-no-link,address,undefined fuzz-programs
	SECONDS_EACH=$(SECONDS) scripts/fuzz.sh

fuzz-programs: $(FUZZ:%=$(BUILD)/fuzz_%)

# the tests whose threads meet: ingest, sealing, reload, readers
tsan:
	$(MAKE) BUILD=build-tsan SANITIZE=thread CFLAGS='-O1 -g' tsan-tests

tsan-tests: all $(PROGS)
	BUILD=$(BUILD) scripts/tsan.sh

# lines and branches that the tests reach, by folder.  gnu11: gcov writes before
# an exec only where that is the compiler's builtin.  The files of counts
# are there before a daemon that became another user writes to them.
COVERAGE = BUILD=build-cov CFLAGS='-O0 -g -std=gnu11 --coverage' \
	LDFLAGS=--coverage
coverage:
	$(MAKE) $(COVERAGE) check-programs
	find build-cov/obj -name '*.gcno' | sed 's/gcno$$/gcda/' | \
		xargs -I FILE sh -c 'rm -f FILE; : >FILE; chmod a+rw FILE'
	-$(MAKE) $(COVERAGE) check
	-BUILD=build-cov scripts/test-cluster.sh
	-BUILD=build-cov scripts/test-backend.sh
	BUILD=build-cov scripts/coverage.sh

golden: $(BUILD)/check
	GOLDEN=1 $(BUILD)/check --filter 'golden/*'

# N, ROUNDS, ...: see the scripts
bench bench-scale bench-cost bench-cluster: all $(BUILD)/flowgen $(BUILD)/measure
	BUILD=$(BUILD) scripts/$@.sh

lint: includes
	scripts/lint.sh

includes:
	scripts/check-includes.sh

# Configuration and data are the admin's: an existing flowdb.conf is never
# touched, uninstall leaves it.
SHARE = $(DESTDIR)$(PREFIX)/share
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
# where zsh looks: for packages, and for what is installed by hand
ZSHDIR = $(SHARE)/zsh/$(if $(PREFIX:/usr=),site-functions,vendor-completions)
SYSUSERSDIR = $(DESTDIR)$(PREFIX)/lib/sysusers.d

install: all
	install -D -m 755 $(BUILD)/flowdbd $(DESTDIR)$(PREFIX)/sbin/flowdbd
	install -D -m 755 $(BUILD)/flowq $(DESTDIR)$(PREFIX)/bin/flowq
	install -D -m 644 $(BUILD)/flowdb.so $(DESTDIR)$(PREFIX)/lib/flowdb/flowdb.so
	install -D -m 644 collector/flowdbd.8 $(SHARE)/man/man8/flowdbd.8
	install -D -m 644 collector/flowdb.conf.5 $(SHARE)/man/man5/flowdb.conf.5
	install -D -m 644 collector/flowdb-exporters.7 \
		$(SHARE)/man/man7/flowdb-exporters.7
	install -D -m 644 query/flowq.1 $(SHARE)/man/man1/flowq.1
	install -D -m 644 scripts/flowq.bash-completion \
		$(SHARE)/bash-completion/completions/flowq
	install -D -m 644 scripts/flowdbd.bash-completion \
		$(SHARE)/bash-completion/completions/flowdbd
	install -D -m 644 scripts/flowq.zsh-completion $(ZSHDIR)/_flowq
	install -D -m 644 scripts/flowdbd.zsh-completion $(ZSHDIR)/_flowdbd
	install -D -m 644 flowdb.conf.example \
		$(SHARE)/doc/flowdb/flowdb.conf.example
	install -D -m 644 README.md $(SHARE)/doc/flowdb/README.md
	install -D -m 644 scripts/flowdb.sysusers $(SYSUSERSDIR)/flowdb.conf
	install -d $(UNITDIR) $(DESTDIR)$(SYSCONFDIR)/flowdb
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
		scripts/flowdb.service >$(UNITDIR)/flowdb.service
	chmod 644 $(UNITDIR)/flowdb.service
	[ -e $(DESTDIR)$(SYSCONFDIR)/flowdb/flowdb.conf ] || install -m 644 \
		flowdb.conf.example $(DESTDIR)$(SYSCONFDIR)/flowdb/flowdb.conf

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/flowdbd $(DESTDIR)$(PREFIX)/bin/flowq \
		$(DESTDIR)$(PREFIX)/lib/flowdb/flowdb.so \
		$(SHARE)/man/man8/flowdbd.8 $(SHARE)/man/man5/flowdb.conf.5 \
		$(SHARE)/man/man7/flowdb-exporters.7 \
		$(SHARE)/man/man1/flowq.1 $(UNITDIR)/flowdb.service \
		$(SHARE)/bash-completion/completions/flowq \
		$(SHARE)/bash-completion/completions/flowdbd \
		$(ZSHDIR)/_flowq $(ZSHDIR)/_flowdbd \
		$(SYSUSERSDIR)/flowdb.conf
	rm -rf $(SHARE)/doc/flowdb
	-rmdir $(DESTDIR)$(PREFIX)/lib/flowdb 2>/dev/null || :

deb: all
	BUILD=$(BUILD) VERSION=$(VERSION) scripts/make-deb.sh

dist:
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=flowdb-$(VERSION)/ HEAD | \
		gzip -9n >$(BUILD)/flowdb-$(VERSION).tar.gz

check-deb: deb dist
	BUILD=$(BUILD) VERSION=$(VERSION) tests/check_deb.sh

clean:
	rm -rf build build-asan build-fuzz build-tsan build-cov

.PHONY: all check check-programs torture soak faults asan tsan tsan-tests \
	coverage fuzz fuzz-programs bench bench-scale bench-cost \
	bench-cluster golden lint \
	includes install uninstall deb dist check-deb clean
.SECONDARY:
