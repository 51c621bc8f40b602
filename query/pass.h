/*
 * One pass of a worker: the statement that feeds its sums, and what
 * --explain says of it.
 */
#ifndef QUERY_PASS_H
#define QUERY_PASS_H

#include "query/feed.h"
#include "query/open.h"
#include "query/report.h"
#include "query/sql.h"

/*
 * Runs the statement that gives f->values (feed_begin) of the rows that pass
 * the filter; -c that is reached is no failure.  use (may be NULL) is told how
 * they were read.
 */
int	pass_run(struct feed *f, struct sqlite3 *db,
	    const struct sql_shape *shape, struct report_use *use,
	    struct err *err);

/* Tells why flows are read where roll-ups might have served. */
void	pass_explain_flows(const struct feed *f, const struct open_shard *s,
	    struct report_use *use);

#endif
