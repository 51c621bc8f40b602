/*
 * Which sealed shards are too old, too many, or in the way: by age, by total
 * size, by free space of the disk; the oldest go first, a live one never.
 */
#ifndef COLLECTOR_RETAIN_H
#define COLLECTOR_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

struct retain_limits {		/* 0: no limit */
	int64_t		max_age_sec;	/* by the slot's start */
	uint64_t	max_bytes;	/* of all shards together */
	uint64_t	min_free_bytes;	/* of the file system */
};

/* Limits of one folder; what it has not is the shared one's business. */
struct retain_own {
	bool		has_age;
	bool		has_size;
	int64_t		max_age_sec;	/* 0: no limit */
	uint64_t	max_bytes;
};

struct retain_folder {
	char			*path;
	char			*name;	/* of its source */
	struct retain_own	 own;
};

/*
 * What is kept where: the data directory with all that is below it, and the
 * folders of sources, below or elsewhere.
 */
struct retain_plan {
	char			*dir;
	struct retain_limits	 shared;
	struct retain_folder	*folders;
	size_t			 n_folders;
	bool			 active;	/* else nothing is removed */
};

enum retain_reason { RETAIN_AGE, RETAIN_SIZE, RETAIN_FREE };

/* -1: out of memory.  Clear frees what the plan holds, also half of it. */
int	retain_plan_init(struct retain_plan *p, const char *dir);
int	retain_plan_add(struct retain_plan *p, const char *path,
	    const char *name, const struct retain_own *own);
void	retain_plan_clear(struct retain_plan *p);

/* The source's name of a folder; "flowdb" for the data directory itself. */
const char *retain_name(const struct retain_plan *p, const char *folder);

/*
 * Removes what the limits ask for; with dry_run only tells.  Shards of a
 * folder with limits of its own are not counted in the shared ones of that
 * kind.  fn (may be NULL) hears each shard before it goes.  *removed: how
 * many.  -1: a folder could not be read or a file not be removed; the rest
 * was done.
 */
int	retain_expire(const struct retain_plan *plan, int64_t now_ms,
	    bool dry_run, void (*fn)(void *arg, const char *path,
	    uint64_t bytes, enum retain_reason why), void *arg,
	    uint64_t *removed, struct err *err);

const char *retain_reason_text(enum retain_reason why);

/* "500M", "20G", "1.5T" (powers of 1024), "0"; 0 or -1. */
int	retain_size_parse(const char *text, uint64_t *out);
/* "90s", "36h", "30d", "8w", "0"; bare numbers are hours, as nfexpire's. */
int	retain_age_parse(const char *text, int64_t *out_sec);

#endif
