/* The first N by heap, by sorting, and through files: the same as qsort. */
#include "query/rank.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "query/filter.h"
#include "tests/filter_random.h"

#define ROWS_MAX	4096

struct rows {
	struct row	v[ROWS_MAX];
	size_t		n;
};

static void
note(void *arg, const struct row *row, const uint8_t *key, size_t len)
{
	struct rows *rows = arg;

	(void)key;
	(void)len;
	cr_assert_lt(rows->n, ROWS_MAX);
	rows->v[rows->n++] = *row;
}

/* Many ties: few different values. */
static struct tally *
make_sums(const struct group *g, uint64_t seed, size_t n)
{
	struct tally *t = tally_new(64 << 20);

	for (size_t i = 0; i < n; i++) {
		struct datum data[COLUMN_COUNT + 1] = { { .kind =
		    DATUM_NULL } };
		uint8_t addr[2][16] = { { 10 }, { 10 } }, key[TALLY_KEY_MAX];
		struct tally_sum s = { .flows = 1 + random_below(&seed, 3),
			.packets = random_below(&seed, 4),
			.bytes = random_below(&seed, 5) * 1000,
			.first_ms = random_below(&seed, 6) * 100,
			.tcp_flags = (uint8_t)random_below(&seed, 64) };
		size_t len;

		s.last_ms = s.first_ms + random_below(&seed, 3) * 1000;
		for (int k = 0; k < 2; k++) {
			addr[k][3] = (uint8_t)random_below(&seed, 60);
			data[k == 0 ? COL_src_addr : COL_dst_addr] =
			    (struct datum){ .kind = DATUM_ADDR, .addr =
			    addr[k], .len = random_below(&seed, 4) == 0 ?
			    16 : 4 };
		}
		data[COL_src_port] = (struct datum){ .kind = DATUM_NUMBER,
			.number = random_below(&seed, 4) };
		data[COL_dst_port] = (struct datum){ .kind = DATUM_NUMBER,
			.number = random_below(&seed, 4) };
		data[COL_proto] = (struct datum){ .number = 6, .kind =
			random_below(&seed, 4) > 0 ? DATUM_NUMBER :
			DATUM_NULL };
		len = group_key(g, data, 0, key);
		tally_add(tally_at(t, key, len), &s);
	}
	return t;
}

static void
ask(const struct rank_options *o, struct tally *t, struct rows *rows)
{
	struct err err = { .msg = "" };
	struct rank *r = rank_new(o, &err);

	cr_assert_not_null(r, "%s", err.msg);
	rows->n = 0;
	cr_assert_eq(rank_add(r, t, &err), 0, "%s", err.msg);
	cr_assert_eq(rank_each(r, note, rows, &err), 0, "%s", err.msg);
	rank_free(r);
}

/* The same row: key and sums. */
static bool
same(const struct row *a, const struct row *b)
{
	static const enum column columns[] = { COL_first_ms, COL_duration_ms,
		COL_src_port, COL_dst_port, COL_packets, COL_bytes,
		COL_out_packets, COL_out_bytes, COL_tcp_flags, COL_proto };

	if (a->flow.set != b->flow.set || a->flows != b->flows ||
	    (flow_has(&a->flow, COL_src_addr) && (addr_cmp(&a->flow.src_addr,
	    &b->flow.src_addr) != 0 || addr_cmp(&a->flow.dst_addr,
	    &b->flow.dst_addr) != 0)))
		return false;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		size_t at = column_info(columns[i])->offset;
		size_t len = datum_width(columns[i]);

		if (flow_has(&a->flow, columns[i]) &&
		    memcmp((const char *)&a->flow + at,
		    (const char *)&b->flow + at, len) != 0)
			return false;
	}
	return true;
}

/* All three ways, for every limit: each is the beginning of the full one. */
static void
all_ways(struct rank_options o, struct tally *t, struct rows *full,
    struct rows *got)
{
	static const int64_t limits[] = { 1, 2, 3, 10, 63, 64, 65, 500, 4000 };

