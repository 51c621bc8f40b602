/*
 * Roll-ups of many shards merged: against sums of the rows that were put into
 * them, against scans of flows; and files whose rows are not in order.
 */
#include "query/work.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "query/filter.h"
#include "query/spill.h"
#include "schema/db.h"
#include "tests/filter_random.h"
#include "tests/shards.h"
#include "tests/sums.h"

#define SHARDS	7
#define KEYS	900	/* there are, of each kind */
#define EACH	7000	/* rows of a shard at most */
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define HOUR_MS	INT64_C(3600000)
#define TCP	6
#define UDP	17

/* A row of roll_dst_addr; len 0: no address. */
struct roll {
	uint8_t			len;
	uint8_t			key[16];
	int			proto;
	int			sampling;	/* 0: NULL */
	struct tally_sum	sum;
};

struct world {
	char			*dir;
	struct shard_list	 list;
	struct roll		 rows[SHARDS * EACH];
	size_t			 n;
	uint64_t		 seed;
};

static uint32_t
draw(struct world *w, uint32_t n)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(w->seed >> 33) % n;
}

static int
key_cmp(const void *va, const void *vb)
{
	const struct roll *a = va, *b = vb;

	return a->len != b->len ? a->len - b->len :
	    memcmp(a->key, b->key, 16);
}

/* Small counters, so that many sums are equal. */
static void
make_row(struct world *w, struct roll *r)
{
	uint32_t k = draw(w, KEYS);

	*r = (struct roll){ .proto = draw(w, 2) ? TCP : UDP,
		.sampling = draw(w, 3) ? 0 : 10, .sum = { .flows = 1,
		.packets = 2, .bytes = draw(w, 3) + 1,
		.first_ms = T0 + draw(w, 1000) } };
	r->sum.last_ms = r->sum.first_ms + draw(w, 1000);
	r->len = (uint8_t []){ 4, 4, 16, 0 }[draw(w, 20) == 0 ? 3 :
		draw(w, 3)];
	if (r->len == 16)
		memcpy(r->key, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0", 14);
	if (r->len > 0) {
		r->key[r->len - 2] = (uint8_t)(k >> 8);
		r->key[r->len - 1] = (uint8_t)k;
	}
}

/* Rows as they are given into the shard's roll-up. */
static void
write_rows(const char *path, const struct roll *v, size_t n)
{
	struct err err = { .msg = "" };
	sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE, &err);
	sqlite3_stmt *st;

	cr_assert_not_null(db, "%s", err.msg);
	cr_assert_eq(db_exec(db, "BEGIN; DELETE FROM roll_dst_addr", &err),
	    0, "%s", err.msg);
	st = db_prepare(db, "INSERT INTO roll_dst_addr VALUES "
	    "(?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8)", &err);
	for (size_t i = 0; i < n; i++) {
		const int64_t *s = &v[i].sum.flows;

		if (v[i].len > 0)
			(void)sqlite3_bind_blob(st, 1, v[i].key, v[i].len,
			    SQLITE_STATIC);
		else
			(void)sqlite3_bind_null(st, 1);
		(void)sqlite3_bind_int(st, 2, v[i].proto);
		(void)sqlite3_bind_int(st, 3, v[i].sampling);
		/* flows, packets, bytes, first_ms, last_ms */
		for (int k = 0; k < 5; k++)
			(void)sqlite3_bind_int64(st, 4 + k, s[k]);
		cr_assert_eq(db_step(st, &err), 0, "%s", err.msg);
	}
	sqlite3_finalize(st);
	cr_assert_eq(db_exec(db, "COMMIT", &err), 0);
	sqlite3_close(db);
}

