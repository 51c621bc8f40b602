/*
 * Whole statements over a shard: see sql.h.  sql_filter.c writes the filter,
 * sql_set.c long lists.
 *
 * Counters are scaled by the sampling rate of the flow's path; a product beyond
 * 63 bits stays at the largest number.  Rates are integers as nfdump's: 0 when
 * there is nothing to divide by.  8000 * bytes can pass 63 bits, so bytes are
 * divided first and the rest apart.
 */
#include "query/sql.h"

#include "query/sql_write.h"

/*
 * SQLite's time to prepare grows with the square of the tests: 5000 take 0.2 s,
 * 30000 take 7 s.  Binds: SQLite's own limit, where it is not raised.
 */
#define TESTS_MAX	5000
#define BINDS_MAX	32766

/* What the flow's counters are multiplied with. */
static void
write_rate(struct sql_writer *w)
{
	if (w->roll != NULL)
		sqlite3_str_appendall(w->s, "max(ifnull(f.sampling, 1), 1)");
	else if (w->joined)
		sqlite3_str_appendall(w->s, "max(ifnull(p.sampling, 1), 1)");
	else
		sqlite3_str_appendf(w->s, "ifnull((SELECT max(sampling, 1) "
		    "FROM %s.path WHERE id = f.path), 1)", w->shape->schema);
}

void
sql_scaled(struct sql_writer *w, enum column c)
{
	const char *table = column_info(c)->home == HOME_EXTRA ? "x" : "f";

	if (!w->shape->scale) {
		sqlite3_str_appendf(w->s, "%s.%s", table,
		    column_info(c)->name);
		return;
	}
	sqlite3_str_appendf(w->s, "min(%s.%s * ", table,
	    column_info(c)->name);
	write_rate(w);
	sqlite3_str_appendf(w->s, ", %lld)", (long long)INT64_MAX);
}

/* A counter of the other way, beside the flow and scaled like its own. */
static void
write_out_counter(struct sql_writer *w, enum column c)
{
	const char *scaled = w->shape->scale ? "min(" : "";

	sqlite3_str_appendf(w->s, "%s(SELECT %s FROM %s.extra WHERE id = f.id)",
	    scaled, column_info(c)->name, w->shape->schema);
	if (!w->shape->scale)
		return;
	sqlite3_str_appendall(w->s, " * ");
	write_rate(w);
	sqlite3_str_appendf(w->s, ", %lld)", (long long)INT64_MAX);
}

static void
not_in_rollup(struct sql_writer *w, const char *what)
{
	w->failed = true;
	(void)err_set(w->err, "roll-up %s has no %s", w->roll->table, what);
}

/* A stored column, under the name that it has in this scope. */
static void
write_column(struct sql_writer *w, enum column c, enum scope scope)
{
	const struct column_info *info = column_info(c);

	if (scope != SCOPE_FLOW) {
		sqlite3_str_appendall(w->s, info->name);
	} else if (w->roll == NULL) {
		if (c == COL_packets || c == COL_bytes)
			sql_scaled(w, c);
		else if (c == COL_out_packets || c == COL_out_bytes)
			write_out_counter(w, c);
		else
			sqlite3_str_appendf(w->s, "f.%s", info->name);
	} else if (c == w->roll->column || (int)c == w->roll->other) {
		sqlite3_str_appendf(w->s, "f.%s",
		    column_info(w->roll->column)->name);
	} else if (c == COL_proto) {
		sqlite3_str_appendall(w->s, "f.proto");
	} else {
		not_in_rollup(w, info->name);
	}
}

/*
 * factor * counter / duration, in whole numbers: (c / d) * factor + (c % d) *
 * factor / d.  The first product may become a real, far above every number
 * that it is compared with.
 */
static void
write_rate_per_second(struct sql_writer *w, enum column c, int factor)
{
	sqlite3_str_appendall(w->s, "CASE WHEN f.duration_ms > 0 THEN (");
	sql_scaled(w, c);
	sqlite3_str_appendf(w->s, " / f.duration_ms) * %d + (", factor);
	sql_scaled(w, c);
	sqlite3_str_appendf(w->s, " %% f.duration_ms) * %d / f.duration_ms "
	    "WHEN f.%s >= 0 AND f.duration_ms <= 0 THEN 0 END", factor,
	    column_info(c)->name);
}

static void
write_bytes_per_packet(struct sql_writer *w)
{
	sqlite3_str_appendall(w->s, "CASE WHEN f.packets > 0 THEN ");
	sql_scaled(w, COL_bytes);
	sqlite3_str_appendall(w->s, " / ");
	sql_scaled(w, COL_packets);
	sqlite3_str_appendall(w->s,
	    " WHEN f.bytes >= 0 AND f.packets = 0 THEN 0 END");
}

