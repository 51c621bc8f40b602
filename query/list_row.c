/* Rows of a list, told of or sorted: see list_row.h. */
#include "query/list_row.h"

#include <stdlib.h>
#include <string.h>

#include "query/open.h"
#include "schema/db.h"

#define OUT_COUNTERS	(flow_bit(COL_out_packets) | flow_bit(COL_out_bytes))

/*
 * The values of a row: counters first, raw with the path (scaled here), or
 * scaled by SQL when the path is joined.
 */
static void
choose_values(struct lister *l)
{
	uint64_t columns = l->o->columns;

	l->path_columns = columns & flow_home_bits(HOME_PATH);
	l->values[l->n_values++] = l->joined ? COL_packets :
	    SQL_VALUE_RAW_PACKETS;
	l->values[l->n_values++] = l->joined ? COL_bytes :
	    SQL_VALUE_RAW_BYTES;
	if (!l->joined)
		l->values[l->n_values++] = SQL_VALUE_PATH;
	columns |= flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
	if (l->o->order != NULL && l->o->order->out)
		columns |= OUT_COUNTERS;
	/* out counters are scaled here */
	if (l->joined && (columns & OUT_COUNTERS) != 0)
		columns |= flow_bit(COL_sampling);
	columns &= ~(flow_bit(COL_packets) | flow_bit(COL_bytes));
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		if ((columns >> c & 1) != 0 && (l->joined ||
		    column_info((enum column)c)->home != HOME_PATH))
			l->values[l->n_values++] = (int)c;
	}
	if (l->joined && (columns & flow_bit(COL_exporter)) != 0) {
		for (int v = SQL_VALUE_EXPORTER_ADDR; v < SQL_VALUE_END; v++)
			l->values[l->n_values++] = v;
	}
}

void
list_read(const struct lister *l, sqlite3_stmt *st, int first,
    struct list_cells *cells)
{
	cells->name = NULL;
	for (size_t i = 0; i < l->n_values; i++) {
		int col = first + (int)i;

		datum_read(&cells->v[i], st, col);
		if (l->values[i] == SQL_VALUE_EXPORTER_NAME)
			cells->name = (const char *)
			    sqlite3_column_text(st, col);
	}
}

/* What of the row is in tables path and exporter. */
static void
fill_path(const struct lister *l, int64_t path, struct row *row)
{
	const struct row_exporter *e;

	for (unsigned c = 0; l->path_columns >> c != 0; c++) {
		if ((l->path_columns >> c & 1) != 0)
			datum_to_flow(side_datum(l->side, path, (enum column)c),
			    &row->flow, (enum column)c);
	}
	if (flow_has(&row->flow, COL_exporter) &&
	    (e = side_exporter(l->side, row->flow.exporter)) != NULL)
		row->exporter = *e;
}

static void
fill_exporter(struct row *row, int value, const struct list_cells *cells,
    const struct datum *c)
{
	switch (value) {
	case SQL_VALUE_EXPORTER_ADDR:
		if (c->kind == DATUM_ADDR)
			row->exporter.address = addr_from(c->addr, c->len);
		break;
	case SQL_VALUE_EXPORTER_VERSION:
		row->exporter.version = (uint8_t)c->number;
		break;
	case SQL_VALUE_EXPORTER_DOMAIN:
		row->exporter.domain = (uint32_t)c->number;
		break;
	case SQL_VALUE_EXPORTER_NAME:
		row->exporter.name = cells->name;
		break;
	default:
		break;
	}
}

/* Place of the path among the values that are not joined. */
#define AT_PATH	2

/* SQL that joins the path has scaled packets and bytes. */
static void
scale(const struct lister *l, const struct list_cells *cells, struct flow *f)
{
	uint32_t rate = 1;

	if (!l->joined) {
		rate = side_rate(l->side, cells->v[AT_PATH].number);
		row_scale(f, rate);
	} else if (flow_has(f, COL_sampling)) {
		rate = f->sampling;
	}
	row_scale_out(f, rate);
}

static void
fill_row(const struct lister *l, const struct list_cells *cells,
    struct row *row)
{
	row->flow.set = 0;
	row->flows = 1;
	row->exporter = (struct row_exporter){ .name = NULL };
	row->geo = l->o->geo;
	row->placed = 0;
	for (size_t i = 0; i < l->n_values; i++) {
		int value = l->values[i];
		const struct datum *c = &cells->v[i];

		if (value == SQL_VALUE_PATH) {
			fill_path(l, c->number, row);
			continue;
		}
		if (value == SQL_VALUE_RAW_PACKETS)
			value = COL_packets;
		else if (value == SQL_VALUE_RAW_BYTES)
			value = COL_bytes;
		if (value < COLUMN_COUNT)
			datum_to_flow(c, &row->flow, (enum column)value);
		else
			fill_exporter(row, value, cells, c);
	}
	if (l->q->scale)
		scale(l, cells, &row->flow);
}

/* The row as sums; out: the counters of the other direction. */
static struct tally_sum
sum_of(const struct row *row, bool out)
{
	const struct flow *f = &row->flow;
	struct tally_sum sum = { .flows = 1, .packets = row_packets(row),
		.bytes = row_bytes(row), .last_ms = row_last_ms(row) };

	if (flow_has(f, COL_first_ms))
		sum.first_ms = f->first_ms;
	if (out) {
		sum.packets = flow_has(f, COL_out_packets) ?
		    (int64_t)f->out_packets : 0;
		sum.bytes = flow_has(f, COL_out_bytes) ?
		    (int64_t)f->out_bytes : 0;
	}
	return sum;
}

