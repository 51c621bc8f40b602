/*
 * --exporters: who sent the flows of the chosen shards, and what was lost on
 * the way.  The counts are those of the collector (table exporter), added up
 * by address, version and domain.  A shard counts when its slot overlaps the
 * window: as a whole, since nothing finer was counted.
 */
#ifndef QUERY_EXPORTERS_H
#define QUERY_EXPORTERS_H

#include "query/answer.h"

/* -1: an option that has no meaning here; ERR_SYNTAX: in the text of -o. */
int	exporters_accept(const struct request *r, struct err *err);

/*
 * A table (local time, or UTC), CSV, JSON or ndjson (UTC) to a->out, not yet
 * flushed.
 */
int	exporters_print(struct answer *a, struct err *err);

#endif
