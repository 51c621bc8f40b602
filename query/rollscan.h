/*
 * A roll-up read from its pages (btree.h): what a statement over its table
 * does, without SQLite.  Its rows stand in the order of their keys, so where
 * the filter names addresses only the pages that can hold them are read.
 */
#ifndef QUERY_ROLLSCAN_H
#define QUERY_ROLLSCAN_H

#include "query/feed.h"
#include "query/open.h"
#include "query/report.h"
#include "query/serve.h"
#include "schema/err.h"

/*
 * One pass into the only wanted group of f.  path is the shard's file; use (may be
 * NULL) is told of it.  1: done.  0: not for pages, nothing was added: ask
 * SQLite.  -1: failed, damaged, or stopped.
 */
int	rollscan_run(struct feed *f, const char *path,
	    const struct open_shard *s, const struct serve_pass *pass,
	    struct report_use *use, struct err *err);

#endif
