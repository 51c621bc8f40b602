/*
 * What was done for an answer: counts for the summary, and a line per shard
 * for --explain.
 */
#ifndef QUERY_REPORT_H
#define QUERY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

struct report_shard {
	char	*path;
	char	 how[160];	/* "roll-up roll_dst_addr", "scan", ... */
	int64_t	 rows;		/* read of it */
	double	 sec;
};

struct report {
	int64_t	read;		/* shards */
	int64_t	skipped;	/* by time */
	int64_t	bad;		/* unreadable, left out by --skip-bad */
	int64_t	processed;	/* flows in the shards that were read */
	/* --explain */
	bool	explain;
	struct report_shard *v;
	size_t	n;
};

/* Adds a line; without explain it does nothing.  -1: out of memory. */
int	report_shard(struct report *r, const char *path, const char *how,
	    int64_t rows, double sec, struct err *err);
void	report_clear(struct report *r);

#endif
