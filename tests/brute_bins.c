/*
 * A time series the plain way: see brute.h.  Every flow is held against every
 * bin; bins have one length on a clock that is never changed.
 */
#include "tests/brute.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/proto.h"
#include "tests/gen.h"

__extension__ typedef unsigned __int128 wide;

struct cell {
	uint64_t	flows;
	uint64_t	packets;
	uint64_t	bytes;
};

int64_t
brute_bin_start(const struct brute_bins *b, int64_t ms)
{
	int64_t clock = ms + b->zone_ms;

	return clock - clock % b->bin_ms - b->zone_ms;
}

/* What of a counter came from one moment to another. */
static uint64_t
part(const struct brute_bins *b, const struct flow *f, int64_t count,
    int64_t from, int64_t to)
{
	int64_t end = f->first_ms + f->duration_ms;
	uint64_t upto[2];

	if (count < 0)
		return 0;
	if (f->duration_ms == 0 || !b->spread)
		return f->first_ms >= from && f->first_ms < to ?
		    (uint64_t)count : 0;
	for (int i = 0; i < 2; i++) {
		int64_t t = i == 0 ? from : to;

		if (t < f->first_ms)
			t = f->first_ms;
		if (t > end)
			t = end;
		upto[i] = (uint64_t)((wide)count * (wide)(t - f->first_ms) /
		    (wide)f->duration_ms);
	}
	return upto[1] - upto[0];
}

static void
add(const struct brute_bins *b, const struct flow *f, int64_t from,
    struct cell *c)
{
	int64_t to = from + b->bin_ms;

	c->flows += f->first_ms >= from && f->first_ms < to;
	c->packets += part(b, f, brute_count(f, COL_packets, b->raw), from, to);
	c->bytes += part(b, f, brute_count(f, COL_bytes, b->raw), from, to);
}

/* Adds the flow under its keys of top, or behind them. */
static void
add_to_keys(const struct brute_bins *b, const struct gen *g,
    const struct flow *f, int64_t from, struct cell *cells)
{
	bool both = b->stat != NULL &&
	    b->stat->stat->side[0] != b->stat->stat->side[1];
	bool found = false;

	for (size_t i = 0; i < b->n_top; i++) {
		struct brute_key k;

		for (int side = 0; side <= (int)both; side++) {
			if (!brute_key_of(b->stat, g, f, side, &k) ||
			    brute_key_cmp(&k, &b->top[i].key) != 0)
				continue;
			add(b, f, from, &cells[i]);
			found = true;
			break;
		}
	}
	if (!found)
		add(b, f, from, &cells[b->n_top]);
}

static void
print_key(const struct brute_bins *b, size_t i)
{
	const struct brute_question *q = b->stat;
	char text[ADDR_TEXT_MAX] = "other";
	const char *name;

	if (i < b->n_top && q->by_proto) {
		name = proto_name(b->top[i].key.minor[1]);
		if (name != NULL)
			(void)printf(",\"%s\"", name);
		else
			(void)printf(",\"%" PRIu32 "\"",
			    b->top[i].key.minor[1]);
	} else if (q->by_proto) {
		(void)printf(",\"\"");
	}
	if (i < b->n_top && q->stat->kind == KIND_ADDR)
		(void)addr_format(&b->top[i].key.src, text);
	else if (i < b->n_top)
		(void)snprintf(text, sizeof(text), "%" PRIu32,
		    b->top[i].key.major);
	if (i < b->n_top && q->stat->kind == KIND_PROTO &&
	    (name = proto_name(b->top[i].key.major)) != NULL)
		(void)snprintf(text, sizeof(text), "%s", name);
	(void)printf(",\"%s\"", text);
}

static void
print_bin(const struct brute_bins *b, int64_t from, const struct cell *cells)
{
	time_t t = (time_t)(from / 1000);
	char start[24];
	struct tm tm;

	(void)strftime(start, sizeof(start), "%Y-%m-%d %H:%M:%S",
	    gmtime_r(&t, &tm));
	for (size_t i = 0; i <= b->n_top; i++) {
		(void)printf("\"%s\",\"%" PRId64 "\"", start,
		    b->bin_ms / 1000);
		if (b->stat != NULL)
			print_key(b, i);
		(void)printf(",\"%" PRIu64 "\",\"%" PRIu64 "\",\"%" PRIu64
		    "\",\"%" PRIu64 "\"\r\n", cells[i].flows,
		    cells[i].packets, cells[i].bytes,
		    brute_rate(cells[i].bytes, 8000, b->bin_ms));
	}
}

int
brute_print_bins(const struct brute_bins *b, const struct gen *g,
    const struct flow *v, size_t n)
{
	struct cell *cells = calloc(b->n_top + 1, sizeof(*cells));

	if (cells == NULL)
		return -1;
	(void)printf("\"bin_start_utc\",\"bin_sec\",%s",
	    b->stat != NULL && b->stat->by_proto ? "\"proto\"," : "");
	if (b->stat != NULL)
		(void)printf("\"%s\",", b->stat->stat->name);
	(void)printf("\"flows\",\"packets\",\"bytes\",\"bps\"\r\n");
	for (int64_t at = b->from_ms; at <= b->to_ms; at += b->bin_ms) {
		memset(cells, 0, (b->n_top + 1) * sizeof(*cells));
		for (size_t i = 0; i < n; i++)
			add_to_keys(b, g, &v[i], at, cells);
		print_bin(b, at, cells);
	}
	free(cells);
	return 0;
}
