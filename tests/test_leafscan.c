/*
 * Sealed flows from their pages and the same by SQLite: equal sums for random
 * filters, over trees of several levels, in pieces.
 */
#include "query/leafscan.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "query/filter.h"
#include "query/sieve.h"
#include "query/sql.h"
#include "schema/db.h"
#include "tests/filter_random.h"
#include "tests/shards.h"
#include "tests/sums.h"

#define FLOWS	1500
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

static const char *const stats[] = { "srcip", "if/bytes", "router",
	"dstport:p", "record" };

#define N_STATS	(sizeof(stats) / sizeof(stats[0]))

static void
feed_of(struct feed *f, const struct question *q)
{
	cr_assert_eq(feed_init(f, q, 64 << 20, NULL), 0);
	for (size_t i = 0; i < q->n_groups; i++)
		f->groups[i].wanted = true;
	f->count_total = true;
}

static void
by_sqlite(struct feed *f, struct open_shard *s, const struct side *side)
{
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = f->q->scale, .has_window = f->q->has_window,
		.within = f->q->within, .from_ms = f->q->from_ms,
		.to_ms = f->q->to_ms };
	struct err err = { .msg = "" };
	sqlite3_stmt *st;
	struct sql sql;

	cr_assert_eq(feed_register(s->db, f, &err), 0);
	feed_begin(f, side, -1, 0, 1);
	cr_assert_eq(sql_scan(&sql, FEED_FUNCTION, f->values, f->n_values,
	    f->q->filter, &shape, &err), 0, "%s", err.msg);
	st = db_prepare(s->db, sql.text, &err);
	cr_assert(st != NULL && sql_bind_all(st, &sql, &err) == 0, "%s",
	    err.msg);
	cr_assert_neq(db_step(st, &err), -1, "%s", err.msg);
	sqlite3_finalize(st);
	sql_clear(&sql);
	cr_assert_eq(feed_flush(f, &err), 0);
}

/* In three pieces, the last one first. */
static void
by_pages(struct feed *f, const struct open_shard *s, const char *path,
    const struct side *side)
{
	struct leafscan *l = leafscan_open(f, path, s, side);
	struct err err = { .msg = "" };
	int64_t rows;
	size_t n;

	cr_assert_not_null(l);
	n = leafscan_leaves(l);
	feed_begin(f, side, -1, 0, 1);
	for (size_t k = 3; k-- > 0;)
		cr_assert_eq(leafscan_run(l, f, n * k / 3, n * (k + 1) / 3,
		    &rows, &err), 0, "%s", err.msg);
	cr_assert_eq(feed_flush(f, &err), 0);
	leafscan_close(l);
}

static void
same(const struct feed *a, const struct feed *b, const char *text)
{
	cr_assert(same_sum(&a->total, &b->total), "%s", text);
	for (size_t g = 0; g < a->q->n_groups; g++) {
		const struct tally *ta = a->groups[g].tally;

		cr_assert_eq(tally_count(ta),
		    tally_count(b->groups[g].tally), "%s", text);
		for (size_t i = 0; i < tally_count(ta); i++) {
			struct tally_sum x, y;
			size_t len;
			const uint8_t *key = tally_entry(ta, i, &len, &x);

			cr_assert(tally_find(b->groups[g].tally, key, len,
			    &y) && same_sum(&x, &y), "%s: %s", text,
			    stats[g]);
		}
	}
}

/* False: the filter is not for pages. */
static bool
compare(struct open_shard *s, const char *path, const char *text,
    struct question *q)
{
	struct filter *f = filter_parse(text, NULL);
	struct side *side;
	struct feed a, b;

	cr_assert_not_null(f);
	q->filter = f;
	if (!sieve_can(q) || filter_counts(f)) {
		filter_free(f);
		return false;
	}
	feed_of(&a, q);
	feed_of(&b, q);
	side = side_load(s->db, "main", leafscan_path_columns(&a), NULL);
	cr_assert_not_null(side);
	by_sqlite(&a, s, side);
	by_pages(&b, s, path, side);
	same(&a, &b, text);
	side_free(side);
	feed_clear(&a);
	feed_clear(&b);
	filter_free(f);
	return true;
}

