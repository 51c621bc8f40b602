/*
 * The question put to the shards: worker threads take shards (or parts of a
 * large one) in turn, each with sums of its own, which are added up at the
 * end.
 */
#ifndef QUERY_WORK_H
#define QUERY_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "query/feed.h"
#include "query/question.h"
#include "query/report.h"
#include "schema/err.h"
#include "schema/shard.h"

/* Told now and then, by one thread at a time; may be NULL. */
typedef void work_progress(void *arg, size_t shards_done, size_t shards,
	    int64_t flows);

struct work_options {
	bool		 named;		/* a shard that vanishes is an error */
	bool		 skip_bad;
	work_progress	*progress;
	void		*arg;
};

/* The sums of all flows that passed the filter. */
struct sums {
	struct feed	  feed;		/* groups: tally, or spill if it is used */
	struct spill	**spill;	/* one per group */
};

/*
 * Reads all shards of the list.  out is to be cleared with sums_clear also
 * after a failure.  ERR_STOPPED: the user interrupted.
 */
int	work_sums(const struct question *q, const struct shard_list *list,
	    const struct work_options *o, struct sums *out,
	    struct report *report, struct err *err);
void	sums_clear(struct sums *s);

/* After more was put into out->feed than work_sums did. */
int	sums_finish(struct sums *s, struct err *err);

/* Will sums_each give group i in parts, each gone after its call? */
bool	sums_in_parts(const struct sums *s, size_t i);

/*
 * Calls visit with tables that together hold every key of group i once: the
 * table itself, or part after part of what was spilled (which is gone then).
 */
int	sums_each(struct sums *s, size_t i,
	    int (*visit)(void *arg, struct tally *part, struct err *err),
	    void *arg, struct err *err);

#endif
