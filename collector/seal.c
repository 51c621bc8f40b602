/*
 * From a live shard to a sealed one: see seal.h.
 *
 * The shard stays readable all the time: roll-ups and indexes are built in
 * WAL mode, beside the readers; only the last step, out of WAL mode, needs a
 * moment without them, and is refused as busy rather than waited for.
 */
#include "collector/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/db.h"
#include "schema/finish.h"
#include "schema/rollup.h"
#include "schema/shard.h"

#define BUSY_MS		2000
#define COPY_CHUNK	(1 << 20)

/*
 * Out of WAL mode; SQLite answers with the mode that is in force, and only then
 * commits it.
 */
static int
leave_wal(sqlite3 *db, const char *path, struct err *err)
{
	sqlite3_stmt *st;
	const char *mode;
	int rc;

	if (db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", err) == -1)
		return -1;
	st = db_prepare(db, "PRAGMA journal_mode = DELETE", err);
	if (st == NULL)
		return -1;
	rc = db_step(st, err);
	mode = rc == 1 ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (rc == 1 && (mode == NULL || strcmp(mode, "delete") != 0))
		rc = err_as(err, ERR_BUSY, "%s: a reader holds it", path);
	else if (rc == 1)
		rc = db_step(st, err);
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/*
 * SQLite does not tell when it could not remove the log.  That is empty by
 * now, which counts as none, so no reader that came meanwhile uses it.
 */
static int
remove_log(const char *path, struct err *err)
{
	static const char *const logs[] = { "-wal", "-shm" };
	char name[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, logs[i]);
		if (lstat(name, &st) == -1)
			continue;
		if (i == 0 && st.st_size > 0)
			return err_set(err, "%s: is not empty", name);
		if (unlink(name) == -1 && errno != ENOENT)
			return err_sys(err, "%s: cannot be removed", name);
	}
	return 0;
}

bool
seal_is_done(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & 0222) == 0;
}

int
seal_shard(const char *path, const struct seal_options *o,
    const atomic_bool *stop, struct err *err)
{
	struct shard_meta meta;
	sqlite3 *db;
	int rc = -1;

	if (seal_is_done(path))
		return 0;
	db = db_open(path, SQLITE_OPEN_READWRITE, err);
	if (db == NULL)
		return -1;
	(void)sqlite3_busy_timeout(db, BUSY_MS);
	/* the run that wrote it may have left it as a plain file */
	if (shard_check(db, "main", path, &meta, err) == 0 &&
	    (meta.sealed || (db_exec(db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = NORMAL", err) == 0 &&
	    shard_finish(db, o->indexes, o->memory, stop, err) == 0)))
		rc = leave_wal(db, path, err);
	(void)sqlite3_close(db);
	if (rc == 0)
		rc = remove_log(path, err);
	return rc == -1 ? -1 : shard_protect(path, err);
}

static int
copy_file(const char *from, const char *to, struct err *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, rc = 0;
	ssize_t n;

	if (in == -1)
		return err_sys(err, "%s", from);
	(void)unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0640);
	if (out == -1) {
		(void)close(in);
		return err_sys(err, "%s", to);
	}
	while ((n = copy_file_range(in, NULL, out, NULL, COPY_CHUNK, 0)) > 0)
		;
	if (n == -1)
		rc = err_sys(err, "%s", to);
	(void)close(in);
	if (close(out) == -1 && rc == 0)
		rc = err_sys(err, "%s", to);
	return rc;
}

int
seal_reopen_copy(const char *path, const char *copy, struct err *err)
{
	char sql[200];
	sqlite3 *db;
	int rc;

	if (copy_file(path, copy, err) == -1)
		return -1;
	db = db_open(copy, SQLITE_OPEN_READWRITE, err);
	if (db == NULL)
		return -1;
	rc = db_exec(db, "DROP INDEX IF EXISTS flow_src_addr;"
	    "DROP INDEX IF EXISTS flow_dst_addr;"
	    "UPDATE meta SET value = 0 WHERE key = 'sealed'", err);
	for (int r = 0; r < ROLLUP_COUNT && rc == 0; r++) {
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s",
		    rollup_info((enum rollup)r)->table);
		rc = db_exec(db, sql, err);
	}
	(void)sqlite3_close(db);
	return rc;
}
