/*
 * The same roll-up of many shards added up without a table of all its keys.
 * Rows stand in the order of their keys in each: so all are read side by
 * side, and what is read of a key is its whole sum soon.
 *
 *	shard 0  [a b b d|f g ...	each with one leaf in memory; the one
 *	shard 1  [b c e|g ...		whose leaf ends first (d) bounds the
 *	shard 2  [a d|e ...		window: a .. d are complete
 *
 * The keys of a window, few enough for the cache, are added up by their
 * hash, handed out, and forgotten.  That rows are in order is checked on the
 * way: files may come from anywhere.
 */
#ifndef QUERY_ROLLMERGE_H
#define QUERY_ROLLMERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/btree.h"
#include "query/mergerow.h"
#include "query/question.h"
#include "schema/err.h"
#include "schema/rollup.h"

struct merge_source {
	struct btree	*tree;
	enum rollup	 rollup;
	int		 sign;		/* -1: to be taken away */
	bool		 total;		/* its rows are the total */
};

/* Where a leaf and its rows are cut: row of leaf is the first behind. */
struct merge_place {
	size_t	leaf;
	size_t	row;
};

/* What was read of a source. */
struct merge_span {
	struct merge_place	begin;
	struct merge_place	end;
	int64_t			seen;	/* rows */
	int64_t			passed;	/* the filter */
};

/* What to read: the keys in [from, to) of all sources. */
struct merge_task {
	const struct question	  *q;
	const struct merge_source *sources;
	size_t			   n;
	struct merge_key	   from;
	struct merge_key	   to;
	/* A key (not MERGE_NULL) and its sums; -1: end. */
	int			 (*visit)(void *arg,
				    const struct merge_row *row,
				    struct err *err);
	void			  *arg;
};

/*
 * total: what the rows of sources with total set add up to is added to it.
 * spans: one for each source.  1: done.  0: not to be merged (damaged, not in
 * order, keys that are none).  -1: failed, or stopped.
 */
int	rollmerge_run(const struct merge_task *t, struct tally_sum *total,
	    struct merge_span *spans, struct err *err);

/*
 * A key about at part of parts of a source, for cutting; false: it cannot be
 * told.
 */
bool	rollmerge_cut(const struct merge_source *s, size_t part,
	    size_t parts, struct merge_key *out);

#endif
