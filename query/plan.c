/* Query plans: see plan.h. */
#include "query/plan.h"

#include <stdio.h>
#include <string.h>

#include "query/report.h"
#include "schema/db.h"

/*
 * "SCAN f", "SEARCH f USING INDEX flow_dst_addr (dst_addr=?)", "SEARCH f USING
 * INTEGER PRIMARY KEY (rowid>? AND rowid<?)"; other lines are of subselects.
 */
static void
add_step(struct plan *p, const char *detail)
{
	size_t at = strlen(p->text);
	const char *index;

	if (strncmp(detail, "SEARCH f ", 9) != 0)
		return;
	index = strstr(detail, " INDEX ");
	if (index == NULL) {
		if (p->kind == PLAN_SCAN)
			p->kind = PLAN_RANGE;
		return;
	}
	p->kind = PLAN_INDEX;
	/* an OR of several indexes gives several of these lines */
	(void)snprintf(p->text + at, sizeof(p->text) - at, "%s%s",
	    at > 0 ? " or " : "index ", index + strlen(" INDEX "));
}

int
plan_read(sqlite3 *db, const struct sql *sql, struct plan *out,
    struct err *err)
{
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql->text);
	sqlite3_stmt *st = NULL;
	int rc = -1;

	*out = (struct plan){ .kind = PLAN_SCAN };
	if (text == NULL)
		return err_set(err, "out of memory");
	st = db_prepare(db, text, err);
	if (st != NULL && sql_bind_all(st, sql, err) == 0)
		rc = 1;
	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		const char *detail =
		    (const char *)sqlite3_column_text(st, 3);

		if (detail != NULL)
			add_step(out, detail);
	}
	sqlite3_finalize(st);
	sqlite3_free(text);
	if (out->kind != PLAN_INDEX)
		(void)snprintf(out->text, sizeof(out->text), "scan");
	return rc;
}

int64_t
plan_rows(const struct plan *p, sqlite3_stmt *st,
    const struct sql_shape *shape)
{
	switch (p->kind) {
	case PLAN_SCAN:
		/* it counts steps from one row to the next, of subselects too */
		return 1 + sqlite3_stmt_status(st,
		    SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
	case PLAN_RANGE:
		return shape->rowids ? shape->id_to - shape->id_from + 1 :
		    REPORT_UNKNOWN;
	default:
		return REPORT_UNKNOWN;
	}
}
