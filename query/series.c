/* Flows into bins: see series.h. */
#include "query/series.h"

#include <stdlib.h>
#include <string.h>

#include "query/group.h"

__extension__ typedef unsigned __int128 wide;

int
series_init(struct series *s, struct bins *bins, size_t memory,
    struct err *err)
{
	*s = (struct series){ .bins = *bins, .spread = true,
		.most_cells = memory / 2 / sizeof(struct series_cell),
		.keys = tally_new(memory / 2) };
	*bins = (struct bins){ .start = NULL };
	if (s->keys == NULL)
		return err_set(err, "out of memory");
	if (s->bins.n > s->most_cells)
		return err_set(err, "--bin: %zu bins need more --memory",
		    s->bins.n);
	return 0;
}

void
series_clear(struct series *s)
{
	bins_clear(&s->bins);
	tally_free(s->keys);
	free(s->cells);
	*s = (struct series){ .keys = NULL };
}

int
series_add_key(struct series *s, const uint8_t *key, size_t len,
    struct err *err)
{
	struct tally_sum *place = NULL;

	/* and one for the others */
	if (s->bins.n == 0 ||
	    (s->n_keys + 2) <= s->most_cells / s->bins.n)
		place = tally_at(s->keys, key, len);
	if (place == NULL)
		return err_set(err, "--bin: %zu bins of more than %zu keys: "
		    "take a smaller -n, a longer --bin or more --memory",
		    s->bins.n, s->n_keys);
	place->flows = (int64_t)s->n_keys++;
	return 0;
}

/* ---- cutting ---- */

static void
find_places(struct series_cut *c, const struct datum *data)
{
	const struct group *g = c->s->group;
	unsigned sides = g == NULL ? 0 : group_sides(g);

	for (unsigned side = 0; side < sides; side++) {
		uint8_t key[TALLY_KEY_MAX];
		size_t len = group_key(g, data, side, key);
		struct tally_sum place;

		if (len > 0 && tally_find(c->s->keys, key, len, &place))
			c->places[c->n_places++] = (uint32_t)place.flows;
	}
	if (c->n_places == 0)
		c->places[c->n_places++] = (uint32_t)c->s->n_keys;
}

void
series_cut(struct series_cut *c, const struct series *s,
    const struct datum *data, const struct tally_sum *flow)
{
	const struct bins *b = &s->bins;
	int64_t first = flow->first_ms, last = flow->last_ms, begin, end;

	*c = (struct series_cut){ .s = s, .flow = flow };
	if (b->n == 0)
		return;
	begin = b->start[0];
	end = b->start[b->n];
	/* times of a foreign file may be anything */
	if (s->spread && last > first && first > INT64_MIN / 2 &&
	    last < INT64_MAX / 2)
		c->span_ms = last - first;
	if (first >= end || (c->span_ms == 0 ? first : last - 1) < begin)
		return;
	find_places(c, data);
	c->bin = first < begin ? 0 : bins_find(b, first);
	c->end = c->bin + 1;
	if (c->span_ms > 0)
		c->end = last >= end ? b->n : bins_find(b, last - 1) + 1;
}

/* How much of a counter came before t. */
static int64_t
share(const struct series_cut *c, int64_t count, int64_t t)
{
	int64_t past = t - c->flow->first_ms;

	if (past <= 0 || count <= 0)
		return 0;
	if (past >= c->span_ms)
		return count;
	return (int64_t)((wide)count * (wide)past / (wide)c->span_ms);
}

static void
put_number(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t
get_number(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
	    (uint32_t)from[2] << 8 | from[3];
}

bool
series_next(struct series_cut *c, uint8_t key[SERIES_KEY],
    struct tally_sum *part)
{
	const struct tally_sum *flow = c->flow;
	int64_t begin, end;

	if (c->at == c->n_places) {
		c->at = 0;
		c->bin++;
	}
	if (c->bin >= c->end)
		return false;
	begin = c->s->bins.start[c->bin];
	end = c->s->bins.start[c->bin + 1];
	*part = (struct tally_sum){ .first_ms = begin, .last_ms = end,
		.flows = flow->first_ms >= begin && flow->first_ms < end ?
		    flow->flows : 0,
		.packets = share(c, flow->packets, end) -
		    share(c, flow->packets, begin),
		.bytes = share(c, flow->bytes, end) -
		    share(c, flow->bytes, begin) };
	put_number(key, (uint32_t)c->bin);
	put_number(key + 4, c->places[c->at++]);
	return true;
}

/* ---- cells ---- */

static int
make_cells(struct series *s, struct err *err)
{
	if (s->cells == NULL)
		s->cells = calloc(s->bins.n * (s->n_keys + 1) + 1,
		    sizeof(*s->cells));
	return s->cells == NULL ? err_set(err, "out of memory") : 0;
}

static void
add_sum(struct series *s, size_t bin, size_t place,
    const struct tally_sum *sum)
{
	struct series_cell *cell = &s->cells[bin * (s->n_keys + 1) + place];

	cell->flows = tally_plus(cell->flows, sum->flows);
	cell->packets = tally_plus(cell->packets, sum->packets);
	cell->bytes = tally_plus(cell->bytes, sum->bytes);
}

int
series_add(struct series *s, size_t bin, size_t place,
    const struct tally_sum *sum, struct err *err)
{
	if (make_cells(s, err) == -1)
		return -1;
	add_sum(s, bin, place, sum);
	return 0;
}

int
series_take(struct series *s, const struct tally *parts, struct err *err)
{
	if (make_cells(s, err) == -1)
		return -1;
	for (size_t i = 0; i < tally_count(parts); i++) {
		struct tally_sum sum;
		size_t len;
		const uint8_t *key = tally_entry(parts, i, &len, &sum);

		add_sum(s, get_number(key), get_number(key + 4), &sum);
	}
	return 0;
}

struct series_cell
series_at(const struct series *s, size_t bin, size_t place)
{
	return s->cells[bin * (s->n_keys + 1) + place];
}
