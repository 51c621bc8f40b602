/* Lists of flows from shards: see list.h. */
#include "query/list.h"

#include "query/list_row.h"
#include "query/open.h"
#include "query/plan.h"
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

int
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
		if (rc == 0 && l->report->explain)
			rc = explain_list(l, st, &sql, &shape, taken, use,
			    err);
		sqlite3_finalize(st);
		sql_clear(&sql);
	}
	side_free(side);
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
