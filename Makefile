# flowdb: collector flowdbd, query tool flowq, SQLite extension flowdb.so.
#
#	make		build/flowdbd build/flowq build/flowdb.so
#	make check	all tests
#	make asan	all tests under ASan and UBSan
#	make lint	include rules, clang-tidy, cppcheck
#	make golden	renew generated files that tests compare (review the diff)
#	make install	PREFIX=/usr/local DESTDIR=
#
# Each folder is a library; main.c of collector and query makes the program.
# Objects go to $(BUILD); CFLAGS and LDFLAGS are the user's, ours are apart.

VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes
HARDEN = -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2
# clang defines no _FORTIFY_SOURCE effect without optimisation, and
# sanitizers want it off
ifneq ($(SANITIZE),)
HARDEN = -fPIC -fno-omit-frame-pointer
SAN = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DFLOWDB_VERSION='"$(VERSION)"' -I. \
	$(WARN) $(HARDEN) $(SAN) -MMD -MP -pthread $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,-z,relro,-z,now $(SAN) $(LDFLAGS)

SCHEMA_LIBS = -lsqlite3
COLLECTOR_LIBS = -lev -lconfuse -lpcap -lm
QUERY_LIBS = -lcsv -lm
TEST_LIBS = -lcriterion

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SCHEMA_SRC = $(filter-out schema/extension.c,$(wildcard schema/*.c))
COLLECTOR_SRC = $(filter-out collector/main.c,$(wildcard collector/*.c))
QUERY_SRC = $(filter-out query/main.c,$(wildcard query/*.c))
TEST_SRC = $(wildcard tests/test_*.c)
# what tests and their helper programs share
SUPPORT_SRC = $(filter-out $(TEST_SRC) $(wildcard tests/prog_*.c),\
	$(wildcard tests/*.c))
PROGS = $(patsubst tests/prog_%.c,$(BUILD)/%,$(wildcard tests/prog_*.c))

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

# helper programs of the tests: generator, brute force, ...
$(PROGS): $(BUILD)/%: $(BUILD)/obj/tests/prog_%.o \
		$(call obj,$(SUPPORT_SRC) $(COLLECTOR_SRC) $(QUERY_SRC) $(SCHEMA_SRC))
	$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(COLLECTOR_LIBS) $(QUERY_LIBS) \
		$(SCHEMA_LIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/obj/*/*.d)

check: all $(BUILD)/check $(PROGS)
	BUILD=$(BUILD) tests/run.sh

asan:
	$(MAKE) BUILD=build-asan SANITIZE=address,undefined CFLAGS='-O1 -g' check

golden: $(BUILD)/check
	GOLDEN=1 $(BUILD)/check --filter 'golden/*'

lint:
	scripts/check-includes.sh

clean:
	rm -rf build build-asan

.PHONY: all check asan golden lint clean
.SECONDARY:
