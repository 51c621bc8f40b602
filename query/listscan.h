/*
 * Flows of a sealed shard one by one from its pages (btree.h), through a
 * sieve: what a statement of sql_list does, without SQLite.
 */
#ifndef QUERY_LISTSCAN_H
#define QUERY_LISTSCAN_H

#include <stddef.h>
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

size_t	listscan_leaves(const struct listscan *l);

/* One of several threads that read leaves of l, which is borrowed. */
struct listreader;
struct listreader *listreader_new(const struct listscan *l, struct err *err);
void	listreader_free(struct listreader *r);

/* Leaves [from, to) are next, none of them before those read already. */
void	listreader_begin(struct listreader *r, size_t from, size_t to);

struct listread {
	size_t	n;		/* rows; less than most: there are no more */
	int64_t	looked;		/* flows looked at for them */
};

/*
 * Fills rows with the flows that pass, up to most, in the order of storage,
 * with scaled counters; what they point to is side's.  -1: damaged or
 * stopped, behind the rows of out.
 */
int	listreader_read(struct listreader *r, struct row *rows, size_t most,
	    struct listread *out, struct err *err);

#endif