	o.limit = 0;
	o.in_parts = false;
	ask(&o, t, full);
	o.in_parts = true;
	ask(&o, t, got);
	cr_assert_eq(got->n, full->n);
	for (size_t i = 0; i < full->n; i++)
		cr_assert(same(&got->v[i], &full->v[i]), "row %zu", i);
	for (size_t k = 0; k < 2 * sizeof(limits) / sizeof(limits[0]); k++) {
		size_t n;

		o.limit = limits[k / 2];
		o.in_parts = k % 2 == 1;
		n = (size_t)o.limit < full->n ? (size_t)o.limit : full->n;
		ask(&o, t, got);
		cr_assert_eq(got->n, n);
		for (size_t i = 0; i < n; i++)
			cr_assert(same(&got->v[i], &full->v[i]),
			    "limit %d: row %zu", (int)o.limit, i);
	}
}

/* What a row is ordered by, from what the row shows. */
static int64_t
shown_value(const struct row *r, enum metric m)
{
	struct tally_sum s = { .flows = r->flows, .packets = row_packets(r),
		.bytes = row_bytes(r), .first_ms = r->flow.first_ms,
		.last_ms = row_last_ms(r) };

	if (flow_has(&r->flow, COL_out_packets))
		s.packets += (int64_t)r->flow.out_packets;
	if (flow_has(&r->flow, COL_out_bytes))
		s.bytes += (int64_t)r->flow.out_bytes;
	return order_value(m, &s);
}

static void
every_order(const struct group *g, bool to_server)
{
	struct tally *t = make_sums(g, 5, 3000);
	struct rows *full = calloc(2, sizeof(*full)), *got = full + 1;
	const char *name;

	for (size_t i = 0; (name = order_at(i)) != NULL; i++) {
		for (int up = 0; up < 2; up++) {
			struct order order;
			struct rank_options o = { .group = g, .order = &order,
				.to_server = to_server };

			cr_assert_eq(order_parse(name, strlen(name), false,
			    &order, NULL), 0);
			order.ascending = up != 0;
			all_ways(o, t, full, got);
			for (size_t k = 1; k < full->n; k++) {
				int64_t a = shown_value(&full->v[k - 1],
				    order.metric);
				int64_t b = shown_value(&full->v[k],
				    order.metric);

				cr_assert(up ? a <= b : a >= b, "%s", name);
			}
		}
	}
	tally_free(t);
	free(full);
}

Test(rank, statistic)
{
	struct group g;

	cr_assert_eq(group_parse_stat("dstip", NULL, &g, NULL), 0);
	every_order(&g, false);
}

Test(rank, fields_and_records)
{
	struct group g;

	cr_assert_eq(group_parse_fields("proto,srcip,dstip,dstport", &g,
	    NULL), 0);
	every_order(&g, false);
	group_record(&g);
	every_order(&g, false);
}

Test(rank, both_directions)
{
	struct group g;

	group_record(&g);
	g.bidir = true;
	every_order(&g, false);
	every_order(&g, true);
}

/* A row for each conversation, all sums in it, once. */
static void
conversations(bool to_server)
{
	struct order order;
	struct group g;
	struct rank_options o = { .group = &g, .order = &order,
		.to_server = to_server };
	struct rows *rows = calloc(1, sizeof(*rows));
	struct tally_sum want = { .flows = 0 }, got = want;
	struct tally *t;

	group_record(&g);
	g.bidir = true;
	cr_assert_eq(order_parse("tstart", 6, false, &order, NULL), 0);
	t = make_sums(&g, 11, 3000);
	for (size_t i = 0; i < tally_count(t); i++) {
		struct tally_sum sum;
		size_t len;

		(void)tally_entry(t, i, &len, &sum);
		tally_add(&want, &sum);
	}
	ask(&o, t, rows);
	cr_expect_lt(rows->n, tally_count(t));
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];

		got.flows += r->flows;
		got.packets += (int64_t)(r->flow.packets +
		    r->flow.out_packets);
		got.bytes += (int64_t)(r->flow.bytes + r->flow.out_bytes);
		/* towards the lower port, where there are ports */
		if (to_server && flow_has(&r->flow, COL_proto) &&
		    r->flow.proto == 6)
			cr_assert_geq(r->flow.src_port, r->flow.dst_port);
	}
	cr_expect_eq(got.flows, want.flows);
	cr_expect_eq(got.packets, want.packets);
	cr_expect_eq(got.bytes, want.bytes);
	tally_free(t);
	free(rows);
}

Test(rank, conversations)
{
	conversations(false);
	conversations(true);
}

