/* Shard names, lists, creation, refusal. */
#include "schema/shard.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/db.h"

#define HOUR_MS	INT64_C(3600000)
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

Test(shard, name)
{
	char name[SHARD_NAME_MAX];
	int64_t ms;

	shard_name(T0, name);
	cr_expect_str_eq(name, "flows.202611230600.sqlite");
	cr_assert_eq(shard_name_parse(name, false, &ms), 0);
	cr_expect_eq(ms, T0);
	cr_expect_eq(shard_name_parse("flows.202611230600", true, &ms), 0);
	cr_expect_eq(shard_name_parse("flows.202611230600", false, &ms), -1);
}

/* Slots of some seconds share a minute, but no name. */
Test(shard, name_with_seconds)
{
	char name[SHARD_NAME_MAX];
	int64_t ms;

	shard_name(T0 + 58000, name);
	cr_expect_str_eq(name, "flows.20261123060058.sqlite");
	cr_assert_eq(shard_name_parse(name, false, &ms), 0);
	cr_expect_eq(ms, T0 + 58000);
}

/* A capture may claim any time. */
Test(shard, name_of_far_times)
{
	char name[SHARD_NAME_MAX];

	shard_name(INT64_C(400000000000000), name);
	cr_expect_str_eq(name, "flows..sqlite");
	shard_name(INT64_MAX, name);
	cr_expect_str_eq(name, "flows..sqlite");
}

static const char *const no_names[] = { "", "flows.", "flows.sqlite",
	"flows.20261123060.sqlite", "flows.2026112306000.sqlite",
	"flows.202602310600.sqlite", "flows.202611232400.sqlite",
	"flows.202611230600.sqlite-wal", "flow.202611230600.sqlite",
	"flows.20261123060000.sqlite", "flows.20261123060060.sqlite",
	"flows.202611230600.sqlite.tmp", "flows.2026112306o0.sqlite" };

Test(shard, no_name)
{
	int64_t ms;

	for (size_t i = 0; i < sizeof(no_names) / sizeof(no_names[0]); i++)
		cr_expect_eq(shard_name_parse(no_names[i], true, &ms), -1,
		    "%s", no_names[i]);
}

static void
make_dir(char *dir)
{
	strcpy(dir, "/tmp/flowdb-test.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void
run(const char *fmt, const char *dir)
{
	char cmd[400];

	(void)snprintf(cmd, sizeof(cmd), fmt, dir);
	cr_assert_eq(system(cmd), 0, "%s", cmd);
}

Test(shard, list)
{
	char dir[64];
	struct shard_list list;
	struct err err;

	make_dir(dir);
	run("cd %s && mkdir -p a/b c && touch flows.202611230700.sqlite "
	    "a/flows.202611230600.sqlite a/b/flows.202611230600.sqlite "
	    "flows.202611230800.sqlite flows.202611230600.sqlite-wal x.sqlite "
	    "&& ln -s . c/loop", dir);
	cr_assert_eq(shard_list(dir, INT64_MIN, INT64_MAX, &list, &err), 0);
	cr_assert_eq(list.n, 4);
	cr_expect_eq(list.v[0].start_ms, T0);
	cr_expect(strstr(list.v[0].path, "/a/b/") != NULL);
	cr_expect_eq(list.v[3].start_ms, T0 + 2 * HOUR_MS);
	shard_list_clear(&list);
	cr_assert_eq(shard_list(dir, T0 + 1, T0 + HOUR_MS, &list, &err), 0);
	cr_expect_eq(list.n, 1);
	shard_list_clear(&list);
	run("rm -r %s", dir);
	cr_expect_eq(shard_list(dir, 0, 1, &list, &err), -1);
	cr_expect(strstr(err.msg, dir) != NULL, "%s", err.msg);
}

Test(shard, create_again_and_check)
{
	char dir[64], path[128];
	struct shard_meta meta;
	struct stat st;
	struct err err;
	sqlite3 *db;

	make_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/flows.202611230600.sqlite",
	    dir);
	for (int i = 0; i < 2; i++) {
		db = shard_create(path, T0, T0 + HOUR_MS, &err);
		cr_assert_not_null(db, "%s", err.msg);
		cr_assert_eq(db_exec(db, "INSERT INTO flow (first_ms) "
		    "VALUES (1)", &err), 0);
		sqlite3_close(db);
	}
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0640);
	db = db_open(path, SQLITE_OPEN_READWRITE, &err);
	cr_assert_eq(shard_check(db, "main", path, &meta, &err), 0);
	cr_expect_eq(meta.slot_start_ms, T0);
	cr_expect_eq(meta.slot_end_ms, T0 + HOUR_MS);
	cr_expect_eq(meta.max_sampling, 1);
	cr_expect_not(meta.sealed || meta.has_range);
	cr_assert_eq(db_exec(db, "UPDATE meta SET value = 1 WHERE key = "
	    "'sealed'; INSERT INTO meta VALUES ('first_ms', 5), "
	    "('last_ms', 6)", &err), 0);
	cr_assert_eq(shard_check(db, "main", path, &meta, &err), 0);
	cr_expect(meta.sealed && meta.has_range);
	sqlite3_close(db);
	cr_expect_null(shard_create(path, T0, T0 + HOUR_MS, &err));
	cr_expect_eq(err.code, ERR_VERSION);
	run("rm -r %s", dir);
}

