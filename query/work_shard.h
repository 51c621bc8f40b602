/*
 * One shard, or a piece of one, into the sums of a worker; for work.c.
 */
#ifndef QUERY_WORK_SHARD_H
#define QUERY_WORK_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "query/feed.h"
#include "query/open.h"
#include "query/report.h"
#include "schema/err.h"

enum piece_kind {
	PIECE_ALL,		/* roll-ups, then the flows if they are needed */
	PIECE_IDS,		/* flows with ids [from, to], by SQLite */
	PIECE_LEAVES		/* leaf pages [from, to) of a sealed shard */
};

struct piece {
	enum piece_kind	 kind;
	int64_t		 from;
	int64_t		 to;
	uint64_t	 inode;		/* the file that it is a piece of */
};

struct shard_task {
	struct piece		 piece;
	int64_t			 count_base;	/* flows of earlier shards */
	struct report_use	*use;	/* what served, for --explain; or NULL */
	/*
	 * Asked before a scan that can be cut in n pieces (from, to of all in
	 * p): takes all but the first, or leaves p as it is.
	 */
	int			(*split)(void *arg, struct piece *p,
				    struct err *err);
	void			*arg;
};

int	work_shard(struct feed *f, struct open_shard *s, const char *path,
	    struct shard_task *t, struct err *err);

#endif
