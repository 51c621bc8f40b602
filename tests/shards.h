/*
 * Shards on disk from flows in memory, for tests of what reads them.  Flows
 * have the ids 1, 2, ...; what of a flow is in tables path and extra gets the
 * same id there; the exporters are those of filter_random.h.
 */
#ifndef TESTS_SHARDS_H
#define TESTS_SHARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/flow.h"

struct shard_list;
struct sqlite3;

/* A new folder; its path is to be given to temp_folder_remove, which frees it. */
char	*temp_folder_make(void);
void	temp_folder_remove(char *dir);

/* Tables and rows of a shard into an empty database. */
void	shard_fill(struct sqlite3 *db, const struct flow *v, size_t n);

/*
 * Writes DIR/flows.YYYYMMDDhhmm.sqlite of the slot (an hour) and closes it;
 * sealed: with roll-ups and indexes.  The path is malloc'd.
 */
char	*shard_make(const char *dir, int64_t start_ms, const struct flow *v,
	    size_t n, bool sealed);

/*
 * So many shards in list (shard_list_clear), of one hour after the other from
 * start_ms on; sizes: how many of the flows each gets.  The last one is live.
 */
void	shards_make(const char *dir, int64_t start_ms, const struct flow *v,
	    const size_t *sizes, size_t n, struct shard_list *list);

/* Runs SQL on the file, whatever it is; fails the test when that fails. */
void	shard_sql(const char *path, const char *sql);

/* n random flows of that seed; malloc'd. */
struct flow *flows_random(uint64_t seed, size_t n);

#endif
