/*
 * Groups whose key comes from stored columns as they are: it is put together
 * from the rows of a page (btree.h), without a struct datum in between.
 */
#ifndef QUERY_DIRECT_H
#define QUERY_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/btree.h"
#include "query/feed.h"
#include "schema/err.h"

struct direct {
	struct feed_group	*group;
	unsigned		 n_sides;
	unsigned		 n;		/* parts */
	unsigned		 head;		/* bytes of states */
	bool			 required;	/* no value, no row */
	uint8_t			 place[STAT_SIDES];	/* of part 0, by side */
	struct {
		uint8_t		 place;
		uint8_t		 width;		/* of a number; 0: address */
	}			 part[PRINT_KEYS_MAX];
};

/* Can the key be put together so, and in DIRECT_KEY_MAX bytes? */
#define DIRECT_KEY_MAX	48
bool	direct_can(const struct group *g);

/* place[c] is the place of column c in the rows. */
void	direct_make(struct direct *d, struct feed_group *fg,
	    const int *place);

/* Rows of r by their numbers, and the sums of each. */
struct direct_rows {
	const struct btree_rows	*r;
	const uint32_t		*row;
	const struct tally_sum	*sum;
	size_t			 n;
};

/* The rows under the sides [from, to) of the group. */
int	direct_add(const struct direct *d, const struct direct_rows *rows,
	    unsigned from, unsigned to, struct err *err);

#endif