void
list_give(struct lister *l, const struct row *row)
{
	struct tally_sum sum = sum_of(row, false);

	tally_add(l->total, &sum);
	l->given++;
	if (!l->o->visit(l->o->arg, row) ||
	    (l->o->limit > 0 && l->given >= l->o->limit))
		l->enough = true;
}

bool
list_stopped(const struct lister *l)
{
	return l->q->stop != NULL && atomic_load_explicit(l->q->stop,
	    memory_order_relaxed);
}

/* ---- sorting ---- */

static int
sorter_open(struct lister *l, struct err *err)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	char *sql;

	l->sorter = db_open("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    err);
	if (l->sorter == NULL || db_exec(l->sorter, "PRAGMA journal_mode = "
	    "OFF; PRAGMA synchronous = OFF", err) == -1) {
		sqlite3_free(sqlite3_str_finish(s));
		return -1;
	}
	db_stop_by(l->sorter, l->q->stop);
	sqlite3_str_appendall(s, "CREATE TABLE sorted (seq INTEGER PRIMARY "
	    "KEY, value");
	for (size_t i = 0; i < l->n_values; i++)
		sqlite3_str_appendf(s, ", c%d", (int)i);
	sqlite3_str_appendall(s, "); BEGIN");
	sql = sqlite3_str_finish(s);
	if (sql == NULL || db_exec(l->sorter, sql, err) == -1) {
		sqlite3_free(sql);
		return -1;
	}
	sqlite3_free(sql);
	s = sqlite3_str_new(NULL);
	sqlite3_str_appendall(s, "INSERT INTO sorted VALUES (NULL, ?");
	for (size_t i = 0; i < l->n_values; i++)
		sqlite3_str_appendall(s, ", ?");
	sqlite3_str_appendall(s, ")");
	sql = sqlite3_str_finish(s);
	if (sql != NULL)
		l->put = db_prepare(l->sorter, sql, err);
	sqlite3_free(sql);
	return l->put == NULL ? -1 : 0;
}

/* A value of the sorter's row. */
static void
bind_cell(struct lister *l, size_t i, const struct list_cells *cells)
{
	const struct datum *c = &cells->v[i];
	int at = (int)i + 2;

	if (l->values[i] == SQL_VALUE_EXPORTER_NAME)
		(void)sqlite3_bind_text(l->put, at, cells->name, -1,
		    SQLITE_STATIC);
	else if (c->kind == DATUM_NUMBER)
		(void)sqlite3_bind_int64(l->put, at, c->number);
	else if (c->kind == DATUM_ADDR)
		(void)sqlite3_bind_blob(l->put, at, c->addr, c->len,
		    SQLITE_STATIC);
	else
		(void)sqlite3_bind_null(l->put, at);
}

static int
put(struct lister *l, const struct list_cells *cells, const struct row *row,
    struct err *err)
{
	struct tally_sum sum = sum_of(row, l->o->order->out);

	(void)sqlite3_bind_int64(l->put, 1,
	    order_value(l->o->order->metric, &sum));
	for (size_t i = 0; i < l->n_values; i++)
		bind_cell(l, i, cells);
	return db_step(l->put, err) == -1 ? -1 : 0;
}

static int
give_sorted(struct lister *l, struct err *err)
{
	sqlite3_stmt *st = db_prepare(l->sorter, l->o->order->ascending ?
	    "SELECT * FROM sorted ORDER BY value, seq" :
	    "SELECT * FROM sorted ORDER BY value DESC, seq", err);
	struct list_cells cells = { .name = NULL };
	int rc = st == NULL ? -1 : 1;
	struct row row;

	l->enough = false;
	while (rc == 1 && !l->enough && (rc = db_step(st, err)) == 1) {
		if (list_stopped(l)) {
			rc = err_as(err, ERR_STOPPED, "interrupted");
			break;
		}
		list_read(l, st, 2, &cells);
		fill_row(l, &cells, &row);
		list_give(l, &row);
	}
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/* ---- all of it ---- */

bool
list_sql_orders(const struct lister *l)
{
	/* -c counts before the sorting */
	return l->sorter != NULL && l->q->most_flows == 0 && !l->o->order->out;
}

int64_t
list_wanted(const struct lister *l)
{
	int64_t limit = l->o->limit > 0 && (l->sorter == NULL ||
	    list_sql_orders(l)) ? l->o->limit : -1;

	if (l->sorter == NULL && limit > 0)
		limit -= l->given;
	if (l->q->most_flows > 0) {
		int64_t left = l->q->most_flows - l->taken;

		limit = limit < 0 || left < limit ? left : limit;
	}
	return limit;
}

bool
list_enough(const struct lister *l)
{
	return l->enough || (l->q->most_flows > 0 &&
	    l->taken >= l->q->most_flows);
}

int
list_open(struct lister *l, const struct question *q,
    const struct list_options *o, bool joined, struct tally_sum *total,
    struct report *report, struct err *err)
{
	*l = (struct lister){ .q = q, .o = o, .report = report,
		.total = total, .joined = joined };
	*total = (struct tally_sum){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN };
	report->workers = 1;
	choose_values(l);
	return o->order != NULL ? sorter_open(l, err) : 0;
}

void
list_close(struct lister *l)
{
	sqlite3_finalize(l->put);
	if (l->sorter != NULL)
		(void)sqlite3_close(l->sorter);
}

int
list_row(struct lister *l, const struct list_cells *cells, struct err *err)
{
	struct row row;

	l->taken++;
	fill_row(l, cells, &row);
	if (l->sorter != NULL)
		return put(l, cells, &row, err);
	list_give(l, &row);
	return 0;
}

int
list_finish(struct lister *l, struct err *err)
{
	return l->sorter == NULL ? 0 : give_sorted(l, err);
}
