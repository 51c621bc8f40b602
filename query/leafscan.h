/*
 * Flows of a sealed shard read from its pages (btree.h), through a sieve, into
 * the sums of a feed: what sql_scan does by SQLite, without SQLite.
 */
#ifndef QUERY_LEAFSCAN_H
#define QUERY_LEAFSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "query/feed.h"
#include "query/open.h"
#include "query/side.h"
#include "schema/err.h"

struct leafscan;

/*
 * For the wanted groups of f over the shard, path being its file, side its
 * paths (leafscan_path_columns; borrowed).  Groups that it does by itself are
 * not wanted until it is closed.  NULL when the shard or the
 * question is not for it: ask SQLite.
 */
struct leafscan *leafscan_open(struct feed *f, const char *path,
	    const struct open_shard *s, const struct side *side);
void	leafscan_close(struct leafscan *l);

/* flow_bit() of path columns that side must hold. */
uint64_t leafscan_path_columns(const struct feed *f);

size_t	leafscan_leaves(const struct leafscan *l);

/*
 * Leaves [from, to); *rows: how many flows they hold.  -1: failed, damaged, or
 * stopped.
 */
int	leafscan_run(struct leafscan *l, struct feed *f, size_t from,
	    size_t to, int64_t *rows, struct err *err);

/* The same for the flows of these ids alone, in ascending order. */
int	leafscan_run_ids(struct leafscan *l, struct feed *f,
	    const int64_t *ids, size_t n, int64_t *rows, struct err *err);

#endif
