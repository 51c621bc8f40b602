/* Which rows are read, and lists of flows: see ch_sql.h. */
#include "query/ch_sql.h"

#include <string.h>

#include "query/ch_write.h"

#define SECONDS(ms) ((ms) / 1000 - ((ms) % 1000 < 0))

bool
ch_is_ip4(const struct ch_value *v, int column, int64_t mapped)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	unsigned bit = ch_mapped_bit(column == STAT_EXPORTER ?
	    SUBJECT_EXPORTER_ADDR : column);

	return memcmp(v->bytes, prefix, sizeof(prefix)) == 0 &&
	    (mapped & bit) == 0;
}

/* ---- which rows ---- */

/* ts is first_ms in whole seconds, within what its type holds. */
static long long
stamp(int64_t ms)
{
	int64_t sec = SECONDS(ms);

	return sec < 0 ? 0 : sec > UINT32_MAX ? UINT32_MAX : sec;
}

/*
 * A moment is tested in ms; by the sorting key beside it, so that few rows are
 * read.
 */
static void
write_window(struct ch_writer *w)
{
	const struct ch_shape *shape = w->shape;

	if (shape->from_ms != INT64_MIN && shape->within)
		sqlite3_str_appendf(w->s, " AND ifNull(first_ms >= %lld, 0) "
		    "AND ts >= toDateTime(%lld)", (long long)shape->from_ms,
		    stamp(shape->from_ms));
	else if (shape->from_ms != INT64_MIN)
		sqlite3_str_appendf(w->s, " AND ifNull(first_ms + "
		    "ifNull(duration_ms, 0) >= %lld, 0)",
		    (long long)shape->from_ms);
	if (shape->to_ms == INT64_MAX) {
		if (shape->from_ms == INT64_MIN)
			sqlite3_str_appendall(w->s,
			    " AND isNotNull(first_ms)");
		return;
	}
	if (shape->within)
		sqlite3_str_appendf(w->s, " AND ifNull(first_ms + "
		    "ifNull(duration_ms, 0) <= %lld, 0)",
		    (long long)shape->to_ms);
	else
		sqlite3_str_appendf(w->s, " AND ifNull(first_ms <= %lld, 0)",
		    (long long)shape->to_ms);
	sqlite3_str_appendf(w->s, " AND ts <= toDateTime(%lld)",
	    stamp(shape->to_ms));
}

static void
write_except(struct ch_writer *w)
{
	const struct ch_shape *shape = w->shape;

	for (size_t i = 0; i < shape->n_except; i++) {
		const struct ch_shard *s = &shape->except[i];

		sqlite3_str_appendf(w->s, " AND NOT (shard = %u AND collector "
		    "= ", s->number);
		ch_text(w, s->collector, strlen(s->collector));
		sqlite3_str_appendall(w->s, ")");
	}
}

static void
write_cut(struct ch_writer *w)
{
	const struct ch_shape *shape = w->shape;

	if (w->cut == CH_CUT_TOO || shape->n_cut == 0)
		return;
	for (size_t i = 0; i < shape->n_cut; i++)
		sqlite3_str_appendf(w->s, "%s%u", i > 0 ? ", " :
		    w->cut == CH_CUT_ONLY ? " AND shard IN (" :
		    " AND shard NOT IN (", shape->cut[i]);
	sqlite3_str_appendall(w->s, ")");
}

void
ch_from(struct ch_writer *w, const struct filter *f)
{
	const struct ch_shape *shape = w->shape;

	sqlite3_str_appendf(w->s, "\nFROM %s.%s\nWHERE 1", shape->database,
	    clickhouse_table(w->roll != NULL ? w->roll->table :
	    CLICKHOUSE_FLOWS));
	if (w->roll != NULL && !w->roll->both)
		sqlite3_str_appendf(w->s, " AND side = %u", w->roll->side);
	if (shape->has_shards)
		sqlite3_str_appendf(w->s, " AND shard >= %u AND shard <= %u",
		    shape->shard_from, shape->shard_to);
	write_cut(w);
	write_except(w);
	if (shape->has_window && w->roll == NULL)
		write_window(w);
	if (f != NULL && !filter_is_any(f)) {
		sqlite3_str_appendall(w->s, " AND ");
		ch_filter(w, ast_root(f));
	}
}

/* ---- columns ---- */