/* page: bytes, small ones make a deep tree; 0: as it was sealed. */
static void
random_filters(int page, int n)
{
	char *dir = temp_folder_make(), sql[60];
	struct flow *v = flows_random(8, FLOWS);
	char *path = shard_make(dir, T0, v, FLOWS, true);
	struct group groups[N_STATS];
	struct open_shard s;
	struct err err = { .msg = "" };
	uint64_t seed = 5;
	int done = 0;

	for (size_t i = 0; i < N_STATS; i++)
		cr_assert_eq(group_parse_stat(stats[i], NULL, &groups[i],
		    NULL), 0);
	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size = %d; VACUUM",
	    page);
	if (page > 0)
		shard_sql(path, sql);
	cr_assert_eq(shard_open(path, NULL, &s, &err), 0, "%s", err.msg);
	for (int i = 0; i < n; i++) {
		const int64_t from = INT64_C(1795413134250) - 3000;
		struct question q = { .groups = groups, .scale = i & 1,
			.n_groups = N_STATS, .has_window = i % 8 >= 6,
			.within = i % 16 >= 14, .from_ms = from,
			.to_ms = from + 4000 };
		char *text = random_filter(&seed);

		done += compare(&s, path, text, &q);
		free(text);
	}
	cr_expect_gt(done, n / 10);
	shard_close(&s);
	free(path);
	free(v);
	temp_folder_remove(dir);
}

Test(leafscan, random_filters)
{
	random_filters(0, 300);
}

Test(leafscan, deep_trees)
{
	random_filters(512, 100);
	random_filters(65536, 60);
}

/* What pages are not for is left to SQLite. */
static const struct { const char *why, *stat, *filter, *sql; int64_t most; }
others[] = {
	{ "nothing", "srcip", "any", NULL, 0 },		/* it is for them */
	{ "table extra in the key", "mac", "any", NULL, 0 },
	{ "table extra in the filter", "srcip", "out bytes > 5", NULL, 0 },
	{ "-c", "srcip", "any", NULL, 5 },
	{ "a running number", "srcip", "count < 5", NULL, 0 },
	{ "not sealed", "srcip", "any", "UPDATE meta SET value = 0 WHERE "
	    "key = 'sealed'", 0 },
	{ "a log beside it", "srcip", "any", "PRAGMA journal_mode = WAL", 0 },
};

Test(leafscan, left_to_sqlite)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *dir = temp_folder_make();
		struct flow *v = flows_random(8, 50);
		char *path = shard_make(dir, T0, v, 50, true);
		struct filter *f = filter_parse(others[i].filter, NULL);
		struct group g;
		struct question q = { .filter = f, .groups = &g,
			.n_groups = 1, .most_flows = others[i].most };
		struct open_shard s;
		struct side *side;
		struct leafscan *l;
		struct feed feed;

		if (others[i].sql != NULL)
			shard_sql(path, others[i].sql);
		cr_assert_eq(group_parse_stat(others[i].stat, NULL, &g,
		    NULL), 0);
		cr_assert_eq(shard_open(path, NULL, &s, NULL), 0);
		feed_of(&feed, &q);
		side = side_load(s.db, "main", leafscan_path_columns(&feed),
		    NULL);
		l = leafscan_open(&feed, path, &s, side);
		cr_expect_eq(l != NULL, i == 0, "%s", others[i].why);
		leafscan_close(l);
		side_free(side);
		feed_clear(&feed);
		shard_close(&s);
		filter_free(f);
		free(path);
		free(v);
		temp_folder_remove(dir);
	}
}

Test(leafscan, stopped)
{
	int64_t rows;
	char *dir = temp_folder_make();
	struct flow *v = flows_random(8, 50);
	char *path = shard_make(dir, T0, v, 50, true);
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop = true;
	struct group g;
	struct question q = { .filter = f, .groups = &g, .n_groups = 1,
		.stop = &stop };
	struct err err = { .msg = "" };
	struct open_shard s;
	struct side *side;
	struct leafscan *l;
	struct feed feed;

	cr_assert_eq(group_parse_stat("srcip", NULL, &g, NULL), 0);
	cr_assert_eq(shard_open(path, NULL, &s, NULL), 0);
	feed_of(&feed, &q);
	side = side_load(s.db, "main", 0, NULL);
	l = leafscan_open(&feed, path, &s, side);
	cr_assert_not_null(l);
	feed_begin(&feed, side, -1, 0, 1);
	cr_expect_eq(leafscan_run(l, &feed, 0, leafscan_leaves(l), &rows,
	    &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	leafscan_close(l);
	side_free(side);
	feed_clear(&feed);
	shard_close(&s);
	filter_free(f);
	free(path);
	free(v);
	temp_folder_remove(dir);
}
