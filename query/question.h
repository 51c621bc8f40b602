/*
 * What is asked of the shards: which flows count, what they are grouped by,
 * and within which bounds.  Made from the command line, read by everything
 * below it, changed by nobody.
 */
#ifndef QUERY_QUESTION_H
#define QUERY_QUESTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/filter.h"
#include "query/group.h"

struct question {
	const struct filter	*filter;
	struct group		*groups;	/* of statistics; none: a list */
	size_t			 n_groups;
	bool			 scale;		/* counters times sampling */
	bool			 has_window;
	bool			 within;	/* flows wholly inside it */
	int64_t			 from_ms;	/* inclusive, Unix ms */
	int64_t			 to_ms;
	/*
	 * So many of a group's sums suffice, the first in its order; 0: all.
	 * A back end may give more.
	 */
	int64_t			 most_rows;
	int64_t			 most_flows;	/* -c: the first that match; 0 all */
	bool			 no_rollup;
	bool			 no_index;
	size_t			 memory;	/* bytes for sums, all together */
	unsigned		 workers;	/* threads */
	const atomic_bool	*stop;		/* the user has enough */
};

/*
 * True when flows must be seen one by one in the order of storage: -c, or a
 * filter on the running number.
 */
bool	question_in_order(const struct question *q);

#endif