void
sql_subject(struct sql_writer *w, int subject, enum scope scope)
{
	if (subject < COLUMN_COUNT) {
		write_column(w, (enum column)subject, scope);
		return;
	}
	if (w->roll != NULL) {
		not_in_rollup(w, "such field");
		return;
	}
	switch (subject) {
	case SUBJECT_LAST:
		sqlite3_str_appendall(w->s, "(f.first_ms + f.duration_ms)");
		break;
	case SUBJECT_PPS:
		write_rate_per_second(w, COL_packets, 1000);
		break;
	case SUBJECT_BPS:
		write_rate_per_second(w, COL_bytes, 8000);
		break;
	case SUBJECT_BPP:
		write_bytes_per_packet(w);
		break;
	case SUBJECT_FLOWS:
		sqlite3_str_appendall(w->s, "ifnull(flows, 1)");
		break;
	case SUBJECT_TTL_SPREAD:
		sqlite3_str_appendall(w->s, "(max_ttl - min_ttl)");
		break;
	case SUBJECT_COUNT:
		sqlite3_str_appendf(w->s, "(f.id + %lld)",
		    (long long)w->shape->count_base);
		break;
	case SUBJECT_EXPORTER_ADDR:
		sqlite3_str_appendall(w->s, "address");
		break;
	case SUBJECT_EXPORTER_VERSION:
		sqlite3_str_appendall(w->s, "version");
		break;
	case SUBJECT_EXPORTER_NAME:
		sqlite3_str_appendall(w->s, "name");
		break;
	default:
		break;
	}
}

void
sql_begin(struct sql_writer *w, struct sql *out,
    const struct sql_shape *shape, struct err *err)
{
	*out = (struct sql){ .text = NULL };
	*w = (struct sql_writer){ .out = out, .shape = shape, .err = err };
	w->s = sqlite3_str_new(NULL);
	if (shape->rollup >= 0)
		w->roll = rollup_info((enum rollup)shape->rollup);
}

int
sql_end(struct sql_writer *w)
{
	struct sql *out = w->out;

	out->len = (size_t)sqlite3_str_length(w->s);
	if (sqlite3_str_errcode(w->s) != SQLITE_OK)
		out->failed = true;
	out->text = sqlite3_str_finish(w->s);
	if (w->failed) {
		sql_clear(out);
		return -1;
	}
	if (out->failed || out->text == NULL) {
		sql_clear(out);
		return err_set(w->err, "out of memory");
	}
	if (w->n_tests > TESTS_MAX || out->n_binds > BINDS_MAX) {
		sql_clear(out);
		return err_set(w->err, "the filter has more than %d tests: "
		    "write them as lists, such as ip in [...]", TESTS_MAX);
	}
	return 0;
}

int
sql_where(struct sql *out, const struct filter *f,
    const struct sql_shape *shape, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, shape, err);
	sql_filter(&w, ast_root(f));
	return sql_end(&w);
}

int
sql_probe(struct sql *out, const struct node *n,
    const struct sql_shape *shape, int64_t most, struct err *err)
{
	struct sql_writer w;

	sql_begin(&w, out, shape, err);
	sqlite3_str_appendf(w.s, "SELECT count(*) FROM (SELECT 1 FROM %s.flow "
	    "AS f WHERE ", shape->schema);
	sql_filter(&w, n);
	sqlite3_str_appendf(w.s, " LIMIT ?%u)",
	    (unsigned)sql_bind_int(&w, most));
	return sql_end(&w);
}

struct sql_joins
sql_joins(const struct sql_shape *shape, const int *values, size_t n)
{
	struct sql_joins j = { false, false, false };

	for (size_t i = 0; i < n; i++) {
		enum colhome home;

		if (values[i] == SQL_VALUE_FLOWS)
			j.extra = true;
		if (values[i] >= SQL_VALUE_EXPORTER_ADDR)
			j.path = j.exporter = true;
		if (values[i] >= COLUMN_COUNT)
			continue;
		home = column_info((enum column)values[i])->home;
		j.path = j.path || home == HOME_PATH || (shape->scale &&
		    (values[i] == COL_packets || values[i] == COL_bytes));
		j.extra = j.extra || home == HOME_EXTRA;
	}
	if (shape->rollup >= 0)
		j = (struct sql_joins){ false, false, false };
	return j;
}

