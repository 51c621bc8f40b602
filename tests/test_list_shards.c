/*
 * Lists by several threads: the flows in the order of storage, and the same
 * as one thread tells, however many read and however little room they have.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/filter.h"
#include "query/list.h"
#include "query/sealed.h"
#include "tests/filter_random.h"
#include "tests/row_hash.h"
#include "tests/shards.h"

#define SHARDS		4
#define ALL		(4000 + 300 + 4000 + 700)
#define T0		INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define COLUMNS		((UINT64_C(1) << COLUMN_COUNT) - 1)
#define TIMEOUT		120	/* s: who waits for ever is found */

/* Many pages, few, many; the last one is live. */
static const size_t sizes[SHARDS] = { 4000, 300, 4000, 700 };

struct world {
	char			*dir;
	struct flow		*v;	/* of all shards */
	struct shard_list	 list;
};

static struct world *
world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	w->dir = temp_folder_make();
	w->v = flows_random(11, ALL);
	shards_make(w->dir, T0, w->v, sizes, SHARDS, &w->list);
	return w;
}

static void
world_free(struct world *w)
{
	free(w->v);
	shard_list_clear(&w->list);
	temp_folder_remove(w->dir);
	free(w);
}

/* No page any more: leaf i of table flow. */
static void
damage_leaf(const char *path, size_t i)
{
	struct sealed_forms *forms = sealed_forms_new();
	struct open_shard s;
	struct btree *t;
	uint8_t byte = 0xff;
	int fd;

	cr_assert(sealed_open(forms, path, &s));
	t = sealed_table(path, &s, s.flow_root);
	cr_assert_not_null(t);
	cr_assert_lt(i + 4, btree_leaves(t), "there are some behind it");
	cr_assert_eq(chmod(path, 0600), 0);
	fd = open(path, O_WRONLY);
	cr_assert_eq(pwrite(fd, &byte, 1, (off_t)btree_page_size(t) *
	    (off_t)(btree_leaf_page(t, i) - 1)), 1);
	(void)close(fd);
	btree_close(t);
	sealed_forms_free(forms);
}

/* What was told. */
struct told {
	uint64_t	 hash;
	int64_t		 n;
	int64_t		 most;		/* then it is enough; 0: never */
	atomic_bool	*stop;		/* to be set then; or NULL */
	const struct flow *want;	/* all of them; or NULL */
	struct tally_sum total;
	struct report	 report;
	int		 rc;
	struct err	 err;
};

static bool
hear(void *arg, const struct row *row)
{
	const struct flow *f = &row->flow;
	struct told *t = arg;

	if (t->want != NULL) {
		cr_assert_lt(t->n, ALL);
		cr_assert_eq(f->set, t->want[t->n].set, "row %lld",
		    (long long)t->n);
		cr_assert(!flow_has(f, COL_bytes) ||
		    f->bytes == t->want[t->n].bytes, "row %lld",
		    (long long)t->n);
	}
	t->hash = row_hash(t->hash, row);
	if (++t->n != t->most)
		return true;
	if (t->stop != NULL)
		*t->stop = true;
	return t->stop != NULL;
}

static void
ask(const struct world *w, const struct question *q, unsigned workers,
    size_t memory, struct list_options *o, struct told *t)
{
	struct question with = *q;

	with.workers = workers;
	with.memory = memory;
	o->columns = COLUMNS;
	o->visit = hear;
	o->arg = t;
	t->rc = list_flows(&with, &w->list, o, &t->total, &t->report,
	    &t->err);
	report_clear(&t->report);
}

static void
same(const struct told *a, const struct told *b, const char *what,
    unsigned workers)
{
	cr_expect_eq(a->n, b->n, "%s, %u: %lld rows, by one %lld", what,
	    workers, (long long)b->n, (long long)a->n);
	cr_expect_eq(a->hash, b->hash, "%s, %u", what, workers);
	cr_expect_eq(memcmp(&a->total, &b->total, sizeof(a->total)), 0,
	    "%s, %u", what, workers);
	cr_expect_eq(a->rc, b->rc, "%s, %u: %s", what, workers, b->err.msg);
	cr_expect_str_eq(a->err.msg, b->err.msg);
	cr_expect(a->report.read == b->report.read &&
	    a->report.skipped == b->report.skipped &&
	    a->report.bad == b->report.bad &&
	    a->report.processed == b->report.processed, "%s, %u", what,
	    workers);
}

