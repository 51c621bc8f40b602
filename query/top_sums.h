/*
 * Sums of the last minute by key: one table a slot of arrival, and one of all
 * of them, to which a slot is added when it fills and from which it is taken
 * when it is a minute old.  So a look costs what came since the last one.
 */
#ifndef QUERY_TOP_SUMS_H
#define QUERY_TOP_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/filter.h"
#include "query/group.h"
#include "query/order.h"
#include "query/top_spans.h"
#include "schema/err.h"
#include "schema/tally.h"

struct top_sums;

struct top_ask {
	const struct group	*group;		/* one GROUP_STAT */
	const struct filter	*filter;
	bool			 scale;		/* counters times sampling */
	size_t			 memory;	/* bytes for all tables */
};

/* A key of the first of them. */
struct top_key {
	uint8_t			 key[TALLY_KEY_MAX];
	size_t			 len;
	struct tally_sum	 sum;
};

/* What *ask points to must outlive it.  NULL: out of memory. */
struct top_sums *top_sums_new(const struct top_ask *ask, struct err *err);
void	top_sums_free(struct top_sums *s);

/* Adds the flows of a span that pass the filter: a top_visit, arg is s. */
int	top_sums_read(void *arg, struct open_shard *shard,
	    const struct top_span *span, struct err *err);

/* Takes away what is a minute old. */
void	top_sums_move(struct top_sums *s, int64_t now_ms);

/* The first of them by metric, n at most; returns how many.  Ties: by key. */
size_t	top_sums_first(const struct top_sums *s, enum metric metric,
	    struct top_key *out, size_t n);

/* All flows that passed, each once. */
const struct tally_sum *top_sums_total(const struct top_sums *s);

/* Keys there are; were some left out, as they did not fit into memory? */
size_t	top_sums_keys(const struct top_sums *s);
bool	top_sums_full(const struct top_sums *s);

#endif