static void
write_rollup_value(struct sql_writer *w, int value)
{
	switch (value) {
	case COL_packets:
	case COL_bytes:
		sql_scaled(w, (enum column)value);
		break;
	case SQL_VALUE_RAW_PACKETS:
		sqlite3_str_appendall(w->s, "f.packets");
		break;
	case SQL_VALUE_RAW_BYTES:
		sqlite3_str_appendall(w->s, "f.bytes");
		break;
	case SQL_VALUE_FLOWS:
		sqlite3_str_appendall(w->s, "f.flows");
		break;
	case COL_first_ms:
		sqlite3_str_appendall(w->s, "f.first_ms");
		break;
	case COL_duration_ms:
		sqlite3_str_appendall(w->s, "f.last_ms - f.first_ms");
		break;
	case COL_sampling:
		sqlite3_str_appendall(w->s, "f.sampling");
		break;
	default:
		if (value < COLUMN_COUNT)
			write_column(w, (enum column)value, SCOPE_FLOW);
		else
			not_in_rollup(w, "rows of single flows");
	}
}

/* Columns of table exporter, in the order of their SQL_VALUE_. */
static const char *const exporter_columns[] = { "address", "version",
	"source_id", "name" };

void
sql_value(struct sql_writer *w, int value)
{
	if (w->roll != NULL) {
		write_rollup_value(w, value);
		return;
	}
	switch (value) {
	case SQL_VALUE_PATH:
		sqlite3_str_appendall(w->s, "f.path");
		break;
	case SQL_VALUE_ID:
		sqlite3_str_appendall(w->s, "f.id");
		break;
	case SQL_VALUE_RAW_PACKETS:
		sqlite3_str_appendall(w->s, "f.packets");
		break;
	case SQL_VALUE_RAW_BYTES:
		sqlite3_str_appendall(w->s, "f.bytes");
		break;
	case SQL_VALUE_FLOWS:
		sqlite3_str_appendall(w->s, "ifnull(x.flows, 1)");
		break;
	case SQL_VALUE_EXPORTER_ADDR:
	case SQL_VALUE_EXPORTER_VERSION:
	case SQL_VALUE_EXPORTER_DOMAIN:
	case SQL_VALUE_EXPORTER_NAME:
		sqlite3_str_appendf(w->s, "e.%s",
		    exporter_columns[value - SQL_VALUE_EXPORTER_ADDR]);
		break;
	default:
		switch (column_info((enum column)value)->home) {
		case HOME_FLOW:
			write_column(w, (enum column)value, SCOPE_FLOW);
			break;
		case HOME_PATH:
			sqlite3_str_appendf(w->s, "p.%s",
			    column_info((enum column)value)->name);
			break;
		case HOME_EXTRA:
			/* without C functions nobody else scales them */
			if (w->shape->plain && (value == COL_out_packets ||
			    value == COL_out_bytes))
				sql_scaled(w, (enum column)value);
			else
				sqlite3_str_appendf(w->s, "x.%s",
				    column_info((enum column)value)->name);
			break;
		}
	}
}

static void
write_values(struct sql_writer *w, const int *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sqlite3_str_appendall(w->s, ", ");
		sql_value(w, values[i]);
	}
}

static void
write_from(struct sql_writer *w, const struct sql_joins *j)
{
	const struct sql_shape *shape = w->shape;

	sqlite3_str_appendf(w->s, " FROM %s.%s AS f", shape->schema,
	    w->roll != NULL ? w->roll->table : "flow");
	if (shape->no_index)
		sqlite3_str_appendall(w->s, " NOT INDEXED");
	if (j->path)
		sqlite3_str_appendf(w->s,
		    " LEFT JOIN %s.path AS p ON p.id = f.path", shape->schema);
	if (j->extra)
		sqlite3_str_appendf(w->s,
		    " LEFT JOIN %s.extra AS x ON x.id = f.id", shape->schema);
	if (j->exporter)
		sqlite3_str_appendf(w->s, " LEFT JOIN %s.exporter AS e "
		    "ON e.id = p.exporter", shape->schema);
}

/* rowids AND window AND filter */
static void
write_where(struct sql_writer *w, const struct filter *f)
{
	const struct sql_shape *shape = w->shape;
	const char *and = " WHERE ";

	if (shape->rowids) {
		size_t b = sql_bind_int(w, shape->id_from);

		(void)sql_bind_int(w, shape->id_to);
		sqlite3_str_appendf(w->s, "%sf.id BETWEEN ?%u AND ?%u", and,
		    (unsigned)b, (unsigned)b + 1);
		and = " AND ";
	}
	if (shape->has_window) {
		size_t b = sql_bind_int(w, shape->from_ms);

		(void)sql_bind_int(w, shape->to_ms);
		sqlite3_str_appendf(w->s, shape->within ?
		    "%sf.first_ms >= ?%u AND "
		    "f.first_ms + ifnull(f.duration_ms, 0) <= ?%u" :
		    "%sf.first_ms + ifnull(f.duration_ms, 0) >= ?%u AND "
		    "f.first_ms <= ?%u", and, (unsigned)b, (unsigned)b + 1);
		and = " AND ";
	}
	if (f != NULL && !filter_is_any(f)) {
		sqlite3_str_appendall(w->s, and);
		sql_filter(w, ast_root(f));
	}
}

