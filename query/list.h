/*
 * Flows one by one: in the order of storage, or sorted.  Threads read sealed
 * shards ahead, each a bounded number of rows.  Sorting goes through a table
 * of SQLite, which has files for what memory cannot hold; of each shard no
 * more rows than asked for get there.
 */
#ifndef QUERY_LIST_H
#define QUERY_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "query/question.h"
#include "query/report.h"
#include "query/row.h"
#include "query/sql.h"
#include "query/work.h"
#include "schema/err.h"
#include "schema/shard.h"

struct list_options {
	struct work_options	 work;
	uint64_t		 columns;	/* flow_bit() of what rows need */
	const struct order	*order;		/* NULL: as stored */
	int64_t			 limit;		/* rows; 0: all */
	const struct geo	*geo;		/* of rows; or NULL */
	/*
	 * Told of each row, by one thread at a time; false: enough.  The row
	 * is valid during the call.
	 */
	bool			(*visit)(void *arg, const struct row *row);
	void			*arg;
};

/*
 * Gives the flows that pass the filter.  total: sums of all that were given
 * (their first and last time too).
 */
int	list_flows(const struct question *q, const struct shard_list *list,
	    const struct list_options *o, struct tally_sum *total,
	    struct report *report, struct err *err);

/* The order by which SQLite is asked for the first rows of a shard. */
enum sql_order list_sql_order(const struct order *o);

#endif
