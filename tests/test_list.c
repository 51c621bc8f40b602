/* Lists of flows: order, limits, several shards, rows as they were stored. */
#include "query/list.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "query/match.h"
#include "tests/filter_random.h"
#include "tests/shards.h"

#define SHARDS	3
#define EACH	400
#define ALL	(SHARDS * EACH)
#define T0	INT64_C(1795413600000)	/* 2026-11-23 06:00 UTC */
#define COLUMNS	((UINT64_C(1) << COLUMN_COUNT) - 1)

static const size_t sizes[SHARDS] = { EACH, EACH, EACH };

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
	w->v = flows_random(5, ALL);
	/* a collector always knows when */
	for (size_t i = 0; i < ALL; i++) {
		if (!flow_has(&w->v[i], COL_first_ms))
			w->v[i].first_ms = T0;
		w->v[i].set |= flow_bit(COL_first_ms);
		/* beyond 63 bits SQL has reals, which differ where we tie */
		w->v[i].bytes &= 0xffffffffff;
		w->v[i].packets &= 0xffffffff;
		w->v[i].sampling &= 0xff;
	}
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

struct rows {
	struct row	v[ALL];
	size_t		n;
	size_t		most;		/* visit says enough then; 0: never */
};

static bool
note(void *arg, const struct row *row)
{
	struct rows *rows = arg;

	cr_assert_lt(rows->n, ALL);
	rows->v[rows->n++] = *row;
	return rows->n != rows->most;
}

static struct tally_sum
ask(const struct world *w, const struct question *q, struct list_options *o,
    struct rows *rows)
{
	struct report report = { .read = 0 };
	struct err err = { .msg = "" };
	struct tally_sum total;

	rows->n = 0;
	o->visit = note;
	o->arg = rows;
	o->columns = COLUMNS;
	cr_assert_eq(list_flows(q, &w->list, o, &total, &report, &err), 0,
	    "%s", err.msg);
	cr_expect_eq((size_t)total.flows, rows->n);
	return total;
}

static uint64_t
times(uint64_t v, uint32_t rate)
{
	return rate <= 1 ? v : v > INT64_MAX / rate ? INT64_MAX : v * rate;
}

/* The flow as a row shows it. */
static struct flow
shown(const struct flow *f, bool scale)
{
	struct flow s = *f;
	uint32_t rate = scale && flow_has(f, COL_sampling) ? f->sampling : 1;

	s.packets = times(s.packets, rate);
	s.bytes = times(s.bytes, rate);
	s.out_packets = times(s.out_packets, rate);
	s.out_bytes = times(s.out_bytes, rate);
	return s;
}

static void
same(const struct flow *got, const struct flow *want, size_t i)
{
	cr_assert_eq(got->set, want->set, "row %zu", i);
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *info = column_info(c);
		const char *a = (const char *)got + info->offset;
		const char *b = (const char *)want + info->offset;

		if (!flow_has(want, c))
			continue;
		if (info->type == CT_ADDR)
			cr_assert_eq(addr_cmp((const struct addr *)
			    (const void *)a, (const struct addr *)
			    (const void *)b), 0);
		else if (info->type == CT_TIME || info->type == CT_SPAN)
			cr_assert_eq(memcmp(a, b, 8), 0);
		else
			cr_assert_eq(flow_number(got, c), flow_number(want,
			    c), "row %zu: %s", i, info->name);
	}
}

Test(list, as_stored)
{
	struct world *w = world_new();
	struct rows *rows = calloc(1, sizeof(*rows));
	struct filter *f = filter_parse("any", NULL);
	struct question q = { .filter = f };
	struct list_options o = { .limit = 0 };

	for (int scale = 0; scale < 2; scale++) {
		q.scale = scale != 0;
		(void)ask(w, &q, &o, rows);
		cr_assert_eq(rows->n, ALL);
		for (size_t i = 0; i < ALL; i++) {
			struct flow want = shown(&w->v[i], q.scale);
			const struct match_exporter *e = flow_has(&want,
			    COL_exporter) ? random_exporter(NULL,
			    want.exporter) : NULL;

			same(&rows->v[i].flow, &want, i);
			cr_assert_eq(rows->v[i].exporter.address.len,
			    e == NULL ? 0 : e->address.len);
			cr_assert_eq(rows->v[i].flows, 1);
		}
	}
	filter_free(f);
	free(rows);
	world_free(w);
}

/* What a flow is ordered by. */
static int64_t
value_of(const struct flow *f, const struct order *o)
{
	struct row row = { .flow = *f };
	struct tally_sum s = { .flows = 1, .packets = row_packets(&row),
		.bytes = row_bytes(&row), .last_ms = row_last_ms(&row) };

	if (flow_has(f, COL_first_ms))
		s.first_ms = f->first_ms;
	if (o->out) {
		s.packets = flow_has(f, COL_out_packets) ?
		    (int64_t)f->out_packets : 0;
		s.bytes = flow_has(f, COL_out_bytes) ?
		    (int64_t)f->out_bytes : 0;
	}
	return order_value(o->metric, &s);
}

struct sorted {
	int64_t	value;
	size_t	at;
	bool	up;
};

