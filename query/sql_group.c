/*
 * Sums by GROUP BY: see sql_script.h.  The flows are cut to keys and counters
 * in a subselect; the sums over it are the same as those over the partial sums
 * of all shards.
 *
 * sum() fails beyond 63 bits.  So the halves of counters are summed: put
 * together they become a real if they are too large, and min() takes the
 * largest integer instead, as schema/tally.h does.
 */
#include "query/sql_script.h"
#include "query/sql_write.h"

static const struct sql_shape no_shape = { .schema = "temp", .rollup = -1 };

/* What the k-th part of the key is read from. */
static int
value_of(const struct group *g, size_t k, unsigned side)
{
	int column = g->part[k].info->side[k == 0 ? side : 0];

	return column == STAT_EXPORTER ? SQL_VALUE_EXPORTER_ADDR : column;
}

static void
write_keys(struct sql_writer *w, const struct group *g)
{
	for (size_t k = 0; k < g->n; k++)
		sqlite3_str_appendf(w->s, "k%d, ", (int)k + 1);
}

/* Flags of several flows are or-ed, bit by bit. */
static void
write_flags(struct sql_writer *w)
{
	sqlite3_str_appendall(w->s, ",\n  ");
	for (int bit = 128; bit > 0; bit >>= 1)
		sqlite3_str_appendf(w->s, "%smax(tcp_flags & %d)",
		    bit < 128 ? " | " : "", bit);
	sqlite3_str_appendall(w->s, " AS tcp_flags");
}

static void
write_sums(struct sql_writer *w, const struct group *g, const char *flows)
{
	static const char *const counters[] = { "packets", "bytes" };

	sqlite3_str_appendf(w->s, "%s AS flows", flows);
	for (int i = 0; i < 2; i++)
		sqlite3_str_appendf(w->s, ",\n  ifnull(min(sum(%s >> 32) * "
		    "4294967296 + sum(%s & 4294967295), %lld), 0) AS %s",
		    counters[i], counters[i], (long long)INT64_MAX,
		    counters[i]);
	sqlite3_str_appendall(w->s, ",\n  min(first_ms) AS first_ms, "
	    "max(last_ms) AS last_ms");
	if (g->kind == GROUP_RECORD)
		write_flags(w);
}

static void
write_group_by(struct sql_writer *w, const struct group *g)
{
	for (size_t k = 0; k < g->n; k++)
		sqlite3_str_appendf(w->s, "%sk%d", k == 0 ? "\nGROUP BY " :
		    ", ", (int)k + 1);
}

/* Keys, and the sides that came before, as s0, s1, ... */
static size_t
choose_values(const struct group *g, unsigned side,
    int values[PRINT_KEYS_MAX + STAT_SIDES + 2])
{
	size_t n = 0;

	for (size_t k = 0; k < g->n; k++)
		values[n++] = value_of(g, k, side);
	for (unsigned s = 0; s < side; s++)
		values[n++] = value_of(g, 0, s);
	return n;
}

static void
write_row(struct sql_writer *w, const struct group *g, const int *values,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sql_value(w, values[i]);
		sqlite3_str_appendf(w->s, " AS %s%d,\n  ", i < g->n ? "k" :
		    "s", (int)(i < g->n ? i + 1 : i - g->n));
	}
	sql_scaled(w, g->out ? COL_out_packets : COL_packets);
	sqlite3_str_appendall(w->s, " AS packets,\n  ");
	sql_scaled(w, g->out ? COL_out_bytes : COL_bytes);
	sqlite3_str_appendall(w->s, " AS bytes,\n  ifnull(f.first_ms, 0) AS "
	    "first_ms, ifnull(f.first_ms, 0) + ifnull(f.duration_ms, 0) AS "
	    "last_ms");
	if (g->kind == GROUP_RECORD)
		sqlite3_str_appendall(w->s,
		    ",\n  ifnull(f.tcp_flags, 0) AS tcp_flags");
	sqlite3_str_appendall(w->s, "\n ");
}

int
sql_group(struct sql *out, const struct group *g, unsigned side,
    const struct filter *f, const struct sql_shape *shape, struct err *err)
{
	int values[PRINT_KEYS_MAX + STAT_SIDES + 2];
	size_t n = choose_values(g, side, values);
	struct sql_joins joins;
	struct sql_writer w;

	/* the counters too decide what is joined */
	values[n] = g->out ? COL_out_packets : COL_packets;
	joins = sql_joins(shape, values, n + 1);
	joins.path = joins.path || shape->scale;
	sql_begin(&w, out, shape, err);
	w.joined = joins.path;
	sqlite3_str_appendall(w.s, "SELECT ");
	write_keys(&w, g);
	write_sums(&w, g, "count(*)");
	sqlite3_str_appendall(w.s, "\nFROM (SELECT ");
	write_row(&w, g, values, n);
	sql_from(&w, &joins, f);
	sqlite3_str_appendall(w.s, ")");
	if (g->kind == GROUP_STAT)
		sqlite3_str_appendall(w.s, "\nWHERE k1 IS NOT NULL");
	/* once under each different value */
	for (unsigned s = 0; s < side; s++)
		sqlite3_str_appendf(w.s, " AND k1 IS NOT s%d", (int)s);
	write_group_by(&w, g);
	return sql_end(&w);
}

int
sql_group_table(struct sql *out, const struct group *g, const char *table,
    struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, &no_shape, err);
	sqlite3_str_appendf(w.s, "CREATE TEMP TABLE %s (", table);
	write_keys(&w, g);
	sqlite3_str_appendall(w.s, "flows, packets, bytes, first_ms, last_ms");
	sqlite3_str_appendall(w.s, g->kind == GROUP_RECORD ? ", tcp_flags)" :
	    ")");
	return sql_end(&w);
}

int
sql_group_total(struct sql *out, const struct group *g, const char *table,
    const char *parts, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, &no_shape, err);
	sqlite3_str_appendf(w.s, "CREATE TEMP TABLE %s AS\nSELECT ", table);
	write_keys(&w, g);
	write_sums(&w, g, "sum(flows)");
	sqlite3_str_appendf(w.s, "\nFROM %s", parts);
	write_group_by(&w, g);
	return sql_end(&w);
}
