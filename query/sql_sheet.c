/*
 * The answer of a script: the columns of CSV from a temporary table, see
 * sql_script.h.  A table of sums has k1, k2, ... for the parts of its key; one
 * of flows has the columns of the shard by their names.
 *
 * Text is made last, of the rows that are shown.  A time beyond the year 9999
 * has none, as SQLite knows no such times.
 */
#include "query/sql_script.h"
#include "query/sql_write.h"
#include "schema/sqltext.h"

#define NAME_MAX_LEN	32

static const struct sql_shape no_shape = { .schema = "temp", .rollup = -1 };

/* How a table calls what is computed with. */
struct terms {
	const char	*last;
	const char	*span;
	const char	*shown_span;	/* NULL when it was not sent */
	const char	*packets;
	const char	*bytes;
	const char	*flows;
};

static const struct terms of_sums = { "last_ms", "(last_ms - first_ms)",
	"last_ms - first_ms", "packets", "bytes", "flows" };
static const struct terms of_list = { "(first_ms + ifnull(duration_ms, 0))",
	"ifnull(duration_ms, 0)", "duration_ms", "ifnull(packets, 0)",
	"ifnull(bytes, 0)", "1" };

static const struct terms *
terms_of(const struct sql_answer *from)
{
	return from->group != NULL ? &of_sums : &of_list;
}

/* ---- columns of lists ---- */

static const char *
list_column(int value)
{
	static const char *const names[] = {
		[SQL_VALUE_EXPORTER_ADDR - COLUMN_COUNT] = "exporter_address",
		[SQL_VALUE_EXPORTER_VERSION - COLUMN_COUNT] =
		    "exporter_version",
		[SQL_VALUE_EXPORTER_DOMAIN - COLUMN_COUNT] = "exporter_domain",
		[SQL_VALUE_EXPORTER_NAME - COLUMN_COUNT] = "exporter_name",
	};

	return value < COLUMN_COUNT ? column_info((enum column)value)->name :
	    names[value - COLUMN_COUNT];
}

static void
write_list_columns(struct sql_writer *w, const int *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sqlite3_str_appendf(w->s, "%s%s", i > 0 ? ", " : "",
		    list_column(values[i]));
}

int
sql_list_table(struct sql *out, const char *table, const int *values,
    size_t n_values, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, &no_shape, err);
	sqlite3_str_appendf(w.s, "CREATE TEMP TABLE %s (seq INTEGER PRIMARY "
	    "KEY, ", table);
	write_list_columns(&w, values, n_values);
	sqlite3_str_appendall(w.s, ")");
	return sql_end(&w);
}

int
sql_list_insert(struct sql *out, const char *table, const int *values,
    size_t n_values, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, &no_shape, err);
	sqlite3_str_appendf(w.s, "INSERT INTO temp.%s (", table);
	write_list_columns(&w, values, n_values);
	sqlite3_str_appendall(w.s, ")");
	return sql_end(&w);
}

/* ---- fields ---- */

/* The table's column that holds c; "NULL" when it has none. */
static void
name_column(const struct sql_answer *from, int c, char out[NAME_MAX_LEN])
{
	const struct group *g = from->group;
	const char *name = "NULL";

	if (g == NULL)
		name = list_column(c == STAT_EXPORTER ?
		    SQL_VALUE_EXPORTER_ADDR : c);
	else if (c == COL_first_ms || c == COL_packets || c == COL_bytes ||
	    (c == COL_tcp_flags && g->kind == GROUP_RECORD))
		name = column_info((enum column)c)->name;
	sqlite3_snprintf(NAME_MAX_LEN, out, "%s", name);
	for (size_t k = 0; g != NULL && k < g->n; k++) {
		if (g->part[k].info->side[0] == c) {
			sqlite3_snprintf(NAME_MAX_LEN, out, "k%d", (int)k + 1);
			return;
		}
	}
}

/* count * factor / divisor as query/row.h has it; see also query/sql.c. */
static void
write_rate(struct sql_writer *w, const char *count, int factor,
    const char *divisor)
{
	sqlite3_str_appendf(w->s, "CASE WHEN %s > 0 THEN min(%s / %s * %d + "
	    "%s %% %s * %d / %s, %lld) ELSE 0 END", divisor, count, divisor,
	    factor, count, divisor, factor, divisor, (long long)INT64_MAX);
}

static void
write_metric(struct sql_writer *w, const struct terms *t, enum metric m)
{
	switch (m) {
	case METRIC_FLOWS:
		sqlite3_str_appendall(w->s, t->flows);
		break;
	case METRIC_PACKETS:
		sqlite3_str_appendall(w->s, t->packets);
		break;
	case METRIC_BYTES:
		sqlite3_str_appendall(w->s, t->bytes);
		break;
	case METRIC_PPS:
		write_rate(w, t->packets, 1000, t->span);
		break;
	case METRIC_BPS:
		write_rate(w, t->bytes, 8000, t->span);
		break;
	case METRIC_BPP:
		write_rate(w, t->bytes, 1, t->packets);
		break;
	case METRIC_TSTART:
		sqlite3_str_appendall(w->s, "first_ms");
		break;
	case METRIC_TEND:
		sqlite3_str_appendall(w->s, t->last);
		break;
	case METRIC_DURATION:
		sqlite3_str_appendall(w->s, t->span);
		break;
	}
}

