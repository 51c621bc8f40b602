/*
 * Flows of a sealed shard one by one from its pages (btree.h), through a
 * sieve: what a statement of sql_list does, without SQLite.
 */
#ifndef QUERY_LISTSCAN_H
#define QUERY_LISTSCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "query/open.h"
#include "query/question.h"
#include "query/row.h"
#include "query/side.h"
#include "schema/err.h"

struct listscan;

/* flow_bit() of path columns that side must hold; columns: of the rows. */
uint64_t listscan_path_columns(const struct question *q, uint64_t columns);

/*
 * For a shard that sealed_open opened, path being its file; columns:
 * flow_bit() of what rows need; side is borrowed.  NULL: the shard or the
 * question is not for pages, ask SQLite.
 */
struct listscan *listscan_open(const struct question *q, uint64_t columns,
	    const char *path, const struct open_shard *s,
	    const struct side *side);
void	listscan_close(struct listscan *l);

/*
 * Tells visit of each flow that passes, in the order of storage, with scaled
 * counters, until it returns false.  *rows: how many were looked at.  -1:
 * failed, damaged, or stopped.
 */
int	listscan_run(struct listscan *l,
	    bool (*visit)(void *arg, struct row *row), void *arg,
	    int64_t *rows, struct err *err);

#endif
