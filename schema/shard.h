/*
 * Shards: one SQLite file per slot of arrival time, flows.YYYYMMDDhhmm.sqlite,
 * named by the slot's start in UTC; with ss behind mm when the slot does not
 * start with a minute (slots that are no whole minutes).  A shard is live (WAL,
 * being written), or sealed (one read-only file with roll-ups and indexes).
 */
#ifndef SCHEMA_SHARD_H
#define SCHEMA_SHARD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define SHARD_NAME_MAX	40	/* "flows.YYYYMMDDhhmmss.sqlite" and NUL */
#define SHARD_NEW_SUFFIX	".new"	/* of one that is being made */
#define SHARD_SLOT_SEC	3600	/* default slot length */

/* A file in a data directory or one of its sub-folders. */
struct shard_ref {
	char	*path;		/* owned by the list */
	int64_t	 start_ms;	/* slot start, from the name */
};

struct shard_list {
	struct shard_ref *v;	/* by start_ms, then path */
	size_t		  n;
};

/* What table meta says; times are Unix ms. */
struct shard_meta {
	int64_t	slot_start_ms;
	int64_t	slot_end_ms;
	int64_t	first_ms;	/* smallest first_ms of a flow */
	int64_t	last_ms;	/* largest first_ms + duration_ms */
	int64_t	flows;
	int64_t	max_sampling;	/* largest path.sampling, 1 if none */
	bool	has_range;	/* first_ms, last_ms are known */
	bool	sealed;
};

/* Writes the file name of the slot that starts at start_ms (UTC). */
void	shard_name(int64_t start_ms, char out[SHARD_NAME_MAX]);

/*
 * Slot start of "flows.YYYYMMDDhhmm[ss][.sqlite]", no folder; bare tells whether
 * the text may lack ".sqlite".  Returns 0, or -1 when the name is no shard's.
 */
int	shard_name_parse(const char *name, bool bare, int64_t *start_ms);

/*
 * All shards below dir (with sub-folders, 8 deep, links not followed) whose
 * slot start lies in [from_ms, to_ms].  Files of other names are left out.
 */
int	shard_list(const char *dir, int64_t from_ms, int64_t to_ms,
	    struct shard_list *out, struct err *err);
void	shard_list_clear(struct shard_list *list);

/*
 * Creates the shard at path, or opens the live one that is there: WAL,
 * synchronous=NORMAL, tables made, meta slot set.  A new one takes its name
 * when all of it is there, so that readers never see half.  ERR_VERSION when
 * the file is no shard, of another version, or sealed.  NULL: failed.
 */
sqlite3	*shard_create(const char *path, int64_t start_ms, int64_t end_ms,
	    struct err *err);

/*
 * Checks that the database attached as schema ("main", "shard") is a shard
 * that we can read, and reads its meta.  ERR_VERSION names what it is
 * instead.
 */
int	shard_check(sqlite3 *db, const char *schema, const char *path,
	    struct shard_meta *meta, struct err *err);

#endif
