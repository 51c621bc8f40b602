/* Lists of flows: see list.h. */
#include "query/list.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/datum.h"
#include "query/listscan.h"
#include "query/open.h"
#include "query/plan.h"
#include "query/sealed.h"
#include "query/serve.h"
#include "query/side.h"
#include "schema/db.h"

#define VALUES_MAX	(COLUMN_COUNT + 8)
#define OUT_COUNTERS	(flow_bit(COL_out_packets) | flow_bit(COL_out_bytes))

struct lister {
	const struct question	  *q;
	const struct list_options *o;
	struct report		  *report;
	struct tally_sum	  *total;
	struct sealed_forms	  *forms;
	int			   values[VALUES_MAX];
	size_t			   n_values;
	bool			   joined;	/* path by SQL, not by side */
	const struct side	  *side;
	uint64_t		   path_columns;
	int64_t			   given;	/* rows told of */
	int64_t			   taken;	/* rows counted for -c */
	int64_t			   count_base;
	bool			   enough;
	sqlite3			  *sorter;
	sqlite3_stmt		  *put;
};

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
	if (l->joined && l->o->order->out)
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

static void
read_datum(sqlite3_stmt *st, int col, struct datum *c)
{
	int len;

	c->kind = DATUM_NULL;
	switch (sqlite3_column_type(st, col)) {
	case SQLITE_INTEGER:
		c->kind = DATUM_NUMBER;
		c->number = sqlite3_column_int64(st, col);
		break;
	case SQLITE_BLOB:
		c->addr = sqlite3_column_blob(st, col);
		len = sqlite3_column_bytes(st, col);
		if (len == 4 || len == 16) {
			c->kind = DATUM_ADDR;
			c->len = (uint8_t)len;
		}
		break;
	default:
		break;
	}
}

static void
scale(struct datum *c, uint32_t rate)
{
	if (c->kind != DATUM_NUMBER || rate <= 1 || c->number <= 0)
		return;
	c->number = c->number > INT64_MAX / rate ? INT64_MAX :
	    c->number * rate;
}

static void
scale_out(struct flow *f, uint32_t rate)
{
	struct datum packets = { .kind = DATUM_NUMBER,
		.number = (int64_t)f->out_packets };
	struct datum bytes = { .kind = DATUM_NUMBER,
		.number = (int64_t)f->out_bytes };

	if (flow_has(f, COL_out_packets)) {
		scale(&packets, rate);
		f->out_packets = (uint64_t)packets.number;
	}
	if (flow_has(f, COL_out_bytes)) {
		scale(&bytes, rate);
		f->out_bytes = (uint64_t)bytes.number;
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
fill_exporter(struct row *row, int value, const struct datum *c,
    sqlite3_stmt *st, int col)
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
		row->exporter.name = (const char *)
		    sqlite3_column_text(st, col);
		break;
	default:
		break;
	}
}

/* first: column of the statement that holds the first value. */
static void
fill_row(const struct lister *l, sqlite3_stmt *st, int first,
    struct row *row)
{
	uint32_t rate = 1;

