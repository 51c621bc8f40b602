/*
 * Roll-ups from their pages and the same by SQLite: equal sums, over trees of
 * several levels; and which files may be opened by pages.
 */
#include "query/rollscan.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/pass.h"
#include "query/sealed.h"
#include "schema/db.h"
#include "tests/filter_random.h"
#include "tests/shards.h"
#include "tests/sums.h"

#define FLOWS	3000
#define KEYS	3000	/* of a roll-up that is filled by hand */
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

/* A statistic (-A: with '-' before it), and a filter on its value. */
static const struct { const char *group, *filter; } cases[] = {
	{ "dstip", "any" },
	{ "srcip/bytes", "src ip 10.0.0.1" },
	{ "srcip", "src net 10.0.0.0/8" },
	{ "dstip", "dst net 2001:db8::/32" },
	{ "dstip:p", "dst ip 10.2.7.0" },
	{ "dstip", "dst ip 2001:db8::3:7" },
	{ "dstip", "dst net 10.3.0.0/21" },
	{ "dstip", "dst ip in [10.0.1.0 10.0.2.0 10.0.3.0-10.1.0.0 "
	    "10.4.1.0 2001:db8::1:1-2001:db8::2:0]" },
	{ "dstip:p", "dst ip in [10.0.0.1 10.0.0.3 2001:db8::1 fe80::/10]" },
	{ "dstip", "dst ip in [0.0.0.0/1 192.0.0.0/2] and tcp" },
	{ "dstip", "not dst net 10.0.0.0/8" },
	{ "dstip", "dst net 10.0.0.0/8 or dst ip fe80::1" },
	{ "dstip", "dst ip 255.255.255.255" },
	{ "dstip", "dst ip 0.0.0.0" },
	{ "dstip", "dst ip ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "srcip", "src ip 10.0.0.1 and udp" },
	{ "ip", "any" },
	{ "ip:p", "not udp" },
	{ "port:p/packets", "any" },
	{ "dstport", "dst port 53 or dst port > 1000" },
	{ "if", "any" },
	{ "inif", "in if 3 or not in if < 5" },
	{ "srcas", "src as in [1 2 3 65000]" },
	{ "proto", "any" },
	{ "-srcip4/8,proto", "any" },
	{ "-dstip", "any" },
	{ "-outif", "tcp" },
};

#define N_CASES	(sizeof(cases) / sizeof(cases[0]))

struct world {
	char			*dir;
	char			*path;
	struct sealed_forms	*forms;
	struct open_shard	 pages;		/* without SQLite */
	struct open_shard	 sql;
};

/*
 * Many keys: none, then 10.X.Y.0 and 2001:db8::X:Y, each with one protocol or
 * three.
 */
static void
fill(const char *path, const char *table)
{
	struct err err = { .msg = "" };
	sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE, &err);
	uint8_t key[16] = { 10 };
	sqlite3_stmt *st;
	char sql[100];

	cr_assert_not_null(db, "%s", err.msg);
	(void)snprintf(sql, sizeof(sql), "BEGIN; DELETE FROM %s", table);
	cr_assert_eq(db_exec(db, sql, &err), 0, "%s", err.msg);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?1, ?2, "
	    "NULL, 1, 2, ?3 * 3, ?3, ?3 + 5)", table);
	st = db_prepare(db, sql, &err);
	for (int i = 0; i < KEYS; i++) {
		bool four = i < KEYS / 2;

		if (i == KEYS / 2)
			memcpy(key, "\x20\x01\x0d\xb8", 4);
		key[four ? 1 : 14] = (uint8_t)(i % (KEYS / 2) >> 8);
		key[four ? 2 : 15] = (uint8_t)(i % (KEYS / 2));
		for (int proto = 6; proto < 7 + (i % 3 == 0) * 2; proto++) {
			(void)sqlite3_bind_blob(st, 1, key, four ? 4 : 16,
			    SQLITE_STATIC);
			if (i == 0)
				(void)sqlite3_bind_null(st, 1);
			(void)sqlite3_bind_int(st, 2, proto);
			(void)sqlite3_bind_int(st, 3, i);
			cr_assert_eq(db_step(st, &err), 0, "%s", err.msg);
		}
	}
	sqlite3_finalize(st);
	cr_assert_eq(db_exec(db, "COMMIT", &err), 0);
	sqlite3_close(db);
}

/* As sealed_open has them, of any file. */
static void
find_roots(struct world *w)
{
	w->pages = w->sql;
	w->pages.db = NULL;
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		char sql[120];
		int64_t root;

		(void)snprintf(sql, sizeof(sql), "SELECT rootpage FROM "
		    "sqlite_schema WHERE name = '%s'",
		    rollup_info((enum rollup)r)->table);
		cr_assert_eq(db_int(w->sql.db, sql, 0, &root, NULL), 0);
		w->pages.roll_root[r] = (uint32_t)root;
	}
}