/* One is empty, one has an empty roll-up; pages are of two sizes. */
static struct world *
world_new(size_t shards)
{
	struct world *w = calloc(1, sizeof(*w));
	struct flow *v = flows_random(5, 50);

	w->seed = shards;
	w->dir = temp_folder_make();
	w->list.v = calloc(shards, sizeof(*w->list.v));
	for (size_t i = 0; i < shards; i++) {
		struct shard_ref *s = &w->list.v[w->list.n++];
		struct roll *rows = w->rows + w->n;
		size_t n = i == 2 || i == 3 ? 0 : EACH - 1000 * i;

		s->start_ms = T0 + (int64_t)i * HOUR_MS;
		s->path = shard_make(w->dir, s->start_ms, v, i == 2 ? 0 : 50,
		    true);
		(void)chmod(s->path, 0600);
		for (size_t k = 0; k < n; k++)
			make_row(w, &rows[k]);
		qsort(rows, n, sizeof(*rows), key_cmp);
		write_rows(s->path, rows, n);
		if (i % 3 == 1)
			shard_sql(s->path, "PRAGMA page_size = 16384; VACUUM");
		w->n += n;
	}
	free(v);
	return w;
}

static void
world_free(struct world *w)
{
	shard_list_clear(&w->list);
	temp_folder_remove(w->dir);
	free(w);
}

/* ---- the truth ---- */

static bool
counts(const struct question *q, const struct roll *r)
{
	return q->filter == NULL || filter_columns(q->filter) == 0 ||
	    r->proto == UDP;
}

static void
add_row(const struct question *q, struct tally_sum *to, const struct roll *r)
{
	struct tally_sum s = r->sum;

	if (q->scale && r->sampling > 0) {
		s.packets *= r->sampling;
		s.bytes *= r->sampling;
	}
	tally_add(to, &s);
}

/* All rows that count, by key, those of one added up; how many. */
static size_t
add_up(const struct world *w, const struct question *q, struct roll *out,
    struct tally_sum *total)
{
	struct roll *all = calloc(w->n, sizeof(*all));
	size_t n = 0;

	memcpy(all, w->rows, w->n * sizeof(*all));
	qsort(all, w->n, sizeof(*all), key_cmp);
	*total = (struct tally_sum){ .first_ms = INT64_MAX,
		.last_ms = INT64_MIN };
	for (size_t i = 0; i < w->n; i++) {
		if (!counts(q, &all[i]))
			continue;
		add_row(q, total, &all[i]);
		if (all[i].len == 0)
			continue;
		if (n == 0 || key_cmp(&out[n - 1], &all[i]) != 0) {
			out[n] = all[i];
			out[n++].sum = (struct tally_sum){
				.first_ms = INT64_MAX, .last_ms = INT64_MIN };
		}
		add_row(q, &out[n - 1].sum, &all[i]);
	}
	free(all);
	return n;
}

static size_t
key_of(const struct roll *r, uint8_t *key)
{
	key[0] = r->len == 4 ? 1 : 2;
	memcpy(key + 1, r->key, r->len);
	return 1U + r->len;
}

/* Does a stand before b?  Ties by key. */
static bool
is_before(const struct order *o, const struct roll *a, const struct roll *b)
{
	int64_t x = order_value(o->metric, &a->sum),
	    y = order_value(o->metric, &b->sum);

	return x != y ? (x < y) == o->ascending : key_cmp(a, b) < 0;
}

/* Each that is among the first of an order must be there, with its sums. */
static void
check(const struct question *q, const struct roll *want, size_t n,
    const struct tally *got, const char *what)
{
	const struct group *g = q->groups;
	uint8_t key[TALLY_KEY_MAX];

	for (size_t o = 0; o < g->n_orders; o++) {
		for (size_t i = 0; i < n; i++) {
			struct tally_sum s;
			bool found = tally_find(got, key,
			    key_of(&want[i], key), &s);
			size_t before = 0;

			for (size_t k = 0; k < n && q->most_rows > 0 &&
			    before < (size_t)q->most_rows; k++)
				before += is_before(&g->order[o], &want[k],
				    &want[i]);
			if (q->most_rows == 0 ||
			    before < (size_t)q->most_rows)
				cr_assert(found, "%s, key %zu", what, i);
			if (found)
				cr_assert(same_sum(&want[i].sum, &s),
				    "%s, key %zu", what, i);
		}
	}
}

