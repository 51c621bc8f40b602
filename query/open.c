/* Opening shards for reading: see open.h. */
#include "query/open.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "query/sql.h"
#include "schema/db.h"

#define BUSY_MS		5000	/* sealing holds a shard for moments only */
#define IDS_MAX		(INT64_C(1) << 53)
#define VALUE_MAX	(16 << 20)	/* bytes; lists of a filter are bound */

/*
 * Views, virtual tables and such under our names would run what the file's
 * maker wrote; they have no page of their own.
 */
static int
check_tables(sqlite3 *db, const char *path, struct err *err)
{
	int64_t n;

	if (db_int(db, "SELECT count(*) FROM sqlite_schema WHERE type = "
	    "'table' AND rootpage > 0 AND name IN ('flow', 'path', 'extra', "
	    "'exporter', 'meta')", 0, &n, err) == -1)
		return -1;
	if (n != 5)
		return err_as(err, ERR_CORRUPT,
		    "%s: tables of a shard are missing", path);
	if (db_int(db, "SELECT count(*) FROM sqlite_schema AS s WHERE type = "
	    "'trigger' OR (type = 'table' AND rootpage > 0 AND EXISTS "
	    "(SELECT 1 FROM pragma_table_xinfo(s.name) WHERE hidden <> 0))",
	    0, &n, err) == -1)
		return -1;
	return n == 0 ? 0 : err_as(err, ERR_CORRUPT,
	    "%s: triggers or computed columns are no shard's", path);
}

/* Work is cut by ids, which a writer gives from 1 on. */
static int
check_ids(struct open_shard *s, const char *path, struct err *err)
{
	int64_t least;

	if (db_int(s->db, "SELECT max(id) FROM flow", 0, &s->max_id,
	    err) == -1 ||
	    db_int(s->db, "SELECT min(id) FROM flow", 1, &least, err) == -1)
		return -1;
	return least >= 1 && s->max_id <= IDS_MAX ? 0 : err_as(err,
	    ERR_CORRUPT, "%s: ids of table flow from %lld to %lld are no "
	    "flowdb's", path, (long long)least, (long long)s->max_id);
}

/* Roll-ups, indexes, and where table flow lies. */
static int
look_around(struct open_shard *s, struct err *err)
{
	sqlite3_stmt *st = db_prepare(s->db, "SELECT name, rootpage FROM "
	    "sqlite_schema WHERE rootpage > 0", err);
	int rc = st == NULL ? -1 : 1, indexes = 0;

	while (rc == 1 && (rc = db_step(st, err)) == 1) {
		const char *name = (const char *)sqlite3_column_text(st, 0);

		if (name != NULL && strcmp(name, "flow") == 0)
			s->flow_root = (uint32_t)sqlite3_column_int64(st, 1);
		indexes += name != NULL &&
		    (strcmp(name, "flow_src_addr") == 0 ||
		    strcmp(name, "flow_dst_addr") == 0);
		for (int r = 0; name != NULL && r < ROLLUP_COUNT; r++) {
			if (strcmp(name,
			    rollup_info((enum rollup)r)->table) == 0)
				s->rollup[r] = true;
		}
	}
	sqlite3_finalize(st);
	s->indexed = indexes == 2;
	return rc;
}

int
shard_open(const char *path, const atomic_bool *stop, struct open_shard *out,
    struct err *err)
{
	struct stat st = { .st_ino = 0 };

	/* before opening: whoever compares later sees a file swapped since */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_as(err, ERR_CORRUPT, "%s: not a file", path);
	*out = (struct open_shard){ .device = st.st_dev, .inode = st.st_ino };
	out->db = db_open(path, SQLITE_OPEN_READONLY, err);
	if (out->db == NULL)
		return -1;
	(void)sqlite3_busy_timeout(out->db, BUSY_MS);
	(void)sqlite3_limit(out->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	db_stop_by(out->db, stop);
	if (sql_register(out->db, err) == -1 ||
	    db_exec(out->db, "PRAGMA mmap_size = 1099511627776;"
	    "PRAGMA temp_store = FILE; BEGIN", err) == -1 ||
	    shard_check(out->db, "main", path, &out->meta, err) == -1 ||
	    check_tables(out->db, path, err) == -1 ||
	    look_around(out, err) == -1 ||
	    check_ids(out, path, err) == -1) {
		if (sqlite3_errcode(out->db) == SQLITE_NOTADB)
			(void)err_as(err, ERR_CORRUPT,
			    "%s: no SQLite database", path);
		shard_close(out);
		return -1;
	}
	return 0;
}

int
shard_need_db(struct open_shard *s, const char *path,
    const atomic_bool *stop, struct err *err)
{
	struct open_shard opened;

	if (s->db != NULL)
		return 0;
	if (shard_open(path, stop, &opened, err) == -1)
		return -1;
	if (opened.device != s->device || opened.inode != s->inode) {
		shard_close(&opened);
		return err_set(err, "%s: changed while it was read", path);
	}
	s->db = opened.db;
	s->max_id = opened.max_id;
	return 0;
}

void
shard_close(struct open_shard *s)
{
	if (s->db != NULL)
		(void)sqlite3_close(s->db);
	s->db = NULL;
}

bool
shard_is_gone(const char *path)
{
	struct stat st;

	return stat(path, &st) == -1 && errno == ENOENT;
}
