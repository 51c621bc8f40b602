/*
 * How SQLite reads the flows for a statement of sql.h, for --explain: what
 * EXPLAIN QUERY PLAN says of the table AS f.
 */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "query/sql.h"
#include "schema/err.h"

enum plan_kind {
	PLAN_SCAN,		/* all rows */
	PLAN_RANGE,		/* those of a range of ids */
	PLAN_INDEX		/* what an index finds */
};

#define PLAN_TEXT_MAX	200

struct plan {
	enum plan_kind	kind;
	char		text[PLAN_TEXT_MAX];	/* "index flow_dst_addr (...)" */
};

int	plan_read(sqlite3 *db, const struct sql *sql, struct plan *out,
	    struct err *err);

/*
 * Rows that the statement, which was run, has read; REPORT_UNKNOWN if an index
 * found them.
 */
int64_t	plan_rows(const struct plan *p, sqlite3_stmt *st,
	    const struct sql_shape *shape);

#endif
