/*
 * Flows copied from shards into a new one, which numbers flows, paths and
 * exporters anew.  The same path of several shards becomes one row.
 *
 * Exporters come along with what they counted, added up over the shards that
 * were read, whichever of their flows are copied: it tells of losses there.
 */
#ifndef QUERY_COPY_H
#define QUERY_COPY_H

#include <stdint.h>

#include "query/open.h"
#include "query/question.h"
#include "schema/err.h"

struct copy;

/* What the new shard's meta will say. */
struct copy_totals {
	int64_t	flows;
	int64_t	first_ms;	/* INT64_MAX: none */
	int64_t	last_ms;
	int64_t	slot_start_ms;	/* of all shards that were read */
	int64_t	slot_end_ms;
	int64_t	seen;		/* flows in them, copied or not */
};

/* db: a shard without flows, borrowed.  NULL: failed. */
struct copy *copy_new(struct sqlite3 *db, struct err *err);
void	copy_free(struct copy *c);

/*
 * Copies the flows of s that q asks for, at most limit (< 0: all), in one
 * transaction: on failure nothing of this shard is there.
 */
int	copy_shard(struct copy *c, struct open_shard *s,
	    const struct question *q, int64_t limit, struct err *err);

const struct copy_totals *copy_totals(const struct copy *c);

/* Writes meta.  After the last shard. */
int	copy_end(struct copy *c, struct err *err);

#endif
