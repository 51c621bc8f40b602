/*
 * One shard of a list under way (list_row.h).  Any thread opens it and reads
 * its rows; what lister and report are told of it is told by one thread at a
 * time, shard after shard.
 */
#ifndef QUERY_LIST_SHARD_H
#define QUERY_LIST_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/list_row.h"
#include "query/listscan.h"
#include "query/open.h"
#include "query/report.h"
#include "query/serve.h"

struct list_shard {
	const struct shard_ref	*ref;
	struct open_shard	 open;
	bool			 is_open;
	enum serve_skip		 skip;
	struct side		*side;
	struct listscan		*scan;		/* NULL: read whole */
	size_t			 leaves;	/* of scan; else 1 */
	/* for list_shards.c */
	size_t			 next;		/* leaf that nobody took */
	unsigned		 users;
	/* what was told */
	bool			 begun;
	bool			 ended;
	int64_t			 taken;		/* of the lister before it */
	int64_t			 looked;	/* at flows of scan */
	struct report_use	 use;
	double			 sec;		/* to open, read and tell */
};

/* Opens it if that can be done by its pages.  NULL: out of memory. */
struct list_shard *list_shard_open(const struct lister *l,
	    const struct shard_ref *ref);
void	list_shard_close(struct list_shard *s);

/* ---- one thread at a time ---- */

/* Rows of scan; looked: at so many flows for them. */
void	list_shard_rows(struct lister *l, struct list_shard *s,
	    struct row *rows, size_t n, int64_t looked);

/* All of a shard without a scan, by SQLite. */
int	list_shard_whole(struct lister *l, struct list_shard *s,
	    struct err *err);

/*
 * Nothing more comes of it; rc -1: because of err.  -1: that is an end to the
 * list.
 */
int	list_shard_end(struct lister *l, struct list_shard *s, int rc,
	    const struct err *err);

#endif
