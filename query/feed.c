/* Rows into sums: see feed.h. */
#include "query/feed.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "query/series.h"
#include "query/spill.h"
#include "query/sql.h"
#include "schema/db.h"
#include "schema/rollup.h"

/* Places of the fixed values in f->values. */
enum { AT_PACKETS, AT_BYTES, AT_FIRST, AT_DURATION, AT_PATH, N_FIXED };
/* A roll-up has these instead of a path. */
enum { AT_SAMPLING = AT_PATH, AT_FLOWS = N_FIXED, N_FIXED_ROLLUP };

int
feed_init(struct feed *f, const struct question *q, size_t memory,
    struct err *err)
{
	*f = (struct feed){ .q = q, .remaining = q->most_flows,
		.total = { .first_ms = INT64_MAX, .last_ms = INT64_MIN } };
	f->groups = calloc(q->n_groups + 1, sizeof(*f->groups));
	if (f->groups == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < q->n_groups; i++) {
		f->groups[i].group = &q->groups[i];
		f->groups[i].tally = tally_new(memory / q->n_groups);
		if (f->groups[i].tally == NULL) {
			feed_clear(f);
			return err_set(err, "out of memory");
		}
	}
	return 0;
}

void
feed_clear(struct feed *f)
{
	for (size_t i = 0; f->groups != NULL && i < f->q->n_groups; i++)
		tally_free(f->groups[i].tally);
	free(f->groups);
	f->groups = NULL;
}

uint64_t
feed_columns(const struct feed *f)
{
	uint64_t set = 0;

	for (size_t i = 0; i < f->q->n_groups; i++) {
		if (!f->groups[i].wanted)
			continue;
		set |= group_columns(f->groups[i].group);
		if (f->groups[i].group->kind == GROUP_RECORD)
			set |= flow_bit(COL_tcp_flags);
	}
	return set;
}

void
feed_begin(struct feed *f, const struct side *side, int rollup,
    unsigned rollup_side, int sign)
{
	uint64_t set = feed_columns(f);

	f->side = side;
	f->rollup = rollup;
	f->rollup_side = rollup_side;
	f->sign = sign;
	for (unsigned c = 0; c <= COLUMN_COUNT; c++)
		f->data[c] = (struct datum){ .kind = DATUM_NULL };
	f->values[AT_PACKETS] = SQL_VALUE_RAW_PACKETS;
	f->values[AT_BYTES] = SQL_VALUE_RAW_BYTES;
	f->values[AT_FIRST] = COL_first_ms;
	f->values[AT_DURATION] = COL_duration_ms;
	f->values[AT_PATH] = SQL_VALUE_PATH;
	f->n_values = N_FIXED;
	if (rollup >= 0) {
		f->values[AT_SAMPLING] = COL_sampling;
		f->values[AT_FLOWS] = SQL_VALUE_FLOWS;
		f->n_values = N_FIXED_ROLLUP;
	}
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if ((set >> c & 1) == 0)
			continue;
		if (rollup >= 0 ? c == COL_proto ||
		    c == rollup_info((enum rollup)rollup)->column :
		    column_info((enum column)c)->home != HOME_PATH)
			f->values[f->n_values++] = (int)c;
	}
}

static void
datum_from_value(struct datum *c, sqlite3_value *v)
{
	int len;

	c->kind = DATUM_NULL;
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		c->kind = DATUM_NUMBER;
		c->number = sqlite3_value_int64(v);
		break;
	case SQLITE_BLOB:
		c->addr = sqlite3_value_blob(v);
		len = sqlite3_value_bytes(v);
		/* another length is no address: as if it were not there */
		if (len == 4 || len == 16) {
			c->kind = DATUM_ADDR;
			c->len = (uint8_t)len;
		}
		break;
	default:
		break;
	}
}

/* 0 when it was not sent: the number is then of an earlier row. */
static int64_t
number_of(const struct datum *d)
{
	return d->kind == DATUM_NUMBER ? d->number : 0;
}

void
feed_path_data(struct feed *f, int64_t path)
{
	for (size_t i = 0; i < f->q->n_groups; i++) {
		uint64_t set;

		if (!f->groups[i].wanted)
			continue;
		set = group_columns(f->groups[i].group) &
		    flow_home_bits(HOME_PATH);
		for (unsigned c = 0; set >> c != 0; c++) {
			if ((set >> c & 1) != 0)
				f->data[c] = *side_datum(f->side, path,
				    (enum column)c);
		}
		if ((set & flow_bit(COL_exporter)) != 0) {
			const struct row_exporter *e = side_exporter(f->side,
			    number_of(&f->data[COL_exporter]));

			f->data[STAT_EXPORTER] = (struct datum){
				.kind = e == NULL ? DATUM_NULL : DATUM_ADDR,
				.len = e == NULL ? 0 : e->address.len,
				.addr = e == NULL ? NULL : e->address.bytes };
		}
	}
}

static int
put_sum(struct feed *f, struct feed_group *g, const uint8_t *key, size_t len,
    const struct tally_sum *sum)
{
	if (tally_put(g->tally, key, len, sum) == 0)
		return 0;
	return spill_full(g->spill, g->tally, key, len, sum, &f->err);
}

