/*
 * Questions as SQL of ClickHouse, without a server: that nothing of the user's
 * text is SQL, and the meanings that the two engines would differ in.
 * scripts/test-backend.sh compares the answers.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ch_backend.h"
#include "query/ch_client.h"
#include "query/ch_sql.h"

static const struct ch_shape plain = { .database = "db",
	.from_ms = INT64_MIN, .to_ms = INT64_MAX };

/* What stands behind WHERE. */
static char *
where(const char *text, const struct ch_shape *shape)
{
	struct err err;
	struct filter *f = filter_parse(text, &err);
	char *sql, *copy;

	cr_assert_not_null(f, "%s: %s", text, err.msg);
	sql = ch_sql_count(f, shape, &err);
	cr_assert_not_null(sql, "%s", err.msg);
	copy = strdup(strstr(sql, "WHERE 1") + strlen("WHERE 1"));
	free(sql);
	filter_free(f);
	return copy;
}

static void
is_where(const char *text, const struct ch_shape *shape, const char *want)
{
	char *got = where(text, shape);

	cr_expect_str_eq(got, want, "%s:\n%s\nnot\n%s", text, got, want);
	free(got);
}

/* NULL is false in a test, so its negation is true. */
Test(ch_sql, two_valued)
{
	is_where("any", &plain, "");
	is_where("dst port 53", &plain,
	    " AND ((ifNull(((dst_port IN (53))), 0)))");
	is_where("not dst port 53", &plain,
	    " AND NOT ((ifNull(((dst_port IN (53))), 0)))");
	is_where("dst port != 53", &plain, " AND (((isNotNull(dst_port) AND "
	    "NOT ifNull(((dst_port IN (53))), 0))))");
	is_where("packets > 10", &plain, " AND ((ifNull(packets > 10, 0)))");
}

/* An IPv4 net is no IPv6 net that looks the same, nor the other way. */
Test(ch_sql, families)
{
	char *sql = where("src ip 10.0.0.1", &plain);

	cr_expect_not_null(strstr(sql, "\\xff\\xff\\x0a\\x00\\x00\\x01')) AND "
	    "bitAnd(mapped, 1) = 0"), "%s", sql);
	free(sql);
	sql = where("dst net 2001:db8::/32", &plain);
	cr_expect_null(strstr(sql, "mapped"), "%s", sql);
	free(sql);
	sql = where("dst net ::/0", &plain);
	cr_expect_not_null(strstr(sql, "AND NOT (dst_addr >="), "%s", sql);
	cr_expect_not_null(strstr(sql, "bitAnd(mapped, 2) = 0"), "%s", sql);
	free(sql);
}

Test(ch_sql, text_is_bytes)
{
	char *sql = where("exporter name \"o'\\\\x; DROP\"", &plain);

	cr_expect_null(strstr(sql, "DROP"), "%s", sql);
	cr_expect_null(strstr(sql, "o'"), "%s", sql);
	cr_expect_not_null(strstr(sql, "= '\\x6f\\x27"), "%s", sql);
	free(sql);
}

/* Tested by the millisecond, read by the second. */
Test(ch_sql, windows)
{
	struct ch_shape shape = plain;

	shape.has_window = shape.has_shards = true;
	shape.from_ms = 1500;
	shape.to_ms = 2999;
	shape.shard_to = 3600;
	is_where("any", &shape, " AND shard >= 0 AND shard <= 3600"
	    " AND ifNull(first_ms + ifNull(duration_ms, 0) >= 1500, 0)"
	    " AND ifNull(first_ms <= 2999, 0) AND ts <= toDateTime(2)");
	shape.within = true;
	shape.from_ms = -1;
	is_where("any", &shape, " AND shard >= 0 AND shard <= 3600"
	    " AND ifNull(first_ms >= -1, 0) AND ts >= toDateTime(0)"
	    " AND ifNull(first_ms + ifNull(duration_ms, 0) <= 2999, 0)"
	    " AND ts <= toDateTime(2)");
}

