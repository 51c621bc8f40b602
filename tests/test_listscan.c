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
#include "tests/shards.h"

#define FLOWS	1500
#define FILTERS	250
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */

/* What a list told, as one number. */
struct heard {
	uint64_t	hash;
	int64_t		n;
};

static void
add(struct heard *h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		h->hash = (h->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static bool
hear(void *arg, const struct row *row)
{
	const struct row_exporter *e = &row->exporter;
	struct heard *h = arg;

	h->n++;
	add(h, &row->flow.set, sizeof(row->flow.set));
	add(h, &row->flows, sizeof(row->flows));
	add(h, e->address.bytes, e->address.len);
	add(h, &e->version, e->address.len == 0 ? 0 : 1);
	add(h, &e->domain, e->address.len == 0 ? 0 : sizeof(e->domain));
	if (e->name != NULL)
		add(h, e->name, strlen(e->name));
	for (int c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);
		const struct addr *a = (const void *)((const char *)
		    &row->flow + ci->offset);
		uint64_t number;

		if (!flow_has(&row->flow, (enum column)c))
			continue;
		if (ci->type == CT_ADDR) {
			add(h, a->bytes, a->len);
			continue;
		}
		number = (uint64_t)flow_number(&row->flow, (enum column)c);
		add(h, &number, sizeof(number));
	}
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
			.from_ms = from, .to_ms = from + 4000 };
		uint64_t columns = i % 3 == 0 ? all : all & seed;
		int64_t limit = i % 5 == 4 ? 3 : 0;
		struct tally_sum a, b;
		struct heard x = ask(path, &q, columns, limit, &a);
		struct heard y = ask(by_sql, &q, columns, limit, &b);

		cr_expect_eq(x.n, y.n, "%s: %lld, by SQL %lld", text,
		    (long long)x.n, (long long)y.n);
		cr_expect_eq(x.hash, y.hash, "%s", text);
		cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0, "%s", text);
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

static bool
hear_next(void *arg, struct row *row)
{
	return hear(arg, row);
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
	struct heard h = { .n = 0 };
	struct err err = { .msg = "" };
	struct open_shard s;
	struct listscan *l;
	struct side *side;
	int64_t rows;

	cr_assert(sealed_open(forms, path, &s));
	side = side_load_pages(path, &s, 0);
	l = listscan_open(&q, 0, path, &s, side);
	cr_assert_not_null(l);
	cr_expect_eq(listscan_run(l, hear_next, &h, &rows, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_expect_eq(h.n, 0);
	listscan_close(l);
	side_free(side);
	filter_free(f);
	sealed_forms_free(forms);
	free(path);
	free(v);
	temp_folder_remove(dir);
}
