/* Sums that move with the time: see top_sums.h. */
#include "query/top_sums.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/datum.h"
#include "query/sql.h"
#include "schema/db.h"

#define SLOTS		(TOP_SPAN_MS / TOP_SLOT_MS + 1)
#define VALUES_MAX	(2 + STAT_SIDES + 2)
/* Keys without flows that the table of all may keep, beside as many others. */
#define DEAD_MIN	10000

struct slot {
	int64_t			 number;	/* at_ms / TOP_SLOT_MS */
	struct tally		*tally;		/* NULL: never used */
	struct tally_sum	 total;
};

struct top_sums {
	struct top_ask		 ask;
	struct slot		 slot[SLOTS];
	struct tally		*all;
	size_t			 dead;		/* keys of all without flows */
	struct tally_sum	 total;
	bool			 full;
	int			 values[VALUES_MAX];
	size_t			 n_values;
};

/* Packets and bytes first, then what keys are made of. */
static void
choose_values(struct top_sums *s)
{
	uint64_t set = group_columns(s->ask.group);

	s->values[s->n_values++] = COL_packets;
	s->values[s->n_values++] = COL_bytes;
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if ((set >> c & 1) != 0)
			s->values[s->n_values++] = c == COL_exporter ?
			    SQL_VALUE_EXPORTER_ADDR : (int)c;
	}
}

struct top_sums *
top_sums_new(const struct top_ask *ask, struct err *err)
{
	struct top_sums *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->all = tally_new(ask->memory / 2);
	if (s == NULL || s->all == NULL) {
		(void)err_set(err, "out of memory");
		free(s);
		return NULL;
	}
	s->ask = *ask;
	choose_values(s);
	return s;
}

void
top_sums_free(struct top_sums *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < (size_t)SLOTS; i++)
		tally_free(s->slot[i].tally);
	tally_free(s->all);
	free(s);
}

/* ---- a minute later ---- */

static void
take_away(struct tally_sum *from, const struct tally_sum *s)
{
	from->flows -= s->flows;
	from->packets = tally_plus(from->packets, -s->packets);
	from->bytes = tally_plus(from->bytes, -s->bytes);
}

static void
drop_slot(struct top_sums *s, struct slot *slot)
{
	size_t n = slot->tally == NULL ? 0 : tally_count(slot->tally);

	for (size_t i = 0; i < n; i++) {
		struct tally_sum sum, *all;
		size_t len;
		const uint8_t *key = tally_entry(slot->tally, i, &len, &sum);

		if (!tally_find(s->all, key, len, NULL) ||
		    (all = tally_at(s->all, key, len)) == NULL)
			continue;
		take_away(all, &sum);
		s->dead += all->flows == 0;
	}
	take_away(&s->total, &slot->total);
	if (slot->tally != NULL)
		tally_clear(slot->tally);
	slot->total = (struct tally_sum){ .flows = 0 };
}

/* The table of all anew, of the slots: keys are never taken out of one. */
static void
sum_up(struct top_sums *s)
{
	tally_clear(s->all);
	s->dead = 0;
	for (size_t i = 0; i < (size_t)SLOTS; i++) {
		if (s->slot[i].tally != NULL &&
		    tally_merge(s->all, s->slot[i].tally) == -1)
			s->full = true;
	}
}

void
top_sums_move(struct top_sums *s, int64_t now_ms)
{
	int64_t oldest = (now_ms - TOP_SPAN_MS) / TOP_SLOT_MS;

	for (size_t i = 0; i < (size_t)SLOTS; i++) {
		if (s->slot[i].total.flows > 0 && s->slot[i].number <= oldest)
			drop_slot(s, &s->slot[i]);
	}
	if (s->total.flows == 0)
		s->full = false;
	if (s->dead > DEAD_MIN && s->dead > tally_count(s->all) / 2)
		sum_up(s);
}

/* ---- new flows ---- */

static struct slot *
slot_of(struct top_sums *s, int64_t at_ms, struct err *err)
{
	int64_t number = at_ms / TOP_SLOT_MS;
	struct slot *slot = &s->slot[(uint64_t)number % (uint64_t)SLOTS];

	if (slot->number != number) {
		drop_slot(s, slot);
		slot->number = number;
	}
	if (slot->tally == NULL)
		slot->tally = tally_new(s->ask.memory / 2 / (size_t)SLOTS);
	if (slot->tally == NULL)
		(void)err_set(err, "out of memory");
	return slot->tally == NULL ? NULL : slot;
}