	row->flow.set = 0;
	row->flows = 1;
	row->exporter = (struct row_exporter){ .name = NULL };
	row->geo = l->o->geo;
	row->placed = 0;
	if (!l->joined && l->q->scale)
		rate = side_rate(l->side, sqlite3_column_int64(st, first + 2));
	for (size_t i = 0; i < l->n_values; i++) {
		int col = first + (int)i, value = l->values[i];
		struct datum c = { .kind = DATUM_NULL };

		if (value == SQL_VALUE_PATH) {
			fill_path(l, sqlite3_column_int64(st, col), row);
			continue;
		}
		read_datum(st, col, &c);
		if (value == SQL_VALUE_RAW_PACKETS) {
			scale(&c, rate);
			value = COL_packets;
		} else if (value == SQL_VALUE_RAW_BYTES) {
			scale(&c, rate);
			value = COL_bytes;
		}
		if (value < COLUMN_COUNT)
			datum_to_flow(&c, &row->flow, (enum column)value);
		else
			fill_exporter(row, value, &c, st, col);
	}
	if (l->joined && l->q->scale && flow_has(&row->flow, COL_sampling))
		rate = row->flow.sampling;
	scale_out(&row->flow, rate);
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

static void
give(struct lister *l, const struct row *row)
{
	struct tally_sum sum = sum_of(row, false);

	tally_add(l->total, &sum);
	l->given++;
	if (!l->o->visit(l->o->arg, row) ||
	    (l->o->limit > 0 && l->given >= l->o->limit))
		l->enough = true;
}

static bool
stopped(const struct lister *l)
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
	open_stop_by(l->sorter, l->q->stop);
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

static int
put(struct lister *l, sqlite3_stmt *st, struct err *err)
{
	struct tally_sum sum;
	struct row row;

	fill_row(l, st, 0, &row);
	sum = sum_of(&row, l->o->order->out);
	(void)sqlite3_bind_int64(l->put, 1,
	    order_value(l->o->order->metric, &sum));
	for (size_t i = 0; i < l->n_values; i++)
		(void)sqlite3_bind_value(l->put, (int)i + 2,
		    sqlite3_column_value(st, (int)i));
	return db_step(l->put, err) == -1 ? -1 : 0;
}

static int
give_sorted(struct lister *l, struct err *err)
{
	sqlite3_stmt *st = db_prepare(l->sorter, l->o->order->ascending ?
	    "SELECT * FROM sorted ORDER BY value, seq" :
	    "SELECT * FROM sorted ORDER BY value DESC, seq", err);
	int rc = st == NULL ? -1 : 1;
	struct row row;

	l->enough = false;
	while (rc == 1 && !l->enough && (rc = db_step(st, err)) == 1) {
		if (stopped(l)) {
			rc = err_as(err, ERR_STOPPED, "interrupted");
			break;
		}
		fill_row(l, st, 2, &row);
		give(l, &row);
	}
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/* ---- shards ---- */

enum sql_order
list_sql_order(const struct order *o)
{
	static const enum sql_order by_metric[] = {
		[METRIC_FLOWS] = SQL_ORDER_NONE,
		[METRIC_PACKETS] = SQL_ORDER_PACKETS,
		[METRIC_BYTES] = SQL_ORDER_BYTES,
		[METRIC_PPS] = SQL_ORDER_PPS,
		[METRIC_BPS] = SQL_ORDER_BPS,
		[METRIC_BPP] = SQL_ORDER_BPP,
		[METRIC_TSTART] = SQL_ORDER_TSTART,
		[METRIC_TEND] = SQL_ORDER_TEND,
		[METRIC_DURATION] = SQL_ORDER_DURATION,
	};

	return by_metric[o->metric];
}

/* Does SQL give the rows of a shard in the order that is asked for? */
static bool
sql_orders(const struct lister *l)
{
	/* -c counts before the sorting */
	return l->sorter != NULL && l->q->most_flows == 0 && !l->o->order->out;
}

/* Most rows worth reading of this shard; -1: no limit. */
static int64_t
rows_wanted(const struct lister *l)
{
	int64_t limit = l->o->limit > 0 && (l->sorter == NULL ||
	    sql_orders(l)) ? l->o->limit : -1;

	if (l->sorter == NULL && limit > 0)
		limit -= l->given;
	if (l->q->most_flows > 0) {
		int64_t left = l->q->most_flows - l->taken;

		limit = limit < 0 || left < limit ? left : limit;
	}
	return limit;
}

static int
read_rows(struct lister *l, sqlite3_stmt *st, struct err *err)
{
	struct row row;
	int rc;

	while ((rc = db_step(st, err)) == 1) {
		if (stopped(l))
			return err_as(err, ERR_STOPPED, "interrupted");
		l->taken++;
		if (l->sorter != NULL) {
			if (put(l, st, err) == -1)
				return -1;
		} else {
			fill_row(l, st, 0, &row);
			give(l, &row);
		}
		if (l->enough)
			return 0;
	}
	return rc;
}

static int
explain_list(const struct lister *l, sqlite3_stmt *st, const struct sql *sql,
    const struct sql_shape *shape, int64_t taken, struct report_use *use,
    struct err *err)
{
	struct plan plan;

	if (plan_read(sqlite3_db_handle(st), sql, &plan, err) == -1)
		return -1;
	report_part(use, plan_rows(&plan, st, shape), l->taken - taken,
	    plan.kind == PLAN_INDEX ? "table flow by %s" :
	    "scan of flow", plan.text);
	return 0;
}

/* Fits listscan_run. */
static bool
give_row(void *arg, struct row *row)
{
	struct lister *l = arg;

	row->geo = l->o->geo;
	l->taken++;
	give(l, row);
	return !l->enough;
}

/*
 * A sealed shard by its pages, as it is stored.  1: done; 0: it is not for
 * pages.  use (may be NULL): how it was read.
 */
static int
list_pages(struct lister *l, const char *path, const struct open_shard *s,
    struct report_use *use, struct err *err)
{
	uint64_t columns = listscan_path_columns(l->q, l->o->columns);
	int64_t taken = l->taken, rows;
	struct listscan *scan = NULL;
	struct side *side;
	int rc = 0;

	if (l->sorter != NULL || !s->by_pages)
		return 0;
	side = side_load_pages(path, s, columns);
	if (side != NULL)
		scan = listscan_open(l->q, l->o->columns, path, s, side);
	if (scan != NULL)
		rc = listscan_run(scan, give_row, l, &rows, err) == -1 ? -1 :
		    1;
	if (rc == 1 && use != NULL)
		report_part(use, rows, l->taken - taken, "scan of flow");
	listscan_close(scan);
	side_free(side);
	return rc;
}

/* The same by SQLite. */
static int
list_sql(struct lister *l, struct open_shard *s, struct report_use *use,
    struct err *err)
{
	const struct question *q = l->q;
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = q->scale,
		.no_index = q->no_index || question_in_order(q),
		.has_window = q->has_window, .within = q->within,
		.from_ms = q->from_ms, .to_ms = q->to_ms,
		.count_base = l->count_base };
	bool order = sql_orders(l);
	struct side *side = l->joined ? NULL : side_load(s->db, "main",
	    l->path_columns, err);
	int64_t taken = l->taken;
	sqlite3_stmt *st = NULL;
	struct sql sql;
	int rc = -1;

	if (!l->joined && side == NULL)
		return -1;
	l->side = side;
	if (sql_list(&sql, l->values, l->n_values, q->filter, &shape,
	    order ? list_sql_order(l->o->order) : SQL_ORDER_NONE,
	    order && l->o->order->ascending, rows_wanted(l), err) == 0) {
		st = db_prepare(s->db, sql.text, err);
		if (st != NULL && sql_bind_all(st, &sql, err) == 0)
			rc = read_rows(l, st, err);
		if (rc == 0 && use != NULL)
			rc = explain_list(l, st, &sql, &shape, taken, use,
			    err);
		sqlite3_finalize(st);
		sql_clear(&sql);
	}
	side_free(side);
	return rc;
}

static int
list_shard(struct lister *l, const char *path, struct open_shard *s,
    struct report_use *use, struct err *err)
{
	int rc = list_pages(l, path, s, use, err);