void
sql_from(struct sql_writer *w, const struct sql_joins *j,
    const struct filter *f)
{
	write_from(w, j);
	write_where(w, f);
}

/* A roll-up knows neither single flows nor their times. */
static int
check_shape(const struct sql_shape *shape, struct err *err)
{
	if (shape->rollup >= 0 && (shape->has_window || shape->rowids))
		return err_set(err, "a roll-up can't be read by time or id");
	return 0;
}

int
sql_scan(struct sql *out, const char *func, const int *values,
    size_t n_values, const struct filter *f, const struct sql_shape *shape,
    struct err *err)
{
	struct sql_joins j = sql_joins(shape, values, n_values);
	struct sql_writer w;

	*out = (struct sql){ .text = NULL };
	if (check_shape(shape, err) == -1)
		return -1;
	sql_begin(&w, out, shape, err);
	w.joined = j.path;
	sqlite3_str_appendf(w.s, "SELECT %s(", func);
	write_values(&w, values, n_values);
	sqlite3_str_appendall(w.s, ")");
	sql_from(&w, &j, f);
	return sql_end(&w);
}

/* As order_value() has it, in every case: the limit takes by it. */
static void
write_order_key(struct sql_writer *w, enum sql_order order)
{
	switch (order) {
	case SQL_ORDER_TSTART:
		sqlite3_str_appendall(w->s, "f.first_ms");
		break;
	case SQL_ORDER_TEND:
		sqlite3_str_appendall(w->s,
		    "ifnull(f.first_ms + ifnull(f.duration_ms, 0), 0)");
		break;
	case SQL_ORDER_DURATION:
		sqlite3_str_appendall(w->s, "iif(f.first_ms IS NULL, 0, "
		    "max(ifnull(f.duration_ms, 0), 0))");
		break;
	case SQL_ORDER_PACKETS:
	case SQL_ORDER_BYTES:
		sqlite3_str_appendall(w->s, "ifnull(");
		sql_scaled(w, order == SQL_ORDER_BYTES ? COL_bytes :
		    COL_packets);
		sqlite3_str_appendall(w->s, ", 0)");
		break;
	case SQL_ORDER_PPS:
	case SQL_ORDER_BPS:
	case SQL_ORDER_BPP:
		sqlite3_str_appendall(w->s, order == SQL_ORDER_BPP ?
		    "min(ifnull(" :
		    "min(ifnull(iif(f.first_ms IS NULL, 0, ");
		sql_subject(w, order == SQL_ORDER_PPS ? SUBJECT_PPS :
		    order == SQL_ORDER_BPS ? SUBJECT_BPS : SUBJECT_BPP,
		    SCOPE_FLOW);
		sqlite3_str_appendf(w->s, "%s, 0), %lld)",
		    order == SQL_ORDER_BPP ? "" : ")", (long long)INT64_MAX);
		break;
	case SQL_ORDER_FLOWS:
		sqlite3_str_appendf(w->s, "ifnull((SELECT flows FROM %s.extra "
		    "WHERE id = f.id), 1)", w->shape->schema);
		break;
	case SQL_ORDER_NONE:
		break;
	}
}

int
sql_list(struct sql *out, const int *values, size_t n_values,
    const struct filter *f, const struct sql_shape *shape,
    enum sql_order order, bool ascending, int64_t limit, struct err *err)
{
	struct sql_joins j = sql_joins(shape, values, n_values);
	struct sql_writer w;

	*out = (struct sql){ .text = NULL };
	if (shape->rollup >= 0)
		return err_set(err, "a roll-up has no single flows to list");
	sql_begin(&w, out, shape, err);
	w.joined = j.path;
	sqlite3_str_appendall(w.s, "SELECT ");
	write_values(&w, values, n_values);
	sql_from(&w, &j, f);
	sqlite3_str_appendall(w.s, " ORDER BY ");
	if (order != SQL_ORDER_NONE) {
		write_order_key(&w, order);
		sqlite3_str_appendall(w.s, ascending ? ", " : " DESC, ");
	}
	sqlite3_str_appendall(w.s, "f.id");
	if (limit >= 0)
		sqlite3_str_appendf(w.s, " LIMIT ?%u",
		    (unsigned)sql_bind_int(&w, limit));
	return sql_end(&w);
}
