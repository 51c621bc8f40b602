/*
 * Rows of a shard into sums: the aggregate function "flow_feed" that SQLite
 * calls for each row that passed the filter.  It never makes a result row:
 * what it learns goes straight into tallies.
 */
#ifndef QUERY_FEED_H
#define QUERY_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/datum.h"
#include "query/question.h"
#include "query/side.h"
#include "schema/err.h"
#include "schema/tally.h"

#define FEED_VALUES_MAX	(COLUMN_COUNT + 8)
#define FEED_FUNCTION	"flow_feed"

struct sqlite3;
struct spill;

/* The sums of one group in one worker. */
struct feed_group {
	const struct group	*group;
	struct tally		*tally;
	struct spill		*spill;		/* shared; what did not fit */
	bool			 wanted;	/* in the pass under way */
};

struct feed {
	const struct question	*q;
	struct feed_group	*groups;	/* as many as q has */
	struct tally_sum	 total;		/* of all rows that passed */
	bool			 count_total;	/* in the pass under way */
	int64_t			 passed;	/* rows of all passes */
	int64_t			 remaining;	/* of -c; counts down */
	bool			 enough;	/* -c is reached */
	bool			 failed;	/* err is filled */
	struct err		 err;
	/* the pass under way */
	const struct side	*side;
	int			 rollup;	/* enum rollup, or -1 */
	unsigned		 rollup_side;	/* side of the statistic it is */
	int			 sign;		/* -1: take away */
	int			 values[FEED_VALUES_MAX];
	size_t			 n_values;
	struct datum		 data[COLUMN_COUNT + 1];
};

/* groups of f point to tallies afterwards; feed_clear frees them. */
int	feed_init(struct feed *f, const struct question *q, size_t memory,
	    struct err *err);
void	feed_clear(struct feed *f);

/* Makes the function known to a connection. */
int	feed_register(struct sqlite3 *db, struct feed *f, struct err *err);

/*
 * Before a pass over flows (rollup -1) or a roll-up: which values the
 * statement must give (f->values), in which order.  Groups of the pass have
 * wanted set.
 */
void	feed_begin(struct feed *f, const struct side *side, int rollup,
	    unsigned rollup_side, int sign);

/*
 * One flow, its values in f->data (what feed_begin asks for, path columns too)
 * and sum; rate: its sampling, for counters of the other way.  -1: f->err.
 */
int	feed_add(struct feed *f, const struct tally_sum *sum, uint32_t rate);

/*
 * Partial sums, of counters as the group wants them, for one side of one group
 * (a series: all sides); its key's values are in f->data.  Total is not
 * counted.  -1: f->err.
 */
int	feed_add_sums(struct feed *f, size_t group, unsigned side,
	    const struct tally_sum *sum);

/* Fills f->data with what of the flow is in table path. */
void	feed_path_data(struct feed *f, int64_t path);

/* flow_bit() of all columns that the wanted groups read. */
uint64_t feed_columns(const struct feed *f);

/* count * rate, INT64_MAX at most; a negative count is none. */
static inline int64_t
feed_times(int64_t count, uint32_t rate)
{
	if (rate <= 1 || count <= 0)
		return count < 0 ? 0 : count;
	return count > INT64_MAX / rate ? INT64_MAX : count * rate;
}

/* Wraps where a file lies about its times. */
static inline int64_t
feed_time_plus(int64_t t, int64_t span)
{
	return (int64_t)((uint64_t)t + (uint64_t)span);
}

/* After the last pass: what is under way goes into the tallies. */
int	feed_flush(struct feed *f, struct err *err);

#endif