/* merged: no more than needed is there, so it was no other way. */
static void
ask(const struct world *w, const struct question *q, bool merged,
    const char *what)
{
	struct work_options o = { .named = true };
	struct report report = { .explain = true };
	struct roll *want = calloc(w->n + 1, sizeof(*want));
	struct err err = { .msg = "" };
	struct tally_sum total;
	size_t n = add_up(w, q, want, &total), got;
	struct sums s;

	cr_assert_eq(work_sums(q, &w->list, &o, &s, &report, &err), 0, "%s",
	    err.msg);
	got = tally_count(s.feed.groups[0].tally);
	cr_assert(same_sum(&total, &s.feed.total), "%s", what);
	check(q, want, n, s.feed.groups[0].tally, what);
	if (merged && q->most_rows > 0)
		cr_expect_leq(got, (size_t)q->most_rows * q->workers *
		    q->groups[0].n_orders, "%s: %zu", what, got);
	else
		cr_expect_eq(got, n, "%s: %zu", what, got);
	cr_expect_eq(report.read, (int64_t)w->list.n - (w->list.n > 2), "%s",
	    what);
	cr_expect_eq(report.n, w->list.n, "%s", what);
	report_clear(&report);
	sums_clear(&s);
	free(want);
}

static void
ask_all(const struct world *w, bool merged, const char *what)
{
	static const char *const groups[] = { "dstip/bytes",
		"dstip/flows:a/bytes/packets:a/bps/bpp:a" };
	static const int64_t rows[] = { 0, 1, 7, 600 };

	for (size_t i = 0; i < 4 * 2 * 4; i++) {
		struct filter *f = filter_parse(i & 1 ? "any" : "udp", NULL);
		struct group g;
		struct question q = { .filter = f, .groups = &g,
			.n_groups = 1, .memory = 64 << 20,
			.scale = (i & 2) != 0, .workers = i & 4 ? 3 : 1,
			.most_rows = rows[i / 8] };

		cr_assert_eq(group_parse_stat(groups[i & 1], NULL, &g, NULL),
		    0);
		ask(w, &q, merged, what);
		filter_free(f);
	}
}

Test(rollmerge, as_added_up)
{
	for (size_t n = 1; n <= SHARDS; n += SHARDS - 1) {
		struct world *w = world_new(n);

		ask_all(w, true, "merged");
		world_free(w);
	}
}

/* Rows that stand elsewhere are found, wherever the threads cut. */
Test(rollmerge, not_in_order)
{
	struct world *w = world_new(SHARDS);
	struct filter *f = filter_parse("any", NULL);
	struct roll *changed = malloc(EACH * sizeof(*changed));
	struct group g;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	for (size_t from = 0; from < EACH; from += 877) {
		size_t to = (from + 2600) % EACH;

		if (key_cmp(&w->rows[from], &w->rows[to]) == 0)
			continue;
		memcpy(changed, w->rows, EACH * sizeof(*changed));
		changed[from] = w->rows[to];
		changed[to] = w->rows[from];
		/* a row ahead of its place: all behind it are in order */
		if (from < to && from % 2 == 0)
			memcpy(&changed[from + 1], &w->rows[from],
			    (to - from) * sizeof(*changed));
		write_rows(w->list.v[0].path, changed, EACH);
		for (unsigned n = 1; n <= 4; n++) {
			struct question q = { .filter = f, .groups = &g,
				.n_groups = 1, .memory = 64 << 20,
				.workers = n, .most_rows = 5 };
			char what[60];

			(void)snprintf(what, sizeof(what), "%zu and %zu, %u "
			    "threads", from, to, n);
			ask(w, &q, false, what);
			q.most_rows = 0;
			ask(w, &q, false, what);
		}
	}
	free(changed);
	filter_free(f);
	world_free(w);
}

