/* Lists of flows from shards: see list.h. */
#include "query/list.h"

#include <stdio.h>

#include "query/list_row.h"
#include "query/listscan.h"
#include "query/open.h"
#include "query/plan.h"
#include "query/sealed.h"
#include "query/serve.h"
#include "query/side.h"
#include "schema/db.h"

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

static int
read_rows(struct lister *l, sqlite3_stmt *st, struct err *err)
{
	struct list_cells cells = { .name = NULL };
	int rc;

	while ((rc = db_step(st, err)) == 1) {
		if (list_stopped(l))
			return err_as(err, ERR_STOPPED, "interrupted");
		list_read(l, st, 0, &cells);
		if (list_row(l, &cells, err) == -1)
			return -1;
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
	list_give(l, row);
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
	bool order = list_sql_orders(l);
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
	    order && l->o->order->ascending, list_wanted(l), err) == 0) {
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

	for (size_t i = 0; i < list->n && !list_enough(l); i++) {
		const struct shard_ref *shard = &list->v[i];

		if (list_stopped(l))
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
list_shards(struct lister *l, const struct shard_list *list, struct err *err)
{
	int rc;

	l->forms = sealed_forms_new();
	if (l->forms == NULL)
		return err_set(err, "out of memory");
	rc = visit_all(l, list, err);
	sealed_forms_free(l->forms);
	l->forms = NULL;
	return rc;
}

int
list_flows(const struct question *q, const struct shard_list *list,
    const struct list_options *o, struct tally_sum *total,
    struct report *report, struct err *err)
{
	struct lister l;
	int rc = list_open(&l, q, o, o->order != NULL, total, report, err);

	if (rc == 0)
		rc = list_shards(&l, list, err);
	if (rc == 0)
		rc = list_finish(&l, err);
	list_close(&l);
	return rc;
}
