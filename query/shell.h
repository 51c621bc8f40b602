/*
 * --shell: the sqlite3 shell over the chosen shards.
 *
 * The newest SHELL_SHARDS of those that can have flows of the window are
 * attached read-only as s1 (the newest), s2, ...  Over all of them stand the
 * temporary views flows (readable) and flow (as stored), with a column shard
 * (the file's name) in front; with -t they show the flows of the window only.
 * flowdb.so is loaded when it is found: $FLOWDB_EXTENSION (empty: none), beside
 * the program, or in ../lib/flowdb.  On a terminal tables are boxes with
 * headings.
 *
 * Everything is told to sqlite3 by -cmd, before the user's own arguments,
 * which therefore win: no file is left behind, ~/.sqliterc is read as ever.
 */
#ifndef QUERY_SHELL_H
#define QUERY_SHELL_H

#include "query/question.h"
#include "query/work.h"
#include "schema/err.h"
#include "schema/shard.h"

#define SHELL_SHARDS	10	/* SQLite attaches no more */

/* args: for sqlite3, NULL behind the last.  Returns only on failure: -1. */
int	shell_run(const struct question *q, const struct shard_list *list,
	    const struct work_options *o, char *const *args, struct err *err);

#endif