/* page: bytes, small ones make a deep tree; 0: as it was sealed. */
static struct world *
world_new(int page)
{
	struct world *w = calloc(1, sizeof(*w));
	struct flow *v = flows_random(11, FLOWS);
	struct err err = { .msg = "" };
	char sql[60];

	w->dir = temp_folder_make();
	w->path = shard_make(w->dir, T0, v, FLOWS, true);
	w->forms = sealed_forms_new();
	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size = %d; VACUUM",
	    page);
	if (page > 0) {
		shard_sql(w->path, sql);
		fill(w->path, "roll_src_addr");
		fill(w->path, "roll_dst_addr");
	}
	cr_assert_eq(shard_open(w->path, NULL, &w->sql, &err), 0, "%s",
	    err.msg);
	find_roots(w);
	free(v);
	return w;
}

static void
world_free(struct world *w)
{
	shard_close(&w->sql);
	shard_close(&w->pages);
	sealed_forms_free(w->forms);
	free(w->path);
	temp_folder_remove(w->dir);
	free(w);
}

static void
run(struct world *w, struct feed *f, const struct serve_pass *pass,
    unsigned n, bool pages)
{
	struct err err = { .msg = "" };

	f->groups[0].wanted = true;
	f->count_total = true;
	cr_assert_eq(feed_register(w->sql.db, f, &err), 0);
	for (unsigned k = 0; k < n; k++) {
		const struct sql_shape shape = { .schema = "main",
			.rollup = (int)pass[k].rollup };

		feed_begin(f, NULL, (int)pass[k].rollup, pass[k].side,
		    pass[k].sign);
		if (pages)
			cr_assert_eq(rollscan_run(f, w->path, &w->pages,
			    &pass[k], NULL, &err), 1, "%s", err.msg);
		else
			cr_assert_eq(pass_run(f, w->sql.db, &shape, NULL,
			    &err), 0, "%s", err.msg);
		f->count_total = false;
	}
	cr_assert_eq(feed_flush(f, &err), 0);
}

static void
same(const struct feed *a, const struct feed *b, const char *what)
{
	const struct tally *ta = a->groups[0].tally;

	cr_expect(same_sum(&a->total, &b->total), "%s", what);
	cr_expect_eq(a->passed, b->passed, "%s", what);
	cr_assert_eq(tally_count(ta), tally_count(b->groups[0].tally), "%s",
	    what);
	for (size_t i = 0; i < tally_count(ta); i++) {
		struct tally_sum x, y;
		size_t len;
		const uint8_t *key = tally_entry(ta, i, &len, &x);

		cr_assert(tally_find(b->groups[0].tally, key, len, &y) &&
		    same_sum(&x, &y), "%s", what);
	}
}

static size_t
compare(struct world *w, size_t i, bool scale)
{
	struct filter *filter = filter_parse(cases[i].filter, NULL);
	struct serve_pass pass[SERVE_PASSES];
	struct group g;
	struct question q = { .filter = filter, .groups = &g, .n_groups = 1,
		.scale = scale, .has_window = true, .from_ms = 0,
		.to_ms = INT64_MAX };
	struct feed a, b;
	size_t count;
	unsigned n;

	cr_assert_not_null(filter, "%s", cases[i].filter);
	cr_assert_eq(cases[i].group[0] == '-' ?
	    group_parse_fields(cases[i].group + 1, &g, NULL) :
	    group_parse_stat(cases[i].group, NULL, &g, NULL), 0);
	cr_assert(feed_init(&a, &q, 64 << 20, NULL) == 0 &&
	    feed_init(&b, &q, 64 << 20, NULL) == 0);
	n = serve_rollups(&q, &g, &w->sql, pass);
	cr_assert_gt(n, 0, "%s, %s", cases[i].group, cases[i].filter);
	run(w, &a, pass, n, false);
	run(w, &b, pass, n, true);
	same(&a, &b, cases[i].filter);
	count = tally_count(a.groups[0].tally);
	feed_clear(&a);
	feed_clear(&b);
	filter_free(filter);
	return count;
}

