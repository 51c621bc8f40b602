/* A pass over flows or a roll-up: see pass.h. */
#include "query/pass.h"

#include <stdio.h>
#include <string.h>

#include "query/plan.h"
#include "query/serve.h"
#include "schema/db.h"

/* A statement that was run, for --explain. */
static int
explain_pass(struct feed *f, sqlite3_stmt *st, const struct sql *sql,
    const struct sql_shape *shape, int64_t passed, struct report_use *use,
    struct err *err)
{
	const char *table = shape->rollup < 0 ? "flow" :
	    rollup_info((enum rollup)shape->rollup)->table;
	struct plan plan;

	if (plan_read(sqlite3_db_handle(st), sql, &plan, err) == -1)
		return -1;
	report_part(use, plan_rows(&plan, st, shape), f->passed - passed,
	    plan.kind == PLAN_INDEX ? "%s %s by %s" : "%s %s",
	    shape->rollup >= 0 ? "roll-up" :
	    plan.kind == PLAN_INDEX ? "table" : "scan of", table, plan.text);
	return 0;
}

int
pass_run(struct feed *f, sqlite3 *db, const struct sql_shape *shape,
    struct report_use *use, struct err *err)
{
	int64_t passed = f->passed;
	sqlite3_stmt *st = NULL;
	struct sql sql;
	int rc = -1;

	if (sql_scan(&sql, FEED_FUNCTION, f->values, f->n_values, f->q->filter,
	    shape, err) == -1)
		return -1;
	st = db_prepare(db, sql.text, err);
	if (st != NULL && sql_bind_all(st, &sql, err) == 0)
		rc = db_step(st, err);
	if (rc == -1 && f->enough)
		rc = 0;
	else if (rc == -1 && f->failed)
		*err = f->err;
	if (rc != -1 && use != NULL)
		rc = explain_pass(f, st, &sql, shape, passed, use, err);
	sqlite3_finalize(st);
	sql_clear(&sql);
	return rc == -1 ? -1 : 0;
}

void
pass_explain_flows(const struct feed *f, const struct open_shard *s,
    struct report_use *use)
{
	const struct question *q = f->q;
	size_t at = strlen(use->how);

	for (size_t i = 0; i < q->n_groups; i++) {
		if (!f->groups[i].wanted)
			continue;
		(void)snprintf(use->how + at, sizeof(use->how) - at, " (%s)",
		    serve_why_flows(q, f->groups[i].group, s));
		return;
	}
}