static void
add_key(struct top_sums *s, struct slot *slot, const uint8_t *key, size_t len,
    const struct tally_sum *sum)
{
	struct tally_sum *one = tally_at(slot->tally, key, len);
	struct tally_sum *all;

	/* both or none, that what is taken away was there */
	if (one == NULL || (all = tally_at(s->all, key, len)) == NULL) {
		s->full = true;
		return;
	}
	/* the end of a key that was just made is not set yet */
	if (all->flows == 0 && all->last_ms != INT64_MIN)
		s->dead--;
	tally_add(one, sum);
	tally_add(all, sum);
}

static void
add_row(struct top_sums *s, struct slot *slot, sqlite3_stmt *st,
    struct datum *data)
{
	struct tally_sum sum = { .flows = 1,
		.packets = sqlite3_column_int64(st, 0),
		.bytes = sqlite3_column_int64(st, 1) };
	uint8_t key[TALLY_KEY_MAX];
	unsigned sides = group_sides(s->ask.group);

	sum.packets = sum.packets < 0 ? 0 : sum.packets;
	sum.bytes = sum.bytes < 0 ? 0 : sum.bytes;
	for (size_t i = 2; i < s->n_values; i++) {
		int v = s->values[i] == SQL_VALUE_EXPORTER_ADDR ?
		    STAT_EXPORTER : s->values[i];

		datum_read(&data[v], st, (int)i);
	}
	for (unsigned side = 0; side < sides; side++) {
		size_t len = group_key(s->ask.group, data, side, key);

		if (len > 0)
			add_key(s, slot, key, len, &sum);
	}
	tally_add(&slot->total, &sum);
	tally_add(&s->total, &sum);
}

int
top_sums_read(void *arg, struct open_shard *shard,
    const struct top_span *span, struct err *err)
{
	struct top_sums *s = arg;
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = s->ask.scale, .no_index = true, .rowids = true,
		.id_from = span->id_from, .id_to = span->id_to };
	struct slot *slot = slot_of(s, span->at_ms, err);
	struct datum data[COLUMN_COUNT + 1] = { { .kind = DATUM_NULL } };
	sqlite3_stmt *st = NULL;
	struct sql sql;
	int rc = -1;

	if (slot == NULL || sql_list(&sql, s->values, s->n_values,
	    s->ask.filter, &shape, SQL_ORDER_NONE, true, -1, err) == -1)
		return -1;
	st = db_prepare(shard->db, sql.text, err);
	if (st != NULL && sql_bind_all(st, &sql, err) == 0) {
		while ((rc = db_step(st, err)) == 1)
			add_row(s, slot, st, data);
	}
	sqlite3_finalize(st);
	sql_clear(&sql);
	return rc;
}

/* ---- the answer ---- */

static bool
is_before(const struct top_sums *s, int64_t value, const uint8_t *key,
    int64_t other, const uint8_t *other_key)
{
	if (value != other)
		return value > other;
	return group_compare(s->ask.group, key, other_key) < 0;
}

size_t
top_sums_first(const struct top_sums *s, enum metric metric,
    struct top_key *out, size_t n)
{
	size_t have = 0;

	for (size_t i = 0; n > 0 && i < tally_count(s->all); i++) {
		struct tally_sum sum;
		size_t len, at;
		const uint8_t *key = tally_entry(s->all, i, &len, &sum);
		int64_t value = order_value(metric, &sum);

		if (sum.flows == 0 || (have == n && !is_before(s, value, key,
		    order_value(metric, &out[n - 1].sum), out[n - 1].key)))
			continue;
		have += have < n;
		for (at = have - 1; at > 0 && is_before(s, value, key,
		    order_value(metric, &out[at - 1].sum), out[at - 1].key);
		    at--)
			out[at] = out[at - 1];
		memcpy(out[at].key, key, len);
		out[at].len = len;
		out[at].sum = sum;
	}
	return have;
}

const struct tally_sum *
top_sums_total(const struct top_sums *s)
{
	return &s->total;
}

size_t
top_sums_keys(const struct top_sums *s)
{
	return tally_count(s->all) - s->dead;
}

bool
top_sums_full(const struct top_sums *s)
{
	return s->full;
}