static void
look_the_same(struct world *w)
{
	const uint32_t *roots = w->pages.roll_root;
	struct open_shard s;

	cr_assert(sealed_open(w->forms, w->path, &s));
	cr_expect_null(s.db);
	cr_expect_eq(memcmp(&s.meta, &w->sql.meta, sizeof(s.meta)), 0);
	cr_expect_eq(memcmp(s.rollup, w->sql.rollup, sizeof(s.rollup)), 0);
	cr_expect_eq(memcmp(s.roll_root, roots, sizeof(s.roll_root)), 0);
	cr_expect_eq(s.flow_root, w->sql.flow_root);
	cr_expect_eq(s.indexed, w->sql.indexed);
	cr_expect_eq(s.inode, w->sql.inode);
}

static void
compare_all(int page)
{
	struct world *w = world_new(page);
	size_t rows = 0;

	if (page == 0)
		look_the_same(w);
	for (size_t i = 0; i < N_CASES; i++)
		rows += compare(w, i, i & 1);
	cr_expect_gt(rows, N_CASES * 3, "the filters leave something");
	world_free(w);
}
Test(rollscan, as_sqlite)
{
	compare_all(0);
}

Test(rollscan, deep_trees)
{
	compare_all(512);
	compare_all(4096);
	compare_all(65536);
}

/* Only what is wholly as we make it is for pages. */
static const struct { const char *sql; bool opened; } altered[] = {
	{ "SELECT 1", true },
	/* as shards had it */
	{ "CREATE INDEX roll_dst_addr_key ON roll_dst_addr (dst_addr)", true },
	{ "DROP TABLE roll_dst_addr", true },
	{ "DROP VIEW flows; CREATE VIEW flows AS SELECT 1", true },
	{ "UPDATE meta SET value = 0 WHERE key = 'sealed'", false },
	{ "UPDATE meta SET value = 'x' WHERE key = 'flows'", false },
	{ "PRAGMA journal_mode = WAL", false },
	{ "PRAGMA user_version = 99", false },
	{ "PRAGMA application_id = 1", false },
	{ "ALTER TABLE flow ADD COLUMN x INTEGER", false },
	{ "ALTER TABLE roll_dst_addr ADD COLUMN x INTEGER", false },
	{ "ALTER TABLE roll_dst_addr RENAME COLUMN bytes TO octets", false },
	{ "CREATE TABLE more(a)", false },
	{ "CREATE TRIGGER t AFTER INSERT ON flow BEGIN SELECT 1; END",
	    false },
	{ "DROP TABLE extra", false },
	{ "DROP TABLE roll_dst_addr; CREATE VIEW roll_dst_addr AS "
	    "SELECT 1", true },
};

Test(rollscan, altered_shards)
{
	for (size_t i = 0; i < sizeof(altered) / sizeof(altered[0]); i++) {
		char *dir = temp_folder_make();
		struct flow *v = flows_random(8, 50);
		char *path = shard_make(dir, T0, v, 50, true);
		struct sealed_forms *forms = sealed_forms_new();
		struct open_shard s;

		shard_sql(path, altered[i].sql);
		cr_expect_eq(sealed_open(forms, path, &s), altered[i].opened,
		    "%s", altered[i].sql);
		sealed_forms_free(forms);
		free(path);
		free(v);
		temp_folder_remove(dir);
	}
}

Test(rollscan, journal_beside)
{
	struct world *w = world_new(0);
	char journal[4096];
	FILE *f;

	(void)snprintf(journal, sizeof(journal), "%s-journal", w->path);
	f = fopen(journal, "w");
	cr_assert_not_null(f);
	(void)fclose(f);
	cr_expect_not(sealed_open(w->forms, w->path, &w->pages));
	world_free(w);
}

Test(rollscan, stopped_and_swapped)
{
	struct world *w = world_new(0);
	const struct serve_pass pass = { ROLLUP_dst_addr, 0, 1 };
	struct filter *filter = filter_parse("any", NULL);
	atomic_bool stop = true;
	struct group g;
	struct question q = { .filter = filter, .groups = &g, .n_groups = 1,
		.stop = &stop };
	struct err err = { .msg = "" };
	struct feed f;

	cr_assert(sealed_open(w->forms, w->path, &w->pages));
	cr_assert_eq(group_parse_stat("dstip", NULL, &g, NULL), 0);
	cr_assert_eq(feed_init(&f, &q, 64 << 20, NULL), 0);
	f.groups[0].wanted = true;
	feed_begin(&f, NULL, (int)pass.rollup, 0, 1);
	cr_expect_eq(rollscan_run(&f, w->path, &w->pages, &pass, NULL, &err),
	    -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	/* another file under the name: nothing is read of it */
	w->pages.inode++;
	cr_expect_eq(rollscan_run(&f, w->path, &w->pages, &pass, NULL, &err),
	    0);
	feed_clear(&f);
	filter_free(filter);
	world_free(w);
}
