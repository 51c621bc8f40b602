/*
 * The first N by one order of sums that come one by one, each key once.  It
 * keeps some more than N, and sorts when these are too many.
 */
#ifndef QUERY_BEST_H
#define QUERY_BEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/mergerow.h"
#include "query/order.h"
#include "schema/err.h"

struct best_row {
	int64_t			value;	/* larger is before */
	struct merge_row	row;
};

struct best {
	const struct order	*order;
	size_t			 keep;
	size_t			 n;
	size_t			 cap;
	bool			 cut;	/* v[keep - 1] bounds what can stay */
	struct best_row		*v;
};

/* Bytes for n of them. */
size_t	best_memory(size_t n);

/* order is borrowed. */
int	best_init(struct best *b, const struct order *order, size_t n,
	    struct err *err);
void	best_clear(struct best *b);

/* Sums without flows are not counted: they were taken away. */
void	best_put(struct best *b, const struct merge_row *r);

/* Leaves n of them, or fewer, the first one first; ties go by the key. */
void	best_finish(struct best *b);

#endif