/* A shard that is read here is not asked for there. */
Test(ch_sql, except)
{
	struct ch_shard here = { .collector = (char *)"a'b", .number = 7200 };
	struct ch_shape shape = plain;

	shape.except = &here;
	shape.n_except = 1;
	is_where("any", &shape, " AND NOT (shard = 7200 AND collector = "
	    "'\\x61\\x27\\x62')");
}

/* Numbers of flows go on from shard to shard, by collector. */
Test(ch_sql, counts)
{
	struct ch_shard there[] = {
		{ .collector = (char *)"a", .number = 0, .count_base = 0 },
		{ .collector = (char *)"b", .number = 0, .count_base = 5 },
		{ .collector = (char *)"a", .number = 9, .count_base = 7 },
	};
	struct ch_shape shape = plain;

	shape.shards = there;
	shape.n_shards = 3;
	is_where("count < 4", &shape, " AND ((ifNull((flow_id + (collector = "
	    "'\\x61') * transform(shard, [0, 9], [0, 7], 0) + (collector = "
	    "'\\x62') * transform(shard, [0], [5], 0)) < 4, 0)))");
}

/* The server may choose rows only where it knows order and ties. */
Test(ch_sql, limits)
{
	static const struct {
		const char *stat;
		bool can;
	} cases[] = {
		{ "srcip/bytes", true }, { "proto/flows:a", true },
		{ "srcip:p/packets", true }, { "record/bytes", true },
		{ "ip/bytes", true }, { "srcip/bps", false },
		{ "srcip/bytes/flows", false }, { "srcip4/24/bytes", true },
		{ "srcip4/23/bytes", false }, { "srcip/obytes", false }
	};
	struct ch_shape wide = plain;

	wide.wide = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct group g;
		struct err err;

		cr_assert_eq(group_parse_stat(cases[i].stat, NULL, &g, &err),
		    0, "%s: %s", cases[i].stat, err.msg);
		cr_expect_eq(ch_can_limit(&g, &plain), cases[i].can, "%s",
		    cases[i].stat);
		cr_expect(!ch_can_limit(&g, &wide));
	}
}

/* Table, sides, shards that are cut, and whether the first rows suffice. */
static int
tell_part(void *arg, const struct ch_part *part, struct err *err)
{
	char *text = arg;

	(void)err;
	(void)snprintf(text + strlen(text), 200 - strlen(text), "%s %d%s%s;",
	    part->roll == NULL ? "flows" :
	    clickhouse_table(part->roll->table), part->roll == NULL ?
	    part->side : part->roll->both ? 2 : (int)part->roll->side,
	    part->cut ? " cut" : "", part->most > 0 ? " first" : "");
	return 0;
}

/* What a window cuts is read from the flows, once under each key. */
Test(ch_sql, parts)
{
	static const struct {
		const char *stat;
		const char *filter;
		size_t n_cut;
		const char *want;
	} cases[] = {
		{ "dstip/bytes", "any", 0, "roll_addr 1 first;" },
		{ "dstip/bytes", "any", 1, "roll_addr 1 cut first;" },
		{ "dstip/bps", "any", 1, "roll_addr 1 cut;" },
		{ "ip/bytes", "proto udp", 0, "roll_addr 2 first;" },
		{ "ip/bytes", "any", 1,
		    "roll_addr 2;flows 0 cut;flows 1 cut;" },
		{ "ip/bytes", "src ip 10.0.0.1", 0, "flows 0;flows 1;" },
		{ "dstport:p/flows", "dst port 53 and proto udp", 0,
		    "roll_port 1 first;" },
		{ "dstport/flows", "src port 53", 0, "flows 0 first;" },
		{ "proto/bytes", "any", 0, "roll_if 0 first;" },
		{ "proto/bytes", "dst port 53", 0, "roll_port 1 first;" },
		{ "record/bytes", "any", 0, "flows 0 first;" },
		{ "router/bytes", "any", 0, "flows 0 first;" },
		{ "srcip/bytes", "bytes > 5", 0, "flows 0 first;" }
	};
	struct ch_shape shape = plain;

	shape.rolls = true;
	shape.cut[0] = 3600;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct question q = { .memory = 1 };
		char got[200] = "";
		struct group g;
		struct err err;
		struct filter *f = filter_parse(cases[i].filter, &err);

		cr_assert_not_null(f);
		q.filter = f;
		cr_assert_eq(group_parse_stat(cases[i].stat, NULL, &g, &err),
		    0);
		shape.n_cut = cases[i].n_cut;
		(void)ch_each_part(&q, &g, &shape, 10, tell_part, got, &err);
		cr_expect_str_eq(got, cases[i].want, "%s \"%s\": %s",
		    cases[i].stat, cases[i].filter, got);
		filter_free(f);
	}
}