/* Room for one row, for a few, for all of a part. */
static const size_t rooms[] = { 1, 60000, 64 << 20 };
static const unsigned crowds[] = { 2, 3, 16 };

/* Asks by one thread, then by several: t is what one told. */
static void
ask_all(const struct world *w, const struct question *q,
    struct list_options *o, struct told *t, const char *what)
{
	const struct told start = *t;

	ask(w, q, 1, 64 << 20, o, t);
	for (size_t i = 0; i < 9; i++) {
		struct told more = start;

		ask(w, q, crowds[i / 3], rooms[i % 3], o, &more);
		same(t, &more, what, crowds[i / 3]);
	}
}

Test(list_shards, in_order, .timeout = TIMEOUT)
{
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	const struct question q = { .filter = f };
	struct list_options o = { .limit = 0 };
	struct told t = { .want = w->v };

	ask_all(w, &q, &o, &t, "any");
	cr_expect_eq(t.rc, 0, "%s", t.err.msg);
	cr_expect_eq(t.n, ALL);
	cr_expect_eq(t.report.read, SHARDS);
	filter_free(f);
	world_free(w);
}

Test(list_shards, filters_and_limits, .timeout = TIMEOUT)
{
	static const int64_t limits[] = { 0, 1, 50, 4100, 8500 };
	struct world *w = world_new();
	uint64_t seed = 5;
	int64_t n = 0;

	for (size_t i = 0; i < 12; i++) {
		char *text = i < 6 ? strdup("any") : random_filter(&seed);
		struct filter *f = filter_parse(text, NULL);
		const struct question q = { .filter = f, .scale = i & 1,
			.most_flows = i % 7 == 6 ? 4500 : 0 };
		struct list_options o = { .limit = limits[i % 5] };
		struct told t = { .most = i % 4 == 3 ? 30 : 0 };

		ask_all(w, &q, &o, &t, text);
		n += t.n;
		filter_free(f);
		free(text);
	}
	cr_expect_gt(n, ALL, "they leave something");
	world_free(w);
}

Test(list_shards, damaged, .timeout = TIMEOUT)
{
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	const struct question q = { .filter = f };
	struct list_options o = { .limit = 0 };
	struct told t = { .n = 0 }, left = { .n = 0 };

	damage_leaf(w->list.v[0].path, 3);
	damage_leaf(w->list.v[2].path, 4);
	ask_all(w, &q, &o, &t, "damaged");
	cr_expect_eq(t.rc, -1);
	cr_expect_not_null(strstr(t.err.msg, w->list.v[0].path), "%s",
	    t.err.msg);
	cr_expect(t.n > 0 && t.n < (int64_t)sizes[0], "%lld",
	    (long long)t.n);
	/* on with the next shard, not with the next page */
	o.work.skip_bad = true;
	ask_all(w, &q, &o, &left, "damaged, left out");
	cr_expect_eq(left.rc, 0, "%s", left.err.msg);
	cr_expect_eq(left.report.bad, 2);
	cr_expect(left.n > t.n + 1000 && left.n < ALL - 4000, "%lld",
	    (long long)left.n);
	filter_free(f);
	world_free(w);
}

Test(list_shards, stopped, .timeout = TIMEOUT)
{
	struct world *w = world_new();
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop;
	const struct question q = { .filter = f, .stop = &stop };
	struct list_options o = { .limit = 0 };

	for (size_t i = 0; i < 9; i++) {
		struct told t = { .most = 700, .stop = &stop };

		stop = false;
		ask(w, &q, crowds[i / 3], rooms[i % 3], &o, &t);
		cr_expect_eq(t.rc, -1);
		cr_expect_eq(t.err.code, ERR_STOPPED);
		/* those that are in order, and of them not many more */
		cr_expect(t.n >= 700 && t.n < 2000, "%lld", (long long)t.n);
	}
	filter_free(f);
	world_free(w);
}