static int
sorted_cmp(const void *va, const void *vb)
{
	const struct sorted *a = va, *b = vb;

	if (a->value != b->value)
		return (a->value < b->value) == a->up ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* Ordered by value, then as stored; -c cuts before, -n after. */
static void
in_order(const struct world *w, const char *name, int64_t limit, int64_t most,
    bool up)
{
	static struct sorted want[ALL];
	struct rows *rows = calloc(1, sizeof(*rows));
	struct filter *f = filter_parse("not port 53", NULL);
	const struct match_env env = { .scale = true,
		.exporter = random_exporter };
	struct question q = { .filter = f, .scale = true,
		.most_flows = most };
	struct order order;
	struct list_options o = { .limit = limit, .order = &order };
	size_t n = 0, end;

	cr_assert_eq(order_parse(name, strlen(name), false, &order, NULL), 0);
	order.ascending = up;
	for (size_t i = 0; i < ALL; i++) {
		struct flow s = shown(&w->v[i], true);

		if (!filter_match(f, &w->v[i], &env) ||
		    (most > 0 && n >= (size_t)most))
			continue;
		want[n++] = (struct sorted){ value_of(&s, &order), i, up };
	}
	qsort(want, n, sizeof(want[0]), sorted_cmp);
	end = limit > 0 && (size_t)limit < n ? (size_t)limit : n;
	(void)ask(w, &q, &o, rows);
	cr_assert_eq(rows->n, end, "%s: %zu rows, want %zu", name, rows->n,
	    end);
	for (size_t i = 0; i < end; i++) {
		struct flow s = shown(&w->v[want[i].at], true);

		same(&rows->v[i].flow, &s, i);
	}
	filter_free(f);
	free(rows);
}

Test(list, every_order)
{
	static const int64_t limits[] = { 0, 1, 10, 450, 5000 };
	static const int64_t counts[] = { 0, 0, 500, 0, 7 };
	struct world *w = world_new();
	const char *name;

	for (size_t i = 0; (name = order_at(i)) != NULL; i++) {
		for (size_t k = 0; k < 5; k++)
			in_order(w, name, limits[k], counts[k], k % 2 == 0);
	}
	world_free(w);
}

Test(list, limits_without_order)
{
	static const int64_t counts[] = { 1, EACH - 1, EACH, EACH + 1, ALL,
		ALL + 5 };
	struct world *w = world_new();
	struct rows *rows = calloc(1, sizeof(*rows));
	struct filter *f = filter_parse("any", NULL);

	for (size_t i = 0; i < 6; i++) {
		size_t want = counts[i] < ALL ? (size_t)counts[i] : ALL;
		struct question q = { .filter = f };
		struct list_options o = { .limit = counts[i] };

		(void)ask(w, &q, &o, rows);
		cr_expect_eq(rows->n, want);
		o.limit = 0;
		q.most_flows = counts[i];
		(void)ask(w, &q, &o, rows);
		cr_expect_eq(rows->n, want);
		o.limit = 2;
		(void)ask(w, &q, &o, rows);
		cr_expect_eq(rows->n, want < 2 ? want : 2);
		q.most_flows = o.limit = 0;
		rows->most = want;
		(void)ask(w, &q, &o, rows);
		cr_expect_eq(rows->n, want);
		rows->most = 0;
	}
	filter_free(f);
	free(rows);
	world_free(w);
}

/* The running number goes on from shard to shard. */
Test(list, running_number)
{
	struct world *w = world_new();
	struct rows *rows = calloc(1, sizeof(*rows));
	struct filter *f = filter_parse("count > 399 and count < 403", NULL);
	struct question q = { .filter = f };
	struct list_options o = { .limit = 0 };

	(void)ask(w, &q, &o, rows);
	cr_assert_eq(rows->n, 3);
	for (size_t i = 0; i < 3; i++)
		same(&rows->v[i].flow, &w->v[399 + i], i);
	filter_free(f);
	free(rows);
	world_free(w);
}

Test(list, stopped_and_bad)
{
	struct world *w = world_new();
	struct rows *rows = calloc(1, sizeof(*rows));
	struct filter *f = filter_parse("any", NULL);
	atomic_bool stop = true;
	struct question q = { .filter = f, .stop = &stop };
	struct list_options o = { .visit = note, .arg = rows };
	struct report report = { .read = 0 };
	struct tally_sum total;
	struct err err = { .msg = "" };

	cr_expect_eq(list_flows(&q, &w->list, &o, &total, &report, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_expect_eq(rows->n, 0);
	stop = false;
	shard_sql(w->list.v[1].path, "DROP TABLE extra");
	cr_expect_eq(list_flows(&q, &w->list, &o, &total, &report, &err), -1);
	cr_expect_not_null(strstr(err.msg, w->list.v[1].path), "%s", err.msg);
	rows->n = 0;
	o.work.skip_bad = true;
	cr_expect_eq(list_flows(&q, &w->list, &o, &total, &report, &err), 0);
	cr_expect_eq(rows->n, ALL - EACH);
	filter_free(f);
	free(rows);
	world_free(w);
}