static int
add_to_group(struct feed *f, struct feed_group *g, unsigned side,
    const struct tally_sum *sum)
{
	uint8_t key[TALLY_KEY_MAX];
	size_t len = group_key(g->group, f->data, side, key);

	return len == 0 ? 0 : put_sum(f, g, key, len, sum);
}

static int
add_to_series(struct feed *f, struct feed_group *g,
    const struct tally_sum *sum)
{
	uint8_t key[SERIES_KEY];
	struct series_cut cut;
	struct tally_sum part;

	series_cut(&cut, g->group->series, f->data, sum);
	while (series_next(&cut, key, &part)) {
		if (put_sum(f, g, key, sizeof(key), &part) == -1)
			return -1;
	}
	return 0;
}

/* The counters of the other direction. */
static struct tally_sum
reversed(const struct feed *f, const struct tally_sum *sum, uint32_t rate)
{
	struct tally_sum out = *sum;

	out.packets = feed_times(number_of(&f->data[COL_out_packets]), rate);
	out.bytes = feed_times(number_of(&f->data[COL_out_bytes]), rate);
	return out;
}

int
feed_add(struct feed *f, const struct tally_sum *sum, uint32_t rate)
{
	if (f->count_total)
		tally_add(&f->total, sum);
	for (size_t i = 0; i < f->q->n_groups; i++) {
		struct feed_group *g = &f->groups[i];
		struct tally_sum s = g->group->out ?
		    reversed(f, sum, rate) : *sum;
		unsigned first = f->rollup >= 0 ? f->rollup_side : 0;
		unsigned end = f->rollup >= 0 ? first + 1 :
		    group_sides(g->group);

		if (!g->wanted)
			continue;
		if (g->group->series != NULL) {
			if (add_to_series(f, g, &s) == -1)
				return -1;
			continue;
		}
		for (unsigned side = first; side < end; side++) {
			if (add_to_group(f, g, side, &s) == -1)
				return -1;
		}
	}
	return 0;
}

int
feed_add_sums(struct feed *f, size_t group, unsigned side,
    const struct tally_sum *sum)
{
	struct feed_group *g = &f->groups[group];

	return g->group->series != NULL ? add_to_series(f, g, sum) :
	    add_to_group(f, g, side, sum);
}

static void
feed_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct feed *f = sqlite3_user_data(ctx);
	int64_t path = sqlite3_value_int64(argv[AT_PATH]);
	int64_t fixed = f->rollup >= 0 ? N_FIXED_ROLLUP : N_FIXED;
	struct tally_sum sum = { .flows = f->sign };
	uint32_t rate = 1;

	if (f->q->most_flows > 0 && f->remaining-- <= 0) {
		f->enough = true;
		sqlite3_result_error(ctx, "enough", -1);
		return;
	}
	f->passed++;
	for (int64_t i = fixed; i < argc; i++)
		datum_from_value(&f->data[f->values[i]], argv[i]);
	if (f->rollup >= 0)
		sum.flows *= feed_times(sqlite3_value_int64(argv[AT_FLOWS]),
		    1);
	else
		feed_path_data(f, path);
	if (f->q->scale && f->rollup >= 0)
		rate = path > 0 && path <= UINT32_MAX ? (uint32_t)path : 1;
	else if (f->q->scale)
		rate = side_rate(f->side, path);
	sum.packets = f->sign *
	    feed_times(sqlite3_value_int64(argv[AT_PACKETS]), rate);
	sum.bytes = f->sign *
	    feed_times(sqlite3_value_int64(argv[AT_BYTES]), rate);
	sum.first_ms = sqlite3_value_int64(argv[AT_FIRST]);
	sum.last_ms = feed_time_plus(sum.first_ms,
	    sqlite3_value_int64(argv[AT_DURATION]));
	if (f->data[COL_tcp_flags].kind == DATUM_NUMBER)
		sum.tcp_flags = (uint8_t)f->data[COL_tcp_flags].number;
	if (feed_add(f, &sum, rate) == -1) {
		f->failed = true;
		sqlite3_result_error(ctx, f->err.msg, -1);
	}
}

static void
feed_final(sqlite3_context *ctx)
{
	sqlite3_result_null(ctx);
}

int
feed_register(struct sqlite3 *db, struct feed *f, struct err *err)
{
	if (sqlite3_create_function_v2(db, FEED_FUNCTION, -1, SQLITE_UTF8 |
	    SQLITE_DIRECTONLY, f, NULL, feed_step, feed_final, NULL) !=
	    SQLITE_OK)
		return db_error(db, NULL, err);
	return 0;
}

int
feed_flush(struct feed *f, struct err *err)
{
	for (size_t i = 0; i < f->q->n_groups; i++) {
		if (tally_flush(f->groups[i].tally) == -1 &&
		    spill_full(f->groups[i].spill, f->groups[i].tally, NULL,
		    0, NULL, err) == -1)
			return -1;
	}
	return 0;
}
