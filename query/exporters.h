/*
 * --exporters: who sent the flows of the chosen shards, and what was lost on
 * the way.  The counts are those of the collector (table exporter), added up
 * by address, version and domain.  A shard counts when its slot overlaps the
 * window: as a whole, since nothing finer was counted.
 */
#ifndef QUERY_EXPORTERS_H
#define QUERY_EXPORTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "query/answer.h"
#include "schema/addr.h"

/* -1: an option that has no meaning here; ERR_SYNTAX: in the text of -o. */
int	exporters_accept(const struct request *r, struct err *err);

/*
 * A table (local time, or UTC), CSV, JSON or ndjson (UTC) to a->out, not yet
 * flushed.
 */
int	exporters_print(struct answer *a, struct err *err);

/* Does the slot of the shard overlap the window? */
bool	exporters_wanted(const struct question *q,
	    const struct shard_meta *m);

/* One of them, added up. */
struct exporter_sum {
	struct addr	 address;
	const char	*name;		/* NULL: none; valid during the call */
	int64_t		 version;
	int64_t		 domain;
	int64_t		 packets;
	int64_t		 flows;
	int64_t		 lost;
	int64_t		 loss;		/* of what was sent, percent / 100 */
	bool		 has_sampling;
	int64_t		 sampling;
	bool		 has_last;
	int64_t		 last_ms;
};

/* Visits all of them in order of their addresses. */
int	exporters_each(struct answer *a,
	    void (*visit)(void *arg, const struct exporter_sum *e), void *arg,
	    struct err *err);

#endif