	if (rc != 0)
		return rc == -1 ? -1 : 0;
	if (shard_need_db(s, path, l->q->stop, err) == -1)
		return -1;
	return list_sql(l, s, use, err);
}

static int
visit_shard(struct lister *l, const struct shard_ref *shard, struct err *err)
{
	double begin = report_clock();
	struct report_use use = { .rows = 0 };
	struct open_shard s;
	enum serve_skip skip;
	int rc = 0;

	if (!sealed_open(l->forms, shard->path, &s) &&
	    shard_open(shard->path, l->q->stop, &s, err) == -1)
		return -1;
	skip = serve_window(l->q, &s.meta);
	if (skip == SERVE_READ) {
		rc = list_shard(l, shard->path, &s, l->report->explain ?
		    &use : NULL, err);
		l->report->read++;
		l->report->processed += s.meta.flows;
	} else {
		l->report->skipped++;
	}
	l->count_base += s.meta.flows;
	if (skip != SERVE_READ)
		report_unused(l->report, shard, report_clock() - begin,
		    "skipped: %s", serve_skip_text(skip));
	else if (rc == 0)
		report_used(l->report, shard, &use, false,
		    report_clock() - begin);
	shard_close(&s);
	return rc;
}

static int
visit_all(struct lister *l, const struct shard_list *list, struct err *err)
{
	const struct work_options *o = &l->o->work;
	int64_t taken;

	for (size_t i = 0; i < list->n && !l->enough; i++) {
		const struct shard_ref *shard = &list->v[i];

		if (l->q->most_flows > 0 && l->taken >= l->q->most_flows)
			break;
		if (stopped(l))
			return err_as(err, ERR_STOPPED, "interrupted");
		taken = l->taken;
		if (visit_shard(l, shard, err) == -1) {
			if (err->code == ERR_STOPPED)
				return -1;
			if (!o->named && taken == l->taken &&
			    shard_is_gone(shard->path)) {
				l->report->skipped++;
				report_unused(l->report, shard, 0,
				    "skipped: it has vanished");
			} else if (o->skip_bad) {
				l->report->bad++;
				report_unused(l->report, shard, 0,
				    taken < l->taken ? "read in part" :
				    "unreadable");
				(void)fprintf(stderr, "flowq: %s: %s\n",
				    taken < l->taken ? "read in part" :
				    "skipped", err->msg);
			} else {
				return -1;
			}
		}
		if (o->progress != NULL)
			o->progress(o->arg, i + 1, list->n,
			    l->report->processed);
	}
	return 0;
}

int
list_flows(const struct question *q, const struct shard_list *list,
    const struct list_options *o, struct tally_sum *total,
    struct report *report, struct err *err)
{
	struct lister l = { .q = q, .o = o, .report = report, .total = total,
		.joined = o->order != NULL, .forms = sealed_forms_new() };
	int rc = l.forms == NULL ? err_set(err, "out of memory") : 0;

	*total = (struct tally_sum){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN };
	report->workers = 1;
	choose_values(&l);
	if (rc == 0 && o->order != NULL)
		rc = sorter_open(&l, err);
	if (rc == 0)
		rc = visit_all(&l, list, err);
	if (rc == 0 && l.sorter != NULL)
		rc = give_sorted(&l, err);
	sealed_forms_free(l.forms);
	sqlite3_finalize(l.put);
	if (l.sorter != NULL)
		(void)sqlite3_close(l.sorter);
	return rc;
}
