/* Templates over a restart: see template_store.h. */
#include "collector/template_store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/aside.h"
#include "collector/template.h"
#include "schema/db.h"

#define STORE_PATH_MAX	4096
#define STORE_ID	0x666c6f74	/* "flot" */
#define STORE_VERSION	1
/* A template record is at most a whole datagram. */
#define MAX_RAW		65535

struct template_snapshot {
	struct template_record	*v;	/* raw points into bytes */
	size_t			 n;
	size_t			 cap;
	uint8_t			*bytes;
	size_t			 used;
	size_t			 size;
	int			 failed;
};

static const char store_ddl[] =
    "PRAGMA application_id = 0x666c6f74;"	/* STORE_ID */
    "PRAGMA user_version = 1;"			/* STORE_VERSION */
    "CREATE TABLE IF NOT EXISTS template ("
    "  address BLOB, version INTEGER, domain INTEGER, template_id INTEGER,"
    "  options INTEGER, -- 1: an options template\n"
    "  heard_ms INTEGER, -- when it was last sent, Unix time in ms\n"
    "  raw BLOB -- the template record as sent\n"
    ") STRICT;";

static void
add_template(void *arg, const struct template_record *t)
{
	struct template_snapshot *s = arg;

	if (s->failed)
		return;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;
		struct template_record *v = realloc(s->v, cap * sizeof(*v));

		if (v == NULL) {
			s->failed = 1;
			return;
		}
		s->v = v;
		s->cap = cap;
	}
	if (s->size - s->used < t->raw_len) {
		size_t size = (s->size + t->raw_len) * 2;
		uint8_t *bytes = realloc(s->bytes, size);

		if (bytes == NULL) {
			s->failed = 1;
			return;
		}
		s->bytes = bytes;
		s->size = size;
	}
	s->v[s->n] = *t;
	s->v[s->n].raw = NULL;	/* bytes may still move */
	if (t->raw_len > 0)
		memcpy(s->bytes + s->used, t->raw, t->raw_len);
	s->used += t->raw_len;
	s->n++;
}

struct template_snapshot *
template_snapshot_take(const struct decoder *d)
{
	struct template_snapshot *s = calloc(1, sizeof(*s));
	size_t at = 0;

	if (s == NULL)
		return NULL;
	decoder_each_template(d, add_template, s);
	if (s->failed) {
		template_snapshot_free(s);
		return NULL;
	}
	for (size_t i = 0; i < s->n; i++) {
		s->v[i].raw = s->bytes + at;
		at += s->v[i].raw_len;
	}
	return s;
}

void
template_snapshot_free(struct template_snapshot *s)
{
	if (s == NULL)
		return;
	free(s->v);
	free(s->bytes);
	free(s);
}

size_t
template_snapshot_count(const struct template_snapshot *s)
{
	return s->n;
}

uint64_t
template_snapshot_memory(uint64_t templates)
{
	/* a record is no longer than a template without what it was sent as,
	 * and the arrays have room for twice as many */
	static_assert(sizeof(struct template_record) <=
	    sizeof(struct template), "a record is longer than a template");

	return 2 * (templates + MAX_RAW) + 64 * sizeof(struct template_record);
}

static int
write_all(sqlite3 *db, const struct template_snapshot *s, struct err *err)
{
	sqlite3_stmt *st;
	int rc = 0;

	if (db_exec(db, "DELETE FROM template", err) == -1)
		return -1;
	st = db_prepare(db, "INSERT INTO template VALUES "
	    "(?1, ?2, ?3, ?4, ?5, ?6, ?7)", err);
	if (st == NULL)
		return -1;
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		const struct template_record *t = &s->v[i];

		(void)sqlite3_bind_blob(st, 1, t->address.bytes,
		    t->address.len, SQLITE_STATIC);
		(void)sqlite3_bind_int(st, 2, t->version);
		(void)sqlite3_bind_int64(st, 3, t->domain);
		(void)sqlite3_bind_int(st, 4, t->template_id);
		(void)sqlite3_bind_int(st, 5, t->options != 0);
		(void)sqlite3_bind_int64(st, 6, t->heard_ms);
		(void)sqlite3_bind_blob(st, 7, t->raw, (int)t->raw_len,
		    SQLITE_STATIC);
		rc = db_step(st, err);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Somebody else's database, or one of a newer program, is left alone. */
static int
check_store(sqlite3 *db, const char *path, struct err *err)
{
	int64_t id, version, tables;

	if (db_int(db, "SELECT count(*) FROM sqlite_schema", 0, &tables,
	    err) == -1 ||
	    db_int(db, "PRAGMA application_id", 0, &id, err) == -1 ||
	    db_int(db, "PRAGMA user_version", 0, &version, err) == -1)
		return -1;
	if (tables == 0)
		return 0;
	if (id != STORE_ID)
		return err_as(err, ERR_VERSION, "%s: not a template store",
		    path);
	/* 0: of a program that did not say */
	if (version < 0 || version > STORE_VERSION)
		return err_as(err, ERR_VERSION, "%s: template store version "
		    "%lld, this program reads up to version %d", path,
		    (long long)version, STORE_VERSION);
	return 0;
}

/*
 * SQLite calls a damage of the schema's text a mistake in our statement; ours
 * have none, so the store is damaged.  It calls a file read-only whose header
 * wants a newer SQLite for writing.  After a failure, before the next call.
 */
static void
blame_store(sqlite3 *db, struct err *err)
{
	int code = sqlite3_errcode(db) & 0xff;

	if (err->code == ERR_FAIL && (code == SQLITE_ERROR ||
	    code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH ||
	    (code == SQLITE_READONLY &&
	    access(sqlite3_db_filename(db, "main"), W_OK) == 0)))
		err->code = ERR_CORRUPT;
}

static int
write_store(const char *path, const struct template_snapshot *s,
    struct err *err)
{
	sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, err);
	int rc = -1;

	if (db == NULL)
		return -1;
	(void)sqlite3_busy_timeout(db, 1000);
	if (check_store(db, path, err) == 0 &&
	    db_exec(db, "BEGIN IMMEDIATE", err) == 0) {
		if (db_exec(db, store_ddl, err) == 0 &&
		    write_all(db, s, err) == 0)
			rc = db_exec(db, "COMMIT", err);
		if (rc == -1)
			blame_store(db, err);
		if (rc == -1 && !sqlite3_get_autocommit(db))
			(void)db_exec(db, "ROLLBACK", NULL);
	}
	(void)sqlite3_close(db);
	return rc;
}

