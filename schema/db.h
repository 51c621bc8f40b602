/*
 * A thin layer over sqlite3 that makes its errors values with full text:
 * database, SQLite's message, extended code, and the statement.
 */
#ifndef SCHEMA_DB_H
#define SCHEMA_DB_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>

#include "schema/err.h"

/*
 * Once, before anything else here: SQLite need not count its memory, which is
 * a lock of all threads with each piece that it takes or gives back.
 */
void	db_init(void);

/*
 * Opens path with sqlite3_open_v2 flags; ours to close with sqlite3_close.
 * Nothing in the file is trusted (trusted_schema off, defensive).  For
 * writing, path must be a plain file or none (ERR_VERSION).  Returns
 * NULL and fills err on failure.
 */
sqlite3	*db_open(const char *path, int flags, struct err *err);

/*
 * Statements end with ERR_STOPPED soon after *stop is true; NULL: they do not,
 * from here on.
 */
void	db_stop_by(sqlite3 *db, const atomic_bool *stop);

/* Fills err from the connection's last error; always returns -1. */
int	db_error(sqlite3 *db, const char *sql, struct err *err);

/* Runs statements without result. */
int	db_exec(sqlite3 *db, const char *sql, struct err *err);

/* Prepares one statement; surplus text after it is an error.  NULL: failed. */
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql, struct err *err);

/* One step: 1 a row, 0 done, -1 failed.  Resets the statement unless 1. */
int	db_step(sqlite3_stmt *st, struct err *err);

/*
 * First column of the first row as an integer; none when there is no row or
 * it is NULL.  0 or -1.
 */
int	db_int(sqlite3 *db, const char *sql, int64_t none, int64_t *out,
	    struct err *err);

#endif