/* Little memory: sums go to files, or nothing is merged; all the same. */
Test(rollmerge, little_memory)
{
	struct world *w = world_new(SHARDS);
	struct filter *f = filter_parse("any", NULL);
	struct group g;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	for (size_t memory = 150000; memory <= 1200000; memory *= 2) {
		struct question q = { .filter = f, .groups = &g,
			.n_groups = 1, .memory = memory, .workers = 2 };
		struct work_options o = { .named = true };
		struct report report = { .read = 0 };
		struct err err = { .msg = "" };
		struct sums s;

		cr_assert_eq(work_sums(&q, &w->list, &o, &s, &report, &err),
		    0, "%s", err.msg);
		cr_expect_eq(s.feed.total.flows, (int64_t)w->n);
		sums_clear(&s);
		q.most_rows = 3;
		cr_assert_eq(work_sums(&q, &w->list, &o, &s, &report, &err),
		    0, "%s", err.msg);
		cr_expect_eq(s.feed.total.flows, (int64_t)w->n);
		sums_clear(&s);
	}
	filter_free(f);
	world_free(w);
}

Test(rollmerge, stopped)
{
	struct world *w = world_new(SHARDS);
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop = true;
	struct group g;
	struct question q = { .filter = f, .groups = &g, .n_groups = 1,
		.memory = 64 << 20, .workers = 2, .most_rows = 3,
		.stop = &stop };
	struct work_options o = { .named = true };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct sums s;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	cr_expect_eq(work_sums(&q, &w->list, &o, &s, &report, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	sums_clear(&s);
	filter_free(f);
	world_free(w);
}

/* Sides that are added and taken away, numbers: as a scan of the flows. */
Test(rollmerge, as_scanned)
{
	static const char *const groups[] = { "srcip", "ip", "dstport",
		"port", "as", "srcas", "if", "inif" };
	struct world w = { .dir = temp_folder_make() };

	w.list.v = calloc(SHARDS, sizeof(*w.list.v));
	for (size_t i = 0; i < SHARDS; i++) {
		struct flow *v = flows_random(100 + i, 700);

		for (size_t k = 0; k < 700; k++) {
			/* no sum beyond 63 bits: what was taken away shows */
			v[k].packets &= 0xffffffff;
			v[k].bytes &= 0xffffffffff;
			v[k].sampling &= 0xff;
		}
		w.list.v[w.list.n++].path = shard_make(w.dir,
		    T0 + (int64_t)i * HOUR_MS, v, 700, true);
		free(v);
	}
	for (size_t i = 0; i < 4 * sizeof(groups) / sizeof(groups[0]); i++) {
		struct filter *f = filter_parse(i & 1 ? "any" : "not tcp",
		    NULL);
		struct group g;
		struct question q = { .filter = f, .groups = &g,
			.n_groups = 1, .memory = 64 << 20, .workers = 2,
			.scale = (i & 2) != 0 };
		struct work_options o = { .named = true };
		struct report report = { .read = 0 };
		struct sums a, b;
		const struct tally *t;

		cr_assert_eq(group_parse_stat(groups[i / 4], NULL, &g, NULL),
		    0);
		cr_assert_eq(work_sums(&q, &w.list, &o, &a, &report, NULL), 0);
		q.no_rollup = true;
		cr_assert_eq(work_sums(&q, &w.list, &o, &b, &report, NULL), 0);
		cr_expect(same_sum(&a.feed.total, &b.feed.total), "%s",
		    groups[i / 4]);
		t = b.feed.groups[0].tally;
		cr_expect_gt(tally_count(t), 0);
		for (size_t k = 0; k < tally_count(t); k++) {
			struct tally_sum x, y;
			size_t len;
			const uint8_t *key = tally_entry(t, k, &len, &x);

			cr_expect(tally_find(a.feed.groups[0].tally, key, len,
			    &y) && same_sum(&x, &y), "%s, %zu",
			    groups[i / 4], k);
		}
		sums_clear(&a);
		sums_clear(&b);
		filter_free(f);
	}
	shard_list_clear(&w.list);
	temp_folder_remove(w.dir);
}
