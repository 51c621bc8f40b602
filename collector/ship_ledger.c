/* What was shipped where: see ship_ledger.h. */
#include "collector/ship_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "schema/db.h"

#define LOCK_NAME	"ship.lock"

static const char ddl[] =
    "CREATE TABLE IF NOT EXISTS shipped (\n"
    "  target     TEXT NOT NULL, -- database in the cluster\n"
    "  path       TEXT NOT NULL, -- of the shard, below this folder\n"
    "  node       TEXT NOT NULL, -- URL\n"
    "  collector  TEXT NOT NULL, -- its name there\n"
    "  file_size  INTEGER NOT NULL,\n"
    "  file_mtime INTEGER NOT NULL, -- ns\n"
    "  begun_ms   INTEGER NOT NULL, -- Unix time\n"
    "  done_ms    INTEGER, -- NULL: under way, or broken off\n"
    "  flows      INTEGER,\n"
    "  packets    INTEGER,\n"
    "  bytes      INTEGER,\n"
    "  PRIMARY KEY (target, path)\n"
    ") STRICT, WITHOUT ROWID";

struct ship_ledger {
	sqlite3	*db;
	int	 lock;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What root makes belongs to who collects there. */
static void
give(const char *dir, const char *path)
{
	struct stat st;

	if (geteuid() == 0 && stat(dir, &st) == 0 && st.st_uid != 0 &&
	    chown(path, st.st_uid, st.st_gid) == -1)
		return;		/* he will tell when he cannot open it */
}

static int
take_lock(const char *dir, struct err *err)
{
	char path[4200];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, LOCK_NAME);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd == -1)
		return err_sys(err, "%s", path);
	give(dir, path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		if (saved == EWOULDBLOCK)
			return err_as(err, ERR_BUSY, "%s is being shipped by "
			    "another process", dir);
		return err_sys(err, "%s", path);
	}
	return fd;
}

struct ship_ledger *
ship_ledger_open(const char *dir, bool read_only, struct err *err)
{
	struct ship_ledger *l = calloc(1, sizeof(*l));
	char path[4200];

	if (l == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, SHIP_LEDGER_NAME);
	l->lock = -1;
	if (read_only && access(path, F_OK) == -1)
		(void)snprintf(path, sizeof(path), ":memory:");
	if (!read_only && (l->lock = take_lock(dir, err)) == -1) {
		free(l);
		return NULL;
	}
	l->db = db_open(path, read_only && path[0] != ':' ?
	    SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, err);
	if (l->db != NULL)
		(void)sqlite3_busy_timeout(l->db, 5000);
	/* FULL: a row must be there before the first byte goes out */
	if (l->db == NULL || ((!read_only || path[0] == ':') &&
	    (db_exec(l->db, "PRAGMA synchronous = FULL", err) == -1 ||
	    db_exec(l->db, ddl, err) == -1))) {
		ship_ledger_close(l);
		return NULL;
	}
	if (!read_only)
		give(dir, path);
	return l;
}

void
ship_ledger_close(struct ship_ledger *l)
{
	if (l == NULL)
		return;
	(void)sqlite3_close(l->db);
	if (l->lock != -1)
		(void)close(l->lock);
	free(l);
}

/* A statement with target and path or node as ?1 and ?2. */
static sqlite3_stmt *
prepare(struct ship_ledger *l, const char *sql, const char *target,
    const char *second, struct err *err)
{
	sqlite3_stmt *st = db_prepare(l->db, sql, err);

	if (st == NULL)
		return NULL;
	(void)sqlite3_bind_text(st, 1, target, -1, SQLITE_STATIC);
	if (second != NULL)
		(void)sqlite3_bind_text(st, 2, second, -1, SQLITE_STATIC);
	return st;
}

int
ship_ledger_find(struct ship_ledger *l, const char *target, const char *path,
    struct ship_entry *out, struct err *err)
{
	sqlite3_stmt *st = prepare(l, "SELECT node, done_ms IS NOT NULL, "
	    "file_size, file_mtime, flows, packets, bytes FROM shipped "
	    "WHERE target = ?1 AND path = ?2", target, path, err);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_step(st, err);
	if (rc == 1) {
		const char *node = (const char *)sqlite3_column_text(st, 0);

		(void)snprintf(out->node, sizeof(out->node), "%s",
		    node == NULL ? "" : node);
		out->done = sqlite3_column_int(st, 1) != 0;
		out->file.size = sqlite3_column_int64(st, 2);
		out->file.mtime_ns = sqlite3_column_int64(st, 3);
		out->sums.flows = sqlite3_column_int64(st, 4);
		out->sums.packets = sqlite3_column_int64(st, 5);
		out->sums.bytes = sqlite3_column_int64(st, 6);
	}
	sqlite3_finalize(st);
	return rc;
}

int
ship_ledger_begin(struct ship_ledger *l, const char *target, const char *path,
    const char *node, const char *collector, const struct ship_file *file,
    struct err *err)
{
	sqlite3_stmt *st = prepare(l, "INSERT OR REPLACE INTO shipped (target, "
	    "path, node, file_size, file_mtime, begun_ms, collector) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", target, path, err);
	int rc;

	if (st == NULL)
		return -1;
	(void)sqlite3_bind_text(st, 3, node, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 4, file->size);
	(void)sqlite3_bind_int64(st, 5, file->mtime_ns);
	(void)sqlite3_bind_int64(st, 6, now_ms());
	(void)sqlite3_bind_text(st, 7, collector, -1, SQLITE_STATIC);
	rc = db_step(st, err);
	sqlite3_finalize(st);
	return rc;
}

int
ship_ledger_done(struct ship_ledger *l, const char *target, const char *path,
    const struct ship_sums *sums, struct err *err)
{
	sqlite3_stmt *st = prepare(l, "UPDATE shipped SET done_ms = ?3, "
	    "flows = ?4, packets = ?5, bytes = ?6 "
	    "WHERE target = ?1 AND path = ?2", target, path, err);
	int rc;

	if (st == NULL)
		return -1;
	(void)sqlite3_bind_int64(st, 3, now_ms());
	(void)sqlite3_bind_int64(st, 4, sums->flows);
	(void)sqlite3_bind_int64(st, 5, sums->packets);
	(void)sqlite3_bind_int64(st, 6, sums->bytes);
	rc = db_step(st, err);
	sqlite3_finalize(st);
	return rc;
}

static int
ask_int(struct ship_ledger *l, const char *sql, const char *target,
    const char *node, int64_t *out, struct err *err)
{
	sqlite3_stmt *st = prepare(l, sql, target, node, err);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_step(st, err);
	*out = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

int
ship_ledger_load(struct ship_ledger *l, const char *target, const char *node,
    int64_t *bytes, struct err *err)
{
	return ask_int(l, "SELECT coalesce(sum(file_size), 0) FROM shipped "
	    "WHERE target = ?1 AND node = ?2", target, node, bytes, err);
}

int
ship_ledger_is_empty(struct ship_ledger *l, const char *target, bool *empty,
    struct err *err)
{
	int64_t n;

	if (ask_int(l, "SELECT count(*) FROM shipped WHERE target = ?1",
	    target, NULL, &n, err) == -1)
		return -1;
	*empty = n == 0;
	return 0;
}
