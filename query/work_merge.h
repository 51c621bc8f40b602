/*
 * A statistic whose every shard has the roll-up for it: these are merged in
 * the order of their keys (rollmerge.h), each thread a part of the keys.  Where
 * the question wants the first N alone no more than these are kept.
 */
#ifndef QUERY_WORK_MERGE_H
#define QUERY_WORK_MERGE_H

#include <stdbool.h>

#include "query/feed.h"
#include "query/report.h"
#include "query/sealed.h"
#include "schema/err.h"
#include "schema/shard.h"

struct work_merge {
	const struct question	  *q;
	const struct shard_list	  *list;
	const struct sealed_forms *forms;
	size_t			   memory;	/* most bytes */
	struct report		  *report;
	struct feed		 **feeds;	/* of n threads, empty */
	unsigned		   n;
};

/* Is it a question for that, as far as can be told without the shards? */
bool	work_merge_can(const struct question *q);

/*
 * 1: done, the sums are in the feeds, and the report tells of it.  0: not with
 * these shards; what is in the feeds is to be thrown away.  -1: failed.
 */
int	work_merge(const struct work_merge *w, struct err *err);

#endif
