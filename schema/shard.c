/* Shards on disk: names, lists, creating, checking.  See shard.h. */
#include "schema/shard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "schema/db.h"
#include "schema/ddl.h"

#define PREFIX		"flows."
#define SUFFIX		".sqlite"
#define STAMP_DIGITS	12	/* YYYYMMDDhhmm */
#define LONG_STAMP	14	/* YYYYMMDDhhmmss */
#define MAX_DEPTH	8	/* folders below the data directory */
#define PATH_LEN_MAX	4096

/*
 * Smaller pages leave less room unused in the many small tables; with 4 KiB
 * the large ones take more, and view flows would not fit into one.
 */
#define PAGE_SIZE	"PRAGMA page_size = 8192;"

static const char shard_pragmas[] = PAGE_SIZE
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;";

void
shard_name(int64_t start_ms, char out[SHARD_NAME_MAX])
{
	time_t t = (time_t)(start_ms / 1000);
	char stamp[LONG_STAMP + 1];
	struct tm tm;

	/* a year of five digits has no name of ours */
	if (gmtime_r(&t, &tm) == NULL || strftime(stamp, sizeof(stamp),
	    tm.tm_sec == 0 ? "%Y%m%d%H%M" : "%Y%m%d%H%M%S", &tm) == 0)
		stamp[0] = '\0';
	(void)snprintf(out, SHARD_NAME_MAX, PREFIX "%s" SUFFIX, stamp);
}

static int
two(const char *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

int
shard_name_parse(const char *name, bool bare, int64_t *start_ms)
{
	const char *p = name + strlen(PREFIX);
	char back[SHARD_NAME_MAX];
	struct tm tm = { .tm_isdst = 0 };
	size_t digits;
	time_t t;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return -1;
	digits = strspn(p, "0123456789");
	if (digits != STAMP_DIGITS && digits != LONG_STAMP)
		return -1;
	if (strcmp(p + digits, SUFFIX) != 0 && !(bare && p[digits] == '\0'))
		return -1;
	tm.tm_year = two(p) * 100 + two(p + 2) - 1900;
	tm.tm_mon = two(p + 4) - 1;
	tm.tm_mday = two(p + 6);
	tm.tm_hour = two(p + 8);
	tm.tm_min = two(p + 10);
	tm.tm_sec = digits == LONG_STAMP ? two(p + 12) : 0;
	t = timegm(&tm);
	/*
	 * timegm mends a 31st of February: then the name was no time.  Nor is
	 * one with seconds 00, for each slot has one name only.
	 */
	shard_name((int64_t)t * 1000, back);
	if (strncmp(back, name, strlen(PREFIX) + digits) != 0)
		return -1;
	*start_ms = (int64_t)t * 1000;
	return 0;
}

static int
list_add(struct shard_list *list, const char *dir, const char *name,
    int64_t start_ms, struct err *err)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	struct shard_ref *v;
	char *path;

	v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_sys(err, "%s", dir);
	list->v = v;
	path = malloc(size);
	if (path == NULL)
		return err_sys(err, "%s", dir);
	(void)snprintf(path, size, "%s/%s", dir, name);
	v[list->n].path = path;
	v[list->n].start_ms = start_ms;
	list->n++;
	return 0;
}

static int list_dir(const char *dir, int64_t from_ms, int64_t to_ms, int depth,
    struct shard_list *out, struct err *err);

/* A folder below the data directory; one that vanished is no error. */
static int
list_below(const char *dir, const char *name, int64_t from_ms, int64_t to_ms,
    int depth, struct shard_list *out, struct err *err)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = malloc(size);
	struct stat st;
	int rc = 0;

	if (path == NULL)
		return err_sys(err, "%s", dir);
	(void)snprintf(path, size, "%s/%s", dir, name);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		rc = list_dir(path, from_ms, to_ms, depth + 1, out, err);
	free(path);
	return rc;
}