/* A field of one column. */
static void
write_column(struct sql_writer *w, const struct sql_answer *from,
    const struct field *f)
{
	char c[NAME_MAX_LEN], proto[NAME_MAX_LEN];

	name_column(from, f->kind == FIELD_EXPORTER ? STAT_EXPORTER :
	    (int)f->column, c);
	name_column(from, COL_proto, proto);
	switch (f->kind) {
	case FIELD_ADDR:
	case FIELD_EXPORTER:
		sqltext_addr(w->s, c);
		break;
	case FIELD_MAC:
		sqltext_mac(w->s, c);
		break;
	case FIELD_FLAGS:
		sqltext_flags(w->s, c);
		break;
	case FIELD_PROTO:
		sqltext_proto(w->s, c);
		break;
	case FIELD_ICMP_TYPE:
	case FIELD_ICMP_CODE:
		sqlite3_str_appendf(w->s, "CASE WHEN %s IN (1, 58) THEN %s %s "
		    "END", proto, c, f->kind == FIELD_ICMP_TYPE ? ">> 8" :
		    "& 255");
		break;
	default:
		sqlite3_str_appendall(w->s, c);
		break;
	}
}

static void
write_field(struct sql_writer *w, const struct sql_answer *from,
    const struct field *f)
{
	const struct terms *t = terms_of(from);

	switch (f->kind) {
	case FIELD_FIRST:
		sqltext_time(w->s, "first_ms");
		break;
	case FIELD_LAST:
		sqltext_time(w->s, t->last);
		break;
	case FIELD_FIRST_RAW:
		sqlite3_str_appendall(w->s, "first_ms");
		break;
	case FIELD_LAST_RAW:
		sqlite3_str_appendall(w->s, t->last);
		break;
	case FIELD_DURATION:
		sqlite3_str_appendall(w->s, t->shown_span);
		break;
	case FIELD_PPS:
		write_metric(w, t, METRIC_PPS);
		break;
	case FIELD_BPS:
		write_metric(w, t, METRIC_BPS);
		break;
	case FIELD_BPP:
		write_metric(w, t, METRIC_BPP);
		break;
	case FIELD_FLOWS:
		sqlite3_str_appendall(w->s, t->flows);
		break;
	case FIELD_VERSION:
		sqlite3_str_appendall(w->s, from->group == NULL ?
		    "nullif(exporter_version, 0)" : "NULL");
		break;
	default:
		write_column(w, from, f);
		break;
	}
}

/* ---- order ---- */

/* As group_compare: part by part; not sent, IPv4, IPv6; then by value. */
static void
write_key_order(struct sql_writer *w, const struct group *g)
{
	for (size_t k = 0; k < g->n; k++) {
		int c = g->part[k].info->side[0], at = (int)k + 1;

		if (c == STAT_EXPORTER ||
		    column_info((enum column)c)->type == CT_ADDR)
			sqlite3_str_appendf(w->s, ", length(k%d)", at);
		sqlite3_str_appendf(w->s, ", k%d", at);
	}
}

static void
write_order(struct sql_writer *w, const struct sql_answer *from)
{
	/* flows that are listed count 1, which would be a column's number */
	bool by_metric = from->order != NULL && (from->group != NULL ||
	    from->order->metric != METRIC_FLOWS);

	sqlite3_str_appendall(w->s, "\nORDER BY ");
	if (by_metric) {
		write_metric(w, terms_of(from), from->order->metric);
		if (!from->order->ascending)
			sqlite3_str_appendall(w->s, " DESC");
	}
	if (from->group != NULL)
		write_key_order(w, from->group);
	else
		sqlite3_str_appendf(w->s, "%sseq", by_metric ? ", " : "");
}

static void
write_rows(struct sql_writer *w, const struct sql_answer *from)
{
	if (from->limit > 0)
		sqlite3_str_appendall(w->s, "(SELECT * FROM ");
	if (from->first > 0)
		sqlite3_str_appendf(w->s, "(SELECT * FROM %s ORDER BY seq "
		    "LIMIT %lld)", from->table, (long long)from->first);
	else
		sqlite3_str_appendall(w->s, from->table);
	if (from->limit > 0) {
		write_order(w, from);
		sqlite3_str_appendf(w->s, " LIMIT %lld)",
		    (long long)from->limit);
	}
}

int
sql_sheet(struct sql *out, const struct sheet *sheet,
    const struct sql_answer *from, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, &no_shape, err);
	sqlite3_str_appendall(w.s, "SELECT\n  ");
	for (size_t i = 0; i < sheet->n; i++) {
		write_field(&w, from, sheet->v[i].field);
		sqlite3_str_appendf(w.s, " AS \"%w\"%s", sheet->v[i].label,
		    i + 1 < sheet->n ? ",\n  " : "");
	}
	sqlite3_str_appendall(w.s, "\nFROM ");
	write_rows(&w, from);
	write_order(&w, from);
	return sql_end(&w);
}
