/*
 * Paths and exporters of shards under the numbers of a new one.  What is the
 * same in several shards gets one number.
 */
#ifndef QUERY_RENUMBER_H
#define QUERY_RENUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/column.h"
#include "schema/err.h"

struct sqlite3;
struct sqlite3_stmt;
struct renumber;

/* db: the new shard, borrowed.  NULL: failed. */
struct renumber *renumber_new(struct sqlite3 *db, struct err *err);
void	renumber_free(struct renumber *r);

/*
 * Before the flows of a shard, within a transaction of the new one: takes its
 * exporters over.  renumber_end in any case; kept: false when the transaction
 * is rolled back.
 */
int	renumber_begin(struct renumber *r, struct sqlite3 *from,
	    struct err *err);
void	renumber_end(struct renumber *r, bool kept);

/* The new id of a path of that shard, 0: it has none. */
int	renumber_path(struct renumber *r, int64_t old, int64_t *id,
	    struct err *err);

/* "INSERT INTO table (id, columns of home, last) VALUES (?1, ?2, ...)". */
struct sqlite3_stmt *insert_prepare(struct sqlite3 *db, const char *table,
	    enum colhome home, const char *last, struct err *err);

/*
 * Binds what a statement has in column col.  false: NULL, for it is no value
 * that c can have.
 */
bool	insert_bind(struct sqlite3_stmt *to, int param, enum column c,
	    struct sqlite3_stmt *from, int col);

#endif
