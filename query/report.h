/*
 * What was done for an answer: counts for the summary, and for --explain what
 * became of each shard.  Lines are kept in memory until report_print.
 */
#ifndef QUERY_REPORT_H
#define QUERY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "schema/err.h"
#include "schema/shard.h"

#define REPORT_HOW_MAX	400
#define REPORT_UNKNOWN	(-1)	/* rows: an index found them */

/* How a shard, or a piece of it, was read. */
struct report_use {
	char	how[REPORT_HOW_MAX];	/* "roll-up roll_dst_addr", ... */
	int64_t	rows;			/* read, or REPORT_UNKNOWN */
	int64_t	passed;			/* the filter */
};

struct report_shard {
	int64_t			 start_ms;
	char			*path;		/* owned */
	bool			 used;		/* else how tells why not */
	struct report_use	 use;
	double			 sec;
	unsigned		 pieces;	/* 0: all of it at once */
};

struct report {
	int64_t	read;		/* shards */
	int64_t	skipped;	/* by time */
	int64_t	bad;		/* unreadable, left out by --skip-bad */
	int64_t	processed;	/* flows in the shards that were read */
	int64_t	by_name;	/* of the skipped: never opened */
	size_t	considered;	/* shards asked for */
	bool	has_window;
	int64_t	from_ms;	/* INT64_MIN, INT64_MAX: open */
	int64_t	to_ms;
	unsigned workers;
	uint64_t memory;	/* bytes that sums took; their limit */
	uint64_t memory_limit;
	uint64_t spilled;	/* bytes of sums on disk */
	/* --explain */
	bool	explain;
	double	began_sec;	/* report_clock */
	struct report_shard *v;
	size_t	n;
};

/* Seconds of a clock that nobody sets. */
double	report_clock(void);

/*
 * Adds to how the next part that served, and its rows; use begins as zeros.
 */
void	report_part(struct report_use *use, int64_t rows, int64_t passed,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * A line for a shard that was read, or for a piece of it.  Without explain
 * these do nothing.  A line that memory has no room for is missing.
 */
void	report_used(struct report *r, const struct shard_ref *shard,
	    const struct report_use *use, bool piece, double sec);

/* A line for a shard that was not read. */
void	report_unused(struct report *r, const struct shard_ref *shard,
	    double sec, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));

/*
 * Lines in order of their slots, one for each shard: those of pieces added up.
 */
void	report_join(struct report *r);

/*
 * All of it for people: shards in order of their slots, those read in pieces
 * added up, then counts, memory and time.  Sorts the lines.
 */
void	report_print(FILE *out, struct report *r);
void	report_clear(struct report *r);

#endif
