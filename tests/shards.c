/* Shards from flows: see shards.h. */
#include "tests/shards.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/seal.h"
#include "schema/db.h"
#include "schema/ddl.h"
#include "schema/shard.h"
#include "tests/filter_random.h"

#define HOUR_MS		INT64_C(3600000)
#define ROLLUP_MEMORY	(64U << 20)

static void
die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

char *
temp_folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[4096];
	char *dir;

	(void)snprintf(path, sizeof(path), "%s/flowdb-test.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	dir = mkdtemp(path) == NULL ? NULL : strdup(path);
	if (dir == NULL)
		die(path, "cannot be made");
	return dir;
}

void
temp_folder_remove(char *dir)
{
	char command[4200];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		die(dir, "cannot be removed");
	free(dir);
}

static void
run(sqlite3 *db, const char *sql)
{
	struct err err;

	if (db_exec(db, sql, &err) == -1)
		die("shard", err.msg);
}

static void
bind_column(sqlite3_stmt *st, int at, const struct flow *f, enum column c)
{
	const struct column_info *info = column_info(c);
	const void *p = (const char *)f + info->offset;
	const struct addr *a = p;

	if (!flow_has(f, c))
		(void)sqlite3_bind_null(st, at);
	else if (info->type == CT_ADDR)
		(void)sqlite3_bind_blob(st, at, a->bytes, a->len,
		    SQLITE_STATIC);
	else if (info->type == CT_TIME || info->type == CT_SPAN)
		(void)sqlite3_bind_int64(st, at, *(const int64_t *)p);
	else
		(void)sqlite3_bind_int64(st, at, (int64_t)flow_number(f, c));
}

/* The rows that flows have in one table. */
static void
insert_home(sqlite3 *db, enum colhome home, const struct flow *v, size_t n)
{
	static const char *const tables[] = { [HOME_FLOW] = "flow",
		[HOME_PATH] = "path", [HOME_EXTRA] = "extra" };
	char *names = ddl_columns(home, ""), sql[3000], marks[300] = "";
	sqlite3_stmt *st;
	struct err err;

	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		if (column_info(c)->home == home)
			(void)strcat(marks, ", ?");
	}
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s(%s, id%s) VALUES "
	    "(%s, ?%s)", tables[home], names,
	    home == HOME_FLOW ? ", path" : "", marks + 2,
	    home == HOME_FLOW ? ", ?" : "");
	st = db_prepare(db, sql, &err);
	if (st == NULL)
		die(sql, err.msg);
	for (size_t i = 0; i < n; i++) {
		int at = 1;

		if (home != HOME_FLOW &&
		    (v[i].set & flow_home_bits(home)) == 0)
			continue;
		for (enum column c = 0; c < COLUMN_COUNT; c++) {
			if (column_info(c)->home == home)
				bind_column(st, at++, &v[i], c);
		}
		(void)sqlite3_bind_int64(st, at++, (int64_t)i + 1);
		if (home == HOME_FLOW &&
		    (v[i].set & flow_home_bits(HOME_PATH)) != 0)
			(void)sqlite3_bind_int64(st, at, (int64_t)i + 1);
		else if (home == HOME_FLOW)
			(void)sqlite3_bind_null(st, at);
		if (db_step(st, &err) == -1)
			die(sql, err.msg);
	}
	sqlite3_finalize(st);
	free(names);
}

static void
insert_exporter(sqlite3 *db, int id, const struct match_exporter *e)
{
	struct err err;
	sqlite3_stmt *st = db_prepare(db, "INSERT INTO exporter(id, address, "
	    "version, source_id, name) VALUES (?, ?, ?, 0, ?)", &err);

	(void)sqlite3_bind_int(st, 1, id);
	(void)sqlite3_bind_blob(st, 2, e->address.bytes, e->address.len,
	    SQLITE_STATIC);
	(void)sqlite3_bind_int(st, 3, e->version);
	(void)sqlite3_bind_text(st, 4, e->name, -1, SQLITE_STATIC);
	if (db_step(st, &err) == -1)
		die("exporter", err.msg);
	sqlite3_finalize(st);
}

void
shard_fill(sqlite3 *db, const struct flow *v, size_t n)
{
	run(db, "BEGIN");
	for (int i = 0; i < RANDOM_EXPORTERS; i++)
		insert_exporter(db, i + 1, &random_exporters[i]);
	insert_home(db, HOME_PATH, v, n);
	insert_home(db, HOME_FLOW, v, n);
	insert_home(db, HOME_EXTRA, v, n);
	run(db, "UPDATE meta SET value = (SELECT count(*) FROM flow) "
	    "WHERE key = 'flows';"
	    "INSERT OR REPLACE INTO meta SELECT 'first_ms', min(first_ms) "
	    "FROM flow WHERE first_ms IS NOT NULL HAVING count(*) > 0;"
	    "INSERT OR REPLACE INTO meta SELECT 'last_ms', "
	    "max(first_ms + ifnull(duration_ms, 0)) "
	    "FROM flow WHERE first_ms IS NOT NULL HAVING count(*) > 0;"
	    "COMMIT");
}

char *
shard_make(const char *dir, int64_t start_ms, const struct flow *v, size_t n,
    bool sealed)
{
	const struct seal_options o = { .indexes = true,
		.memory = ROLLUP_MEMORY };
	char name[SHARD_NAME_MAX], path[4300];
	struct err err;
	sqlite3 *db;

	shard_name(start_ms, name);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	db = shard_create(path, start_ms, start_ms + HOUR_MS, &err);
	if (db == NULL)
		die(path, err.msg);
	shard_fill(db, v, n);
	(void)sqlite3_close(db);
	if (sealed && seal_shard(path, &o, NULL, &err) == -1)
		die(path, err.msg);
	return strdup(path);
}

void
shards_make(const char *dir, int64_t start_ms, const struct flow *v,
    const size_t *sizes, size_t n, struct shard_list *list)
{
	list->v = calloc(n, sizeof(*list->v));
	if (list->v == NULL)
		die("shards", "out of memory");
	list->n = n;
	for (size_t i = 0; i < n; i++) {
		int64_t slot = start_ms + (int64_t)i * HOUR_MS;

		list->v[i].start_ms = slot;
		list->v[i].path = shard_make(dir, slot, v, sizes[i],
		    i + 1 < n);
		v += sizes[i];
	}
}

void
shard_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	(void)chmod(path, 0600);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path, sqlite3_errmsg(db));
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

struct flow *
flows_random(uint64_t seed, size_t n)
{
	struct flow *v = calloc(n + 1, sizeof(*v));

	if (v == NULL)
		die("flows", "out of memory");
	for (size_t i = 0; i < n; i++)
		random_flow(&seed, &v[i]);
	return v;
}