static int
list_dir(const char *dir, int64_t from_ms, int64_t to_ms, int depth,
    struct shard_list *out, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return depth > 0 && errno == ENOENT ? 0 :
		    err_sys(err, "%s", dir);
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		int64_t start;

		if (e->d_name[0] == '.')
			continue;
		if (shard_name_parse(e->d_name, false, &start) == 0) {
			if (start >= from_ms && start <= to_ms)
				rc = list_add(out, dir, e->d_name, start, err);
		} else if (depth < MAX_DEPTH &&
		    (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN)) {
			rc = list_below(dir, e->d_name, from_ms, to_ms, depth,
			    out, err);
		}
	}
	if (rc == 0 && errno != 0)
		rc = err_sys(err, "%s", dir);
	(void)closedir(d);
	return rc;
}

static int
ref_cmp(const void *va, const void *vb)
{
	const struct shard_ref *a = va, *b = vb;

	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	return strcmp(a->path, b->path);
}

int
shard_list(const char *dir, int64_t from_ms, int64_t to_ms,
    struct shard_list *out, struct err *err)
{
	*out = (struct shard_list){ .v = NULL };
	if (list_dir(dir, from_ms, to_ms, 0, out, err) == -1) {
		shard_list_clear(out);
		return -1;
	}
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), ref_cmp);
	return 0;
}

void
shard_list_clear(struct shard_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	*list = (struct shard_list){ .v = NULL };
}

/* Integer pragma of an attached database. */
static int
pragma_int(sqlite3 *db, const char *schema, const char *name, int64_t *out,
    struct err *err)
{
	char sql[80];

	(void)snprintf(sql, sizeof(sql), "PRAGMA %s.%s", schema, name);
	return db_int(db, sql, 0, out, err);
}

static int
read_meta(sqlite3 *db, const char *schema, struct shard_meta *meta,
    struct err *err)
{
	struct { const char *key; int64_t *value; } known[] = {
		{ "slot_start_ms", &meta->slot_start_ms },
		{ "slot_end_ms", &meta->slot_end_ms },
		{ "first_ms", &meta->first_ms },
		{ "last_ms", &meta->last_ms },
		{ "flows", &meta->flows },
		{ "max_sampling", &meta->max_sampling },
	};
	unsigned seen = 0;
	sqlite3_stmt *st;
	char sql[80];
	int rc;

	*meta = (struct shard_meta){ .max_sampling = 1 };
	(void)snprintf(sql, sizeof(sql), "SELECT key, value FROM %s.meta",
	    schema);
	st = db_prepare(db, sql, err);
	if (st == NULL)
		return -1;
	while ((rc = db_step(st, err)) == 1) {
		const char *key = (const char *)sqlite3_column_text(st, 0);
		int64_t value = sqlite3_column_int64(st, 1);

		if (key == NULL || sqlite3_column_type(st, 1) == SQLITE_NULL)
			continue;
		if (strcmp(key, "sealed") == 0)
			meta->sealed = value != 0;
		for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]);
		    i++) {
			if (strcmp(key, known[i].key) == 0) {
				*known[i].value = value;
				seen |= 1U << i;
			}
		}
	}
	sqlite3_finalize(st);
	/* known[2] and [3] */
	meta->has_range = (seen & 0xcU) == 0xcU;
	return rc == -1 ? -1 : 0;
}

int
shard_check(sqlite3 *db, const char *schema, const char *path,
    struct shard_meta *meta, struct err *err)
{
	int64_t id, version;

	if (pragma_int(db, schema, "application_id", &id, err) == -1 ||
	    pragma_int(db, schema, "user_version", &version, err) == -1)
		return -1;
	if (id != SHARD_APPLICATION_ID)
		return err_as(err, ERR_VERSION,
		    "%s: an SQLite file, but not a flowdb shard "
		    "(application id %lld)", path, (long long)id);
	if (version < 1 || version > SHARD_VERSION)
		return err_as(err, ERR_VERSION, "%s: shard version %lld, this "
		    "program reads up to version %d", path,
		    (long long)version, SHARD_VERSION);
	return read_meta(db, schema, meta, err);
}