Test(rank, having)
{
	struct order order;
	struct group g;
	struct filter *f = filter_parse("packets > 20 and flows < 30", NULL);
	struct rank_options o = { .group = &g, .order = &order, .having = f };
	struct rows *full = calloc(2, sizeof(*full)), *got = full + 1;
	struct tally *t;
	size_t n = 0;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	order = g.order[0];
	t = make_sums(&g, 5, 3000);
	for (size_t i = 0; i < tally_count(t); i++) {
		struct tally_sum s;
		size_t len;

		(void)tally_entry(t, i, &len, &s);
		n += s.packets > 20 && s.flows < 30;
	}
	all_ways(o, t, full, got);
	cr_expect_eq(full->n, n);
	cr_expect(n > 0 && n < tally_count(t));
	tally_free(t);
	filter_free(f);
	free(full);
}

/* What was taken away altogether (src + dst - same) is not there. */
Test(rank, nothing_left)
{
	struct tally *t = tally_new(1 << 20);
	struct tally_sum *lie;
	struct rows *rows = calloc(1, sizeof(*rows));
	struct group g;
	struct rank_options o = { .group = &g };

	cr_assert_eq(group_parse_stat("dstport/bytes", NULL, &g, NULL), 0);
	o.order = &g.order[0];
	cr_assert_not_null(tally_at(t, "\1\0\1", 3));
	lie = tally_at(t, "\1\0\2", 3);
	lie->flows = -3;
	lie->bytes = 100;
	ask(&o, t, rows);
	cr_expect_eq(rows->n, 0);
	tally_free(t);
	free(rows);
}

struct falling {
	size_t		n;
	uint64_t	bytes;
	struct addr	addr;
};

static void
expect_falling(void *arg, const struct row *row, const uint8_t *key,
    size_t len)
{
	struct falling *f = arg;

	(void)key;
	(void)len;
	if (f->n++ > 0)
		cr_assert(row->flow.bytes < f->bytes ||
		    (row->flow.bytes == f->bytes &&
		    addr_cmp(&f->addr, &row->flow.dst_addr) < 0));
	f->bytes = row->flow.bytes;
	f->addr = row->flow.dst_addr;
}

/* More than are sorted at once, and not a multiple of it. */
Test(rank, many)
{
	struct tally *t = tally_new(256 << 20);
	struct err err = { .msg = "" };
	struct falling f = { .n = 0 };
	uint64_t seed = 3;
	struct group g;
	struct rank_options o = { .group = &g };
	struct rank *r;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	o.order = &g.order[0];
	for (uint32_t i = 0; i < 350001; i++) {
		uint8_t addr[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i }, key[TALLY_KEY_MAX];
		struct datum data[COLUMN_COUNT + 1] = {
			[COL_dst_addr] = { .kind = DATUM_ADDR, .addr = addr,
			    .len = 4 } };
		size_t len = group_key(&g, data, 0, key);
		struct tally_sum s = { .flows = 1,
			.bytes = random_below(&seed, 100000) };

		tally_add(tally_at(t, key, len), &s);
	}
	r = rank_new(&o, &err);
	cr_assert_eq(rank_add(r, t, &err), 0);
	cr_expect_eq(rank_each(r, expect_falling, &f, &err), 0);
	cr_expect_eq(f.n, 350001);
	rank_free(r);
	tally_free(t);
}

Test(rank, stopped)
{
	atomic_bool stop = true;
	struct group g;
	struct rank_options o = { .group = &g, .stop = &stop };
	struct err err = { .code = ERR_NONE };
	struct rank *r;
	struct tally *t;

	cr_assert_eq(group_parse_stat("dstip/bytes", NULL, &g, NULL), 0);
	o.order = &g.order[0];
	t = make_sums(&g, 5, 300);
	for (int k = 0; k < 4; k++) {
		struct rows *rows = calloc(1, sizeof(*rows));

		o.limit = k & 1 ? 10 : 0;
		o.in_parts = k & 2;
		stop = false;
		r = rank_new(&o, &err);
		cr_assert_eq(rank_add(r, t, &err), 0);
		stop = true;
		cr_expect_eq(rank_each(r, note, rows, &err), -1);
		cr_expect_eq(err.code, ERR_STOPPED);
		cr_expect_eq(rows->n, 0);
		rank_free(r);
		r = rank_new(&o, &(struct err){ .code = ERR_NONE });
		if (r != NULL)
			cr_expect_eq(rank_add(r, t, &err), -1);
		rank_free(r);
		free(rows);
	}
	tally_free(t);
}
