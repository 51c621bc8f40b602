/*
 * Which sealed shards are too old, too many, or in the way: by age, by total
 * size, by free space of the disk; the oldest go first, a live one never.
 */
#ifndef COLLECTOR_RETAIN_H
#define COLLECTOR_RETAIN_H

#include <stdint.h>

#include "schema/err.h"

struct retain_limits {		/* 0: no limit */
	int64_t		max_age_sec;	/* by the slot's start */
	uint64_t	max_bytes;	/* of all shards together */
	uint64_t	min_free_bytes;	/* of the file system */
};

enum retain_reason { RETAIN_AGE, RETAIN_SIZE, RETAIN_FREE };

/*
 * Removes what the limits ask for; with dry_run only tells.  fn (may be NULL)
 * hears each shard before it goes.  *removed: how many.  -1: a folder could
 * not be read or a file not be removed; the rest was done.
 */
int	retain_expire(const char *dir, const struct retain_limits *limits,
	    int64_t now_ms, int dry_run, void (*fn)(void *arg,
	    const char *path, uint64_t bytes, enum retain_reason why),
	    void *arg, uint64_t *removed, struct err *err);

const char *retain_reason_text(enum retain_reason why);

/* "500M", "20G", "1.5T" (powers of 1024), "0"; 0 or -1. */
int	retain_size_parse(const char *text, uint64_t *out);
/* "90s", "36h", "30d", "8w", "0"; bare numbers are hours, as nfexpire's. */
int	retain_age_parse(const char *text, int64_t *out_sec);

#endif