Test(shard, refuse_others)
{
	char dir[64], path[128];
	struct shard_meta meta;
	struct err err;
	sqlite3 *db;

	make_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/flows.202611230600.sqlite",
	    dir);
	run("sqlite3 %s/flows.202611230600.sqlite 'CREATE TABLE x(y)'", dir);
	cr_expect_null(shard_create(path, T0, T0 + HOUR_MS, &err));
	cr_expect_eq(err.code, ERR_VERSION);
	cr_expect(strstr(err.msg, "not a flowdb shard") != NULL, "%s",
	    err.msg);
	run("sqlite3 %s/flows.202611230600.sqlite 'PRAGMA application_id="
	    "0x666c6f77; PRAGMA user_version=2'", dir);
	db = db_open(path, SQLITE_OPEN_READONLY, &err);
	cr_expect_eq(shard_check(db, "main", path, &meta, &err), -1);
	cr_expect(strstr(err.msg, "version 2") != NULL, "%s", err.msg);
	sqlite3_close(db);
	run("echo 'no database at all, but long enough' > "
	    "%s/flows.202611230600.sqlite", dir);
	cr_expect_null(shard_create(path, T0, T0 + HOUR_MS, &err));
	cr_expect(strstr(err.msg, path) != NULL, "%s", err.msg);
	run("rm -r %s", dir);
}

/* Somebody who looks for the newest shard all the time. */
struct looker {
	const char	*dir;
	int		 seen;
	int		 without_tables;
};

static void
look(struct looker *l, int i)
{
	char path[160], name[SHARD_NAME_MAX];
	struct err err;
	int64_t n = 0;
	sqlite3 *db;

	shard_name(T0 + i * HOUR_MS, name);
	(void)snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	while (access(path, F_OK) == -1)
		;
	db = db_open(path, SQLITE_OPEN_READONLY, &err);
	if (db == NULL)
		return;
	(void)sqlite3_busy_timeout(db, 1000);
	if (db_int(db, "SELECT count(*) FROM sqlite_schema WHERE name = "
	    "'flow'", 0, &n, &err) == -1 || n != 1)
		l->without_tables++;
	l->seen++;
	sqlite3_close(db);
}

static void *
look_all(void *arg)
{
	struct looker *l = arg;

	for (int i = 0; i < 100; i++)
		look(l, i);
	return NULL;
}

Test(shard, never_seen_without_tables, .timeout = 60)
{
	char dir[64], path[128], name[SHARD_NAME_MAX];
	struct looker l = { dir, 0, 0 };
	pthread_t thread;
	struct err err;

	make_dir(dir);
	cr_assert_eq(pthread_create(&thread, NULL, look_all, &l), 0);
	for (int i = 0; i < 100; i++) {
		sqlite3 *db;

		shard_name(T0 + i * HOUR_MS, name);
		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
		db = shard_create(path, T0 + i * HOUR_MS, T0 + (i + 1) *
		    HOUR_MS, &err);
		cr_assert_not_null(db, "%s", err.msg);
		sqlite3_close(db);
	}
	(void)pthread_join(thread, NULL);
	cr_expect_eq(l.seen, 100);
	cr_expect_eq(l.without_tables, 0);
	run("rm -r %s", dir);
}

/* What an interrupted run left under the new name is no hindrance. */
Test(shard, half_made)
{
	char dir[64], path[128];
	struct err err;
	sqlite3 *db;

	make_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/flows.202611230600.sqlite",
	    dir);
	run("echo rubbish > %s/flows.202611230600.sqlite.new", dir);
	db = shard_create(path, T0, T0 + HOUR_MS, &err);
	cr_assert_not_null(db, "%s", err.msg);
	sqlite3_close(db);
	run("test ! -e %s/flows.202611230600.sqlite.new", dir);
	run("mkdir %s/flows.202611230700.sqlite", dir);
	(void)snprintf(path, sizeof(path), "%s/flows.202611230700.sqlite",
	    dir);
	cr_expect_null(shard_create(path, T0, T0 + HOUR_MS, &err));
	cr_expect_eq(err.code, ERR_VERSION);
	run("rm -r %s", dir);
}
