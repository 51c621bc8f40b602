/*
 * The last steps of a shard's making, for whoever makes one: the collector
 * when a slot is over, flowq --extract.
 */
#ifndef SCHEMA_FINISH_H
#define SCHEMA_FINISH_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "schema/err.h"

/*
 * Builds roll-ups and, when asked for, the indexes by source and destination
 * address, lets SQLite look at what is there, and notes that the shard is
 * sealed.  Can be repeated.  memory, stop: as for rollup_build.
 */
int	shard_finish(sqlite3 *db, bool indexes, size_t memory,
	    const atomic_bool *stop, struct err *err);

/*
 * The file on disk, and nobody may write it any more.  No connection of this
 * process may be open: closing a descriptor would drop its locks.
 */
int	shard_protect(const char *path, struct err *err);

#endif
