/*
 * Filters as C: see brute.h.  The list is brute_filters.def; each row becomes
 * a function here.
 */
#include "tests/brute.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

static bool
same(const struct addr *a, const char *text)
{
	struct addr b;

	return addr_parse(text, strlen(text), &b) == 0 && addr_cmp(a, &b) == 0;
}

static bool
within(const struct addr *a, const char *text, unsigned bits)
{
	struct addr net;

	if (addr_parse(text, strlen(text), &net) == -1 || a->len != net.len)
		return false;
	for (unsigned i = 0; i < bits; i++) {
		if (((a->bytes[i / 8] ^ net.bytes[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	}
	return true;
}

#define src_is(f, text)		same(&(f)->src_addr, text)
#define dst_is(f, text)		same(&(f)->dst_addr, text)
#define src_in(f, text, bits)	within(&(f)->src_addr, text, bits)
#define dst_in(f, text, bits)	within(&(f)->dst_addr, text, bits)
#define number(f, name) \
	(flow_has(f, COL_##name) ? (int64_t)(f)->name : INT64_C(-1))
#define tcp(f)			(number(f, proto) == 6)

static bool
below(int64_t v, int64_t limit)
{
	return v >= 0 && v < limit;
}

int64_t
brute_count(const struct flow *f, enum column c, bool raw)
{
	uint64_t v = c == COL_packets ? f->packets : f->bytes;

	if (!flow_has(f, c))
		return -1;
	if (!raw && flow_has(f, COL_sampling))
		v *= f->sampling;
	return (int64_t)v;
}

uint64_t
brute_rate(uint64_t count, uint64_t factor, int64_t duration_ms)
{
	if (duration_ms <= 0)
		return 0;
	return (uint64_t)((wide)count * factor / (uint64_t)duration_ms);
}

static int64_t
rate(const struct flow *f, int64_t count, uint64_t factor)
{
	if (count < 0)
		return -1;
	return (int64_t)brute_rate((uint64_t)count, factor, f->duration_ms);
}

static int64_t
per_packet(int64_t packets, int64_t bytes)
{
	if (packets < 0 || bytes < 0)
		return -1;
	return packets == 0 ? 0 : bytes / packets;
}

#define FILTER(name, text, expr) \
static bool \
match_##name(const struct flow *f, bool raw) \
{ \
	int64_t packets = brute_count(f, COL_packets, raw); \
	int64_t bytes = brute_count(f, COL_bytes, raw); \
	uint8_t flags = tcp(f) && flow_has(f, COL_tcp_flags) ? \
	    f->tcp_flags : 0; \
	(void)packets, (void)bytes, (void)flags; \
	return expr; \
}
#include "tests/brute_filters.def"
#undef FILTER

static const struct brute_filter filters[] = {
#define FILTER(name, text, expr) { #name, text, match_##name },
#include "tests/brute_filters.def"
#undef FILTER
};

#define N_FILTERS	(sizeof(filters) / sizeof(filters[0]))

const struct brute_filter *
brute_filter_at(size_t i)
{
	return i < N_FILTERS ? &filters[i] : NULL;
}

const struct brute_filter *
brute_filter_find(const char *name)
{
	for (size_t i = 0; i < N_FILTERS; i++) {
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
	}
	return NULL;
}
