/*
 * What btree.c (the tree), btree_run.c (its pages) and btree_rows.c (rows of
 * its leaves) share; for these alone.
 */
#ifndef QUERY_BTREE_TREE_H
#define QUERY_BTREE_TREE_H

#include "query/btree.h"

#define BTREE_HEADER	100U	/* of the database, on page 1 */
#define BTREE_LEAF	0x0d	/* type of a page */
/*
 * A record is checked when its last value has been looked at: until then
 * values may lead this far behind the page, where zeros stand.
 */
#define BTREE_PADDING	((size_t)BTREE_MAX_COLUMNS * 64)

struct btree_leaf {
	int64_t		 last;		/* no rowid in it is above */
	uint32_t	 page;
};

struct btree {
	int			 fd;
	uint32_t		 page_size;
	uint32_t		 usable;	/* page less reserved bytes */
	uint32_t		 pages;
	struct btree_leaf	*leaf;		/* in key order */
	size_t			 n;
	size_t			 cap;
	char			*path;
};

/*
 * The page of a leaf, out of the run or read together with leaves behind it;
 * valid until the next call.  NULL: failed.
 */
const uint8_t *btree_leaf(const struct btree *t, struct btree_run *run,
	    size_t leaf, struct err *err);

/* Room for a run of leaves; -1: out of memory. */
int	btree_run_init(const struct btree *t, struct btree_run *run);

#endif
