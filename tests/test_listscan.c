/*
 * Lists of a sealed shard from its pages and the same by SQLite: equal rows
 * for random filters, with fields of all three tables.
 */
#include "query/listscan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/list.h"
#include "query/sealed.h"
#include "tests/filter_random.h"
#include "tests/row_hash.h"
#include "tests/shards.h"
#include "tests/sums.h"

#define FLOWS	1500
#define FILTERS	250
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

/* What a list told, as one number. */
struct heard {
	uint64_t	hash;
	int64_t		n;
};

static bool
hear(void *arg, const struct row *row)
{
	struct heard *h = arg;

	h->n++;
	h->hash = row_hash(h->hash, row);
	return true;
}

static struct heard
ask(const char *path, const struct question *q, uint64_t columns,
    int64_t limit, struct tally_sum *total)
{
	struct shard_ref ref = { .path = strdup(path), .start_ms = T0 };
	const struct shard_list list = { .v = &ref, .n = 1 };
	struct heard h = { .n = 0 };
	const struct list_options o = { .work = { .named = true },
		.columns = columns, .limit = limit, .visit = hear, .arg = &h };
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };

	cr_assert_eq(list_flows(q, &list, &o, total, &report, &err), 0, "%s",
	    err.msg);
	report_clear(&report);
	free(ref.path);
	return h;
}

Test(listscan, as_sqlite)
{
	const uint64_t all = (UINT64_C(1) << COLUMN_COUNT) - 1;
	const int64_t from = INT64_C(1795413134250) - 3000;
	char *dir = temp_folder_make(), *other = temp_folder_make();
	struct flow *v = flows_random(8, FLOWS);
	char *path = shard_make(dir, T0, v, FLOWS, true);
	char *by_sql = shard_make(other, T0, v, FLOWS, true);
	struct sealed_forms *forms = sealed_forms_new();
	struct open_shard s;
	uint64_t seed = 77;
	int64_t n = 0;

	/* a table of somebody else's is not for pages */
	shard_sql(by_sql, "CREATE TABLE more(a)");
	cr_assert(sealed_open(forms, path, &s));
	cr_assert_not(sealed_open(forms, by_sql, &s));
	for (int i = 0; i < FILTERS; i++) {
		char *text = i == 0 ? strdup("any") : random_filter(&seed);
		struct filter *f = filter_parse(text, NULL);
		const struct question q = { .filter = f, .scale = i & 1,
			.has_window = i % 8 >= 6, .within = i % 16 >= 14,
			.most_flows = i % 7 == 6 ? 40 : 0,
			.from_ms = from, .to_ms = from + 4000 };
		uint64_t columns = i % 3 == 0 ? all : all & seed;
		int64_t limit = i % 5 == 4 ? 3 : 0;
		struct tally_sum a, b;
		struct heard x = ask(path, &q, columns, limit, &a);
		struct heard y = ask(by_sql, &q, columns, limit, &b);

		cr_expect_eq(x.n, y.n, "%s: %lld, by SQL %lld", text,
		    (long long)x.n, (long long)y.n);
		cr_expect_eq(x.hash, y.hash, "%s", text);
		cr_expect(same_sum(&a, &b), "%s", text);
		n += x.n;
		filter_free(f);
		free(text);
	}
	cr_expect_gt(n, FLOWS + FILTERS, "they leave something");
	sealed_forms_free(forms);
	free(path);
	free(by_sql);
	free(v);
	temp_folder_remove(dir);
	temp_folder_remove(other);
}

Test(listscan, stopped)
{
	char *dir = temp_folder_make();
	struct flow *v = flows_random(8, 50);
	char *path = shard_make(dir, T0, v, 50, true);
	struct sealed_forms *forms = sealed_forms_new();
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop = true;
	const struct question q = { .filter = f, .stop = &stop };
	struct err err = { .msg = "" };
	struct open_shard s;
	struct listscan *l;
	struct listreader *r;
	struct listread read;
	struct side *side;
	struct row row;

	cr_assert(sealed_open(forms, path, &s));
	side = side_load_pages(path, &s, 0);
	l = listscan_open(&q, 0, path, &s, side);
	cr_assert_not_null(l);
	r = listreader_new(l, &err);
	cr_assert_not_null(r, "%s", err.msg);
	listreader_begin(r, 0, listscan_leaves(l));
	cr_expect_eq(listreader_read(r, &row, 1, &read, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_expect_eq(read.n, 0);
	listreader_free(r);
	listscan_close(l);
	side_free(side);
	filter_free(f);
	sealed_forms_free(forms);
	free(path);
	free(v);
	temp_folder_remove(dir);
}