/*
 * Moves a store aside that is damaged or not ours; err comes with the reason
 * and leaves with the whole story.  -1: it is still there.
 */
static int
make_way(const char *path, struct err *err)
{
	char why[300], bad[ASIDE_PATH_MAX];

	if (err->code != ERR_CORRUPT && err->code != ERR_VERSION)
		return -1;
	(void)snprintf(why, sizeof(why), "%.250s", err->msg);
	if (aside_move(path, bad, err) == -1)
		return -1;
	(void)err_set(err, "%s: cannot be used (%s), moved to %s", path, why,
	    bad);
	return 0;
}

int
template_store_write(const char *dir, const struct template_snapshot *s,
    struct err *err)
{
	char path[STORE_PATH_MAX];
	struct err again;

	err->code = ERR_NONE;
	(void)snprintf(path, sizeof(path), "%s/" TEMPLATE_STORE_NAME, dir);
	if (write_store(path, s, err) == 0)
		return 0;
	if (make_way(path, err) == -1)
		return -1;
	if (write_store(path, s, &again) == 0)
		return 0;
	*err = again;
	return -1;
}

/* One row to the decoder; 0 taken, -1 refused. */
static int
restore_row(struct decoder *d, sqlite3_stmt *st)
{
	struct template_record t = { .raw_len = 0 };
	int alen = sqlite3_column_bytes(st, 0);
	int64_t version = sqlite3_column_int64(st, 1);
	int64_t id = sqlite3_column_int64(st, 3);

	if ((alen != 4 && alen != 16) || (version != 9 && version != 10) ||
	    id < 0 || id > UINT16_MAX)
		return -1;
	t.address = addr_from(sqlite3_column_blob(st, 0), (size_t)alen);
	t.version = (uint16_t)version;
	t.domain = (uint32_t)sqlite3_column_int64(st, 2);
	t.template_id = (uint16_t)id;
	t.options = sqlite3_column_int(st, 4) != 0;
	t.heard_ms = sqlite3_column_int64(st, 5);
	t.raw = sqlite3_column_blob(st, 6);
	t.raw_len = (size_t)sqlite3_column_bytes(st, 6);
	if (t.raw == NULL || t.raw_len > MAX_RAW)
		return -1;
	return decoder_restore(d, &t);
}

/* What was read before a damage stays with the decoder. */
static int
read_all(const char *path, struct decoder *d, int64_t oldest_ms,
    size_t *loaded, size_t *refused, struct err *err)
{
	sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE, err);
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (db == NULL)
		return -1;
	/* no table is an empty store */
	if (check_store(db, path, err) == -1 ||
	    db_exec(db, store_ddl, err) == -1) {
		blame_store(db, err);
		goto out;
	}
	st = db_prepare(db, "SELECT address, version, domain, template_id, "
	    "options, heard_ms, raw FROM template WHERE heard_ms >= ?1", err);
	if (st == NULL) {
		blame_store(db, err);
		goto out;
	}
	(void)sqlite3_bind_int64(st, 1, oldest_ms);
	while ((rc = db_step(st, err)) == 1) {
		if (restore_row(d, st) == 0)
			(*loaded)++;
		else
			(*refused)++;
	}
out:
	sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return rc;
}

int
template_store_load(const char *dir, struct decoder *d, int64_t oldest_ms,
    size_t *loaded, size_t *refused, struct err *err)
{
	char path[STORE_PATH_MAX];

	*loaded = *refused = 0;
	err->code = ERR_NONE;
	(void)snprintf(path, sizeof(path), "%s/" TEMPLATE_STORE_NAME, dir);
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	if (read_all(path, d, oldest_ms, loaded, refused, err) == 0)
		return 0;
	return make_way(path, err);
}