struct ch_field
ch_field_of(int column)
{
	struct ch_field f = { .nullable = true };

	if (column == STAT_EXPORTER)
		return (struct ch_field){ CH_ADDR, true };
	switch (column_info((enum column)column)->type) {
	case CT_ADDR:
		f.type = CH_ADDR;
		break;
	case CT_U8:
	case CT_PROTO:
	case CT_FLAGS:
		f.type = CH_U8;
		break;
	case CT_U16:
		f.type = CH_U16;
		break;
	case CT_U32:
		f.type = CH_U32;
		break;
	default:
		f.type = CH_64;
		break;
	}
	return f;
}

/* ---- lists ---- */

static struct ch_field
write_value(struct ch_writer *w, int value)
{
	switch (value) {
	case SQL_VALUE_EXPORTER_ADDR:
		ch_subject(w, SUBJECT_EXPORTER_ADDR);
		return (struct ch_field){ CH_ADDR, true };
	case SQL_VALUE_EXPORTER_VERSION:
		sqlite3_str_appendall(w->s, "exporter_version");
		return (struct ch_field){ CH_U8, false };
	case SQL_VALUE_EXPORTER_DOMAIN:
		sqlite3_str_appendall(w->s, "exporter_domain");
		return (struct ch_field){ CH_U32, false };
	case SQL_VALUE_EXPORTER_NAME:
		ch_subject(w, SUBJECT_EXPORTER_NAME);
		return (struct ch_field){ CH_TEXT, true };
	case COL_packets:
	case COL_bytes:
		ch_counter(w, (enum column)value);
		return (struct ch_field){ CH_64, true };
	default:
		sqlite3_str_appendall(w->s,
		    column_info((enum column)value)->name);
		return ch_field_of(value);
	}
}

/* As order_value() has it, in every case: the limit takes by it. */
static void
write_order(struct ch_writer *w, enum sql_order order)
{
	static const int subjects[] = {
		[SQL_ORDER_TSTART] = COL_first_ms,
		[SQL_ORDER_PACKETS] = COL_packets,
		[SQL_ORDER_BYTES] = COL_bytes,
		[SQL_ORDER_PPS] = SUBJECT_PPS, [SQL_ORDER_BPS] = SUBJECT_BPS,
		[SQL_ORDER_BPP] = SUBJECT_BPP, [SQL_ORDER_FLOWS] = SUBJECT_FLOWS
	};
	bool timed = order == SQL_ORDER_PPS || order == SQL_ORDER_BPS;

	if (order == SQL_ORDER_TEND) {
		sqlite3_str_appendall(w->s,
		    "ifNull(first_ms + ifNull(duration_ms, 0), 0)");
		return;
	}
	if (order == SQL_ORDER_DURATION) {
		sqlite3_str_appendall(w->s, "if(isNull(first_ms), 0, "
		    "greatest(ifNull(duration_ms, 0), 0))");
		return;
	}
	sqlite3_str_appendall(w->s, timed ?
	    "ifNull(if(isNull(first_ms), NULL, " : "ifNull(");
	ch_subject(w, subjects[order]);
	sqlite3_str_appendall(w->s, timed ? "), 0)" : ", 0)");
}

char *
ch_sql_list(struct ch_field fields[CH_FIELDS_MAX], const int *values,
    size_t n, const struct filter *f, const struct ch_shape *shape,
    enum sql_order order, bool ascending, int64_t limit, struct err *err)
{
	struct ch_writer w;

	ch_begin(&w, shape, err);
	sqlite3_str_appendall(w.s, "SELECT ");
	for (size_t i = 0; i < n; i++) {
		fields[i] = write_value(&w, values[i]);
		sqlite3_str_appendall(w.s, ", ");
	}
	sqlite3_str_appendall(w.s, "mapped");
	fields[n] = (struct ch_field){ CH_U8, false };
	ch_from(&w, f);
	sqlite3_str_appendall(w.s, "\nORDER BY ");
	if (order != SQL_ORDER_NONE) {
		write_order(&w, order);
		sqlite3_str_appendall(w.s, ascending ? ", " : " DESC, ");
	}
	sqlite3_str_appendall(w.s, CH_STORAGE);
	if (limit >= 0)
		sqlite3_str_appendf(w.s, "\nLIMIT %lld", (long long)limit);
	return ch_end(&w);
}

char *
ch_sql_count(const struct filter *f, const struct ch_shape *shape,
    struct err *err)
{
	struct ch_writer w;

	ch_begin(&w, shape, err);
	sqlite3_str_appendall(w.s, "SELECT toInt64(count())");
	ch_from(&w, f);
	return ch_end(&w);
}
