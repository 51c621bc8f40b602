/* A thin layer over sqlite3: see db.h. */
#include "schema/db.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#define STOP_STEPS	2000	/* of SQLite's machine, between looks at stop */

/* Statements can be long; the head of one is enough to find it. */
#define SQL_SHOWN	160

static enum err_code
code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_INTERRUPT:
		return ERR_STOPPED;
	default:
		return ERR_FAIL;
	}
}

static int
stopped(void *arg)
{
	return atomic_load_explicit((const atomic_bool *)arg,
	    memory_order_relaxed);
}

void
db_stop_by(sqlite3 *db, const atomic_bool *stop)
{
	sqlite3_progress_handler(db, stop == NULL ? 0 : STOP_STEPS,
	    stop == NULL ? NULL : stopped, (void *)(uintptr_t)stop);
}

int
db_error(sqlite3 *db, const char *sql, struct err *err)
{
	const char *path = sqlite3_db_filename(db, "main");
	int rc = sqlite3_extended_errcode(db);

	return err_as(err, code_of(rc), "%s%s%s (code %d)%s%.*s%s",
	    path == NULL ? "" : path, path == NULL || *path == '\0' ? "" : ": ",
	    sqlite3_errmsg(db), rc, sql == NULL ? "" : " in: ",
	    sql == NULL ? 0 : SQL_SHOWN, sql == NULL ? "" : sql,
	    sql != NULL && strlen(sql) > SQL_SHOWN ? " ..." : "");
}

/* A link would lead a writer to somebody else's file. */
static int
check_plain(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == -1 || S_ISREG(st.st_mode))
		return 0;
	return err_as(err, ERR_VERSION, "%s: no plain file, not written to",
	    path);
}

void
db_init(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

sqlite3 *
db_open(const char *path, int flags, struct err *err)
{
	sqlite3 *db = NULL;
	int rc;

	if ((flags & SQLITE_OPEN_READWRITE) != 0 &&
	    check_plain(path, err) == -1)
		return NULL;
	rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK) {
		(void)err_as(err, code_of(rc), "%s: %s", path,
		    db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
		sqlite3_close(db);
		return NULL;
	}
	/* a shard may come from anywhere: its schema gets no power */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	return db;
}

int
db_exec(sqlite3 *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, sql, err);
	return 0;
}

sqlite3_stmt *
db_prepare(sqlite3 *db, const char *sql, struct err *err)
{
	sqlite3_stmt *st;
	const char *tail;

	if (sqlite3_prepare_v3(db, sql, -1, 0, &st, &tail) != SQLITE_OK) {
		(void)db_error(db, sql, err);
		return NULL;
	}
	while (isspace((unsigned char)*tail) || *tail == ';')
		tail++;
	if (st == NULL || *tail != '\0') {
		sqlite3_finalize(st);
		(void)err_set(err, "not exactly one statement: %.*s",
		    SQL_SHOWN, sql);
		return NULL;
	}
	return st;
}

int
db_step(sqlite3_stmt *st, struct err *err)
{
	switch (sqlite3_step(st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		(void)sqlite3_reset(st);
		return 0;
	default:
		(void)db_error(sqlite3_db_handle(st), sqlite3_sql(st), err);
		(void)sqlite3_reset(st);
		return -1;
	}
}

int
db_int(sqlite3 *db, const char *sql, int64_t none, int64_t *out,
    struct err *err)
{
	sqlite3_stmt *st = db_prepare(db, sql, err);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_step(st, err);
	*out = none;
	if (rc == 1 && sqlite3_column_type(st, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}