/* Tables and meta of an empty database, in one transaction. */
static int
make_tables(sqlite3 *db, int64_t start_ms, int64_t end_ms, struct err *err)
{
	char *ddl = ddl_shard();
	sqlite3_stmt *st = NULL;
	int rc = -1;

	if (ddl == NULL)
		return err_set(err, "out of memory");
	if (db_exec(db, "BEGIN IMMEDIATE", err) == -1)
		goto out;
	if (db_exec(db, ddl, err) == -1)
		goto out;
	st = db_prepare(db, "INSERT INTO meta VALUES ('slot_start_ms', ?1), "
	    "('slot_end_ms', ?2), ('flows', 0), ('sealed', 0), "
	    "('writer', 'flowdb " FLOWDB_VERSION "')", err);
	if (st == NULL)
		goto out;
	(void)sqlite3_bind_int64(st, 1, start_ms);
	(void)sqlite3_bind_int64(st, 2, end_ms);
	if (db_step(st, err) == -1)
		goto out;
	rc = db_exec(db, "COMMIT", err);
out:
	sqlite3_finalize(st);
	if (rc == -1 && !sqlite3_get_autocommit(db))
		(void)db_exec(db, "ROLLBACK", NULL);
	free(ddl);
	return rc;
}

/*
 * Makes an empty file with its mode before SQLite sees it; -wal and -shm take
 * the same mode.
 */
static int
make_file(const char *path, struct err *err)
{
	int fd;

	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(err, "%s", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0640);
	if (fd == -1)
		return err_sys(err, "%s", path);
	(void)close(fd);
	return 0;
}

/*
 * A new shard takes its name when it is complete: a reader that lists the
 * folder meanwhile never meets a file without tables.
 */
static int
make_shard(const char *path, int64_t start_ms, int64_t end_ms,
    struct err *err)
{
	char new[PATH_LEN_MAX];
	sqlite3 *db;
	int rc;

	if (snprintf(new, sizeof(new), "%s" SHARD_NEW_SUFFIX, path) >=
	    (int)sizeof(new))
		return err_set(err, "%s: path too long", path);
	if (make_file(new, err) == -1)
		return -1;
	db = db_open(new, SQLITE_OPEN_READWRITE, err);
	if (db == NULL)
		return -1;
	rc = db_exec(db, PAGE_SIZE
	    "PRAGMA synchronous = NORMAL", err) == 0 &&
	    make_tables(db, start_ms, end_ms, err) == 0 &&
	    db_exec(db, "PRAGMA journal_mode = WAL", err) == 0 ? 0 : -1;
	(void)sqlite3_close(db);
	if (rc == 0 && rename(new, path) == -1)
		rc = err_sys(err, "%s", path);
	if (rc == -1)
		(void)unlink(new);
	return rc;
}

/* A shard that can be gone on with; tables: how many it has. */
static int
check_live(sqlite3 *db, const char *path, int64_t tables, struct err *err)
{
	struct shard_meta meta;

	if (tables == 0)
		return 0;
	if (shard_check(db, "main", path, &meta, err) == -1)
		return -1;
	return meta.sealed ? err_as(err, ERR_VERSION, "%s: sealed", path) : 0;
}

sqlite3 *
shard_create(const char *path, int64_t start_ms, int64_t end_ms,
    struct err *err)
{
	int64_t tables;
	struct stat st;
	sqlite3 *db;

	if (lstat(path, &st) == -1) {
		if (errno != ENOENT) {
			(void)err_sys(err, "%s", path);
			return NULL;
		}
		if (make_shard(path, start_ms, end_ms, err) == -1)
			return NULL;
	} else if (S_ISDIR(st.st_mode)) {
		(void)err_as(err, ERR_VERSION, "%s: a directory, not a flowdb "
		    "shard", path);
		return NULL;
	}
	db = db_open(path, SQLITE_OPEN_READWRITE, err);
	if (db == NULL)
		return NULL;
	(void)sqlite3_busy_timeout(db, 1000);
	/* no tables: an empty file that somebody put there */
	if (db_int(db, "SELECT count(*) FROM sqlite_schema", 0, &tables,
	    err) == -1 || check_live(db, path, tables, err) == -1 ||
	    db_exec(db, shard_pragmas, err) == -1 ||
	    (tables == 0 && make_tables(db, start_ms, end_ms, err) == -1)) {
		sqlite3_close(db);
		return NULL;
	}
	return db;
}