/* Which shards a window takes whole. */
Test(ch_sql, cut)
{
	struct ch_shard there[] = {
		{ .number = 1000, .flows = 1, .has_range = true,
		    .first_ms = 999000, .last_ms = 1500000 },
		{ .number = 2000, .flows = 1, .has_range = true,
		    .first_ms = 2000000, .last_ms = 2999000 },
		{ .number = 3000, .flows = 1, .has_range = true,
		    .first_ms = 3000000, .last_ms = 3500000 },
		{ .number = 3000, .flows = 1, .has_range = true,
		    .first_ms = 3000000, .last_ms = 4000001 },
		{ .number = 4000, .flows = 1 },
		{ .number = 5000, .flows = 0 },
	};
	struct ch_backend b = { .shards = { .v = there, .n = 6 } };
	struct err err;
	struct filter *any = filter_parse("any", &err);
	struct question q = { .filter = any, .has_window = true,
		.from_ms = 1000000, .to_ms = 4000000 };
	struct ch_shape shape = plain;

	ch_roll_shards(&b, &q, &shape);
	cr_expect(shape.rolls);
	cr_assert_eq(shape.n_cut, 3);
	cr_expect_eq(shape.cut[0], 1000);
	cr_expect_eq(shape.cut[1], 3000);
	cr_expect_eq(shape.cut[2], 4000);
	/* whose time is not known is in no window */
	q.from_ms = INT64_MIN;
	there[0].first_ms = 0;
	ch_roll_shards(&b, &q, &shape);
	cr_expect_eq(shape.n_cut, 3);
	there[0].first_ms = 1;
	ch_roll_shards(&b, &q, &shape);
	cr_expect_eq(shape.n_cut, 2);
	b.shards.n = 1;
	q.to_ms = 1;
	ch_roll_shards(&b, &q, &shape);
	cr_expect_not(shape.rolls);
	q = (struct question){ .filter = any, .no_rollup = true };
	ch_roll_shards(&b, &q, &shape);
	cr_expect_not(shape.rolls);
	q = (struct question){ .filter = any, .most_flows = 1 };
	ch_roll_shards(&b, &q, &shape);
	cr_expect_not(shape.rolls);
	filter_free(any);
}

Test(ch_client, urls)
{
	static const struct {
		const char *url;
		const char *database;	/* NULL: refused */
	} cases[] = {
		{ "clickhouse://h", "flowdb" },
		{ "clickhouse://h:9/", "flowdb" },
		{ "clickhouses://[::1]:8443/a_1", "a_1" },
		{ "clickhouse://[::1]/b", "b" },
		{ "clickhouse://", NULL }, { "http://h/x", NULL },
		{ "clickhouse://h/a'b", NULL }, { "clickhouse://h/a/b", NULL },
		{ "clickhouse://u:p@h/x", NULL }, { "", NULL },
		{ "clickhouse://h/x?y=z", NULL }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err;
		struct ch_client *c = ch_client_new(cases[i].url, NULL, &err);

		cr_assert_eq(c != NULL, cases[i].database != NULL, "%s",
		    cases[i].url);
		if (c != NULL)
			cr_expect_str_eq(ch_client_database(c),
			    cases[i].database);
		ch_client_free(c);
	}
}
