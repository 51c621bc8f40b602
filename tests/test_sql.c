/*
 * The SQL of filters against the plain evaluator, on random filters and flows
 * in a real shard; whole statements; long lists; deep nesting.
 */
#include "query/sql.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/match.h"
#include "schema/db.h"
#include "schema/ddl.h"
#include "schema/flow.h"
#include "schema/rollup.h"
#include "tests/filter_random.h"

#define FLOWS	300

/* A shard in memory and the same flows in an array. */
struct world {
	sqlite3		*db;
	struct flow	 flows[FLOWS];
};

static void
bind_column(sqlite3_stmt *st, int at, const struct flow *f, enum column c)
{
	const struct column_info *info = column_info(c);
	const void *p = (const char *)f + info->offset;
	const struct addr *a = p;

	if (!flow_has(f, c))
		return;
	if (info->type == CT_ADDR)
		sqlite3_bind_blob(st, at, a->bytes, a->len, SQLITE_TRANSIENT);
	else if (info->type == CT_TIME || info->type == CT_SPAN)
		sqlite3_bind_int64(st, at, *(const int64_t *)p);
	else
		sqlite3_bind_int64(st, at, (int64_t)flow_number(f, c));
}

static void
insert_home(sqlite3 *db, const char *table, enum colhome home,
    const struct flow *f, int64_t id, bool has_path)
{
	char sql[2000], marks[200] = "?1";
	char *names = ddl_columns(home, "");
	sqlite3_stmt *st;
	int at = 2;

	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		if (column_info(c)->home == home)
			strcat(marks, ",?");
	}
	snprintf(sql, sizeof(sql), "INSERT INTO %s(id, %s%s) VALUES (%s%s)",
	    table, names, home == HOME_FLOW ? ", path" : "", marks,
	    home == HOME_FLOW ? ",?" : "");
	free(names);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_bind_int64(st, 1, id);
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		if (column_info(c)->home == home)
			bind_column(st, at++, f, c);
	}
	if (has_path)
		sqlite3_bind_int64(st, at, id);
	cr_assert_eq(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

static void
insert_exporter(sqlite3 *db, int id, const struct match_exporter *e)
{
	sqlite3_stmt *st;

	sqlite3_prepare_v2(db, "INSERT INTO exporter(id, address, version, "
	    "source_id, name) VALUES (?, ?, ?, 0, ?)", -1, &st, NULL);
	sqlite3_bind_int(st, 1, id);
	sqlite3_bind_blob(st, 2, e->address.bytes, e->address.len, NULL);
	sqlite3_bind_int(st, 3, e->version);
	sqlite3_bind_text(st, 4, e->name, -1, NULL);
	cr_assert_eq(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

static struct world *
world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	char *ddl = ddl_shard();
	struct err err;

	cr_assert_eq(sqlite3_open(":memory:", &w->db), SQLITE_OK);
	cr_assert_eq(db_exec(w->db, ddl, &err), 0, "%s", err.msg);
	free(ddl);
	cr_assert_eq(sql_register(w->db, &err), 0);
	for (int i = 0; i < RANDOM_EXPORTERS; i++)
		insert_exporter(w->db, i + 1, &random_exporters[i]);
	for (int64_t i = 0; i < FLOWS; i++) {
		struct flow *f = &w->flows[i];
		bool path, extra;

		random_flow(&seed, f);
		path = (f->set & flow_home_bits(HOME_PATH)) != 0;
		extra = (f->set & flow_home_bits(HOME_EXTRA)) != 0;
		insert_home(w->db, "flow", HOME_FLOW, f, i + 1, path);
		if (path)
			insert_home(w->db, "path", HOME_PATH, f, i + 1, 0);
		if (extra)
			insert_home(w->db, "extra", HOME_EXTRA, f, i + 1, 0);
	}
	cr_assert_eq(db_exec(w->db, "CREATE INDEX a ON flow(src_addr);"
	    "CREATE INDEX b ON flow(dst_addr)", &err), 0);
	return w;
}

static void
world_free(struct world *w)
{
	sqlite3_close(w->db);
	free(w);
}

/* The ids that the filter's SQL finds, as one byte per flow. */
static void
run_sql(struct world *w, const struct filter *f,
    const struct sql_shape *shape, bool inlined, uint8_t hit[FLOWS])
{
	static const int id = SQL_VALUE_ID;
	struct sql sql;
	struct err err;
	sqlite3_stmt *st;
	char *plain = NULL;
	int rc;

	memset(hit, 0, FLOWS);
	cr_assert_eq(sql_list(&sql, &id, 1, f, shape, SQL_ORDER_NONE, true,
	    -1, &err), 0, "%s", err.msg);
	if (inlined)
		plain = sql_plain(&sql);
	st = db_prepare(w->db, inlined ? plain : sql.text, &err);
	cr_assert_not_null(st, "%s", err.msg);
	if (!inlined)
		cr_assert_eq(sql_bind_all(st, &sql, &err), 0);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t at = sqlite3_column_int64(st, 0) - 1;

		cr_assert(at >= 0 && at < FLOWS && hit[at] == 0);
		hit[at] = 1;
	}
	cr_assert_eq(rc, SQLITE_DONE, "%s", sqlite3_errmsg(w->db));
	sqlite3_finalize(st);
	sql_clear(&sql);
	free(plain);
}

/* SQL and evaluator agree; returns how many flows match. */
static int
compare(struct world *w, const char *text, const struct sql_shape *shape,
    bool inlined)
{
	struct match_env env = { .scale = shape->scale,
		.exporter = random_exporter };
	struct err err;
	struct filter *f = filter_parse(text, &err);
	uint8_t hit[FLOWS];
	int n = 0;

	cr_assert_not_null(f, "%s: %s", text, err.msg);
	run_sql(w, f, shape, inlined, hit);
	for (int i = 0; i < FLOWS; i++) {
		bool want;

		env.count = i + 1;
		want = filter_match(f, &w->flows[i], &env);
		cr_assert_eq(hit[i], want, "%s: flow %d: sql says %d", text,
		    i + 1, hit[i]);
		n += want;
	}
	filter_free(f);
	return n;
}

Test(sql, random_filters)
{
	struct world *w = world_new(1);
	uint64_t seed = 4711;
	int none = 0, all = 0;

	for (int i = 0; i < 4000; i++) {
		char *text = random_filter(&seed);
		struct sql_shape shape = { .schema = "main", .rollup = -1,
			.scale = i & 1, .no_index = i & 2, .plain = i & 4 };
		int n = compare(w, text, &shape, i & 4);

		none += n == 0;
		all += n == FLOWS;
		free(text);
	}
	/* most filters must tell something */
	cr_expect_lt(none, 1600);
	cr_expect_lt(all, 800);
	world_free(w);
}

/* Repeats "ADDRESSES" lists of n entries in front of a filter. */
static char *
list_filter(const char *head, const char *fmt, uint32_t n, const char *tail)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, fmt, 11 + i / 65536, i / 256 % 256, i % 256);
	fputs(tail, out);
	fclose(out);
	return text;
}

static const struct {
	const char *head, *fmt, *tail;
	uint32_t n;
} longs[] = {
	{ "ip in [10.0.0.1 2001:db8::1 ", "%u.%u.%u.7 ", "]", 100 },
	{ "ip in [10.0.0.1 2001:db8::1 ", "%u.%u.%u.7 ", "]", 3000 },
	{ "ip in [10.0.0.1 2001:db8::1 ", "%u.%u.%u.7 ", "]", 99998 },
	{ "not src ip in [10.0.0.0/8 ::1 ", "%u.%u.%u.0/25 ", "]", 99998 },
	{ "dst ip != [2001:db8::/33 ", "2001:%x:%x:%x::/64 ", "]", 70000 },
	{ "src or dst net in [", "%u.%u.%u.0/29 ", "] or ip 10.0.0.2", 90 },
	{ "next ip in [10.0.0.2 ", "%u.%u.%u.0/30 ", "] or ip 10.0.0.2",
	    2000 },
	{ "as in [53 7 ", "%u%03u%03u ", "]", 800 },
	{ "bytes in [1 2 ", "%u%03u%03u ", "]", 90000 },
	{ "packets in [1-3 ", "%1$u%2$03u%3$03u-%1$u%2$03u%3$03u5 ", "]",
	    5000 },
	{ "not as in [1-3 ", "%1$u%2$03u%3$03u0-%1$u%2$03u%3$03u5 ", "]",
	    5000 },
};

Test(sql, long_lists)
{
	struct world *w = world_new(2);

	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		char *text = list_filter(longs[i].head, longs[i].fmt,
		    longs[i].n, longs[i].tail);
		struct sql_shape shape = { .schema = "main", .rollup = -1 };
		int n = compare(w, text, &shape, false);

		cr_expect(n > 0 && n < FLOWS, "%s... matches %d",
		    longs[i].head, n);
		/* walking through 100 k ranges for each flow takes a while */
		shape.plain = true;
		if (longs[i].n < 10000)
			(void)compare(w, text, &shape, true);
		free(text);
	}
	world_free(w);
}

/* "((((x or y) and x) or y) ...", n parentheses. */
static char *
nested_filter(uint32_t n, bool right)
{
	static const char *const tests[] = { "src port < 1000", "tcp",
		"if 2", "not out packets > 5", "src tos 7", "bytes > 24" };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (uint32_t i = 0; i < n; i++) {
		if (right)
			fprintf(out, "%s %s %s(", tests[i % 6],
			    i & 1 ? "or" : "and", i % 5 == 0 ? "not " : "");
		else
			fputs(i % 5 == 0 ? "not (" : "(", out);
	}
	fputs("dst port < 1000", out);
	for (uint32_t i = 0; i < n; i++) {
		if (right)
			fputs(")", out);
		else
			fprintf(out, ") %s %s", i & 1 ? "or" : "and",
			    tests[i % 6]);
	}
	fclose(out);
	return text;
}

Test(sql, deep_nesting)
{
	struct world *w = world_new(3);
	struct sql_shape shape = { .schema = "main", .rollup = -1 };

	for (uint32_t n = 0; n <= FILTER_NEST_MAX; n++) {
		for (int right = 0; right < 2; right++) {
			char *text = nested_filter(n, right != 0);

			(void)compare(w, text, &shape, false);
			free(text);
		}
	}
	world_free(w);
}

/* A tree that is deep on both sides, as wide as 2^n tests. */
static void
put_tree(FILE *out, uint32_t n, uint32_t id)
{
	if (n == 0) {
		fprintf(out, id % 3 == 0 ? "if %u" : id % 3 == 1 ?
		    "src port %u" : "out bytes < %u", id);
		return;
	}
	putc('(', out);
	put_tree(out, n - 1, 2 * id);
	fputs(n & 1 ? ") and (" : ") or not (", out);
	put_tree(out, n - 1, 2 * id + 1);
	putc(')', out);
}

Test(sql, deep_and_wide)
{
	struct world *w = world_new(4);
	struct sql_shape shape = { .schema = "main", .rollup = -1 };

	for (uint32_t n = 0; n <= 12; n++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		put_tree(out, n, 1);
		fclose(out);
		(void)compare(w, text, &shape, false);
		free(text);
	}
	world_free(w);
}

Test(sql, long_chains)
{
	/* merged to lists, but for the last */
	static const char *const fmts[] = { "src ip %u.%u.%u.7 or ",
		"not dst ip %u.%u.%u.7 and ", "not src as %u%03u%03u and ",
		"in if %u%03u%03u or out mac 0:1:2:3:4:5 or ",
		"bps < %u%02u%02u and " };
	struct world *w = world_new(5);
	struct sql_shape shape = { .schema = "main", .rollup = -1 };

	for (size_t i = 0; i < sizeof(fmts) / sizeof(fmts[0]); i++) {
		char *text = list_filter("", fmts[i], i < 4 ? 30000 :
		    4990, "port 53");

		(void)compare(w, text, &shape, false);
		free(text);
	}
	world_free(w);
}

Test(sql, too_many_tests)
{
	char *text = list_filter("", "bytes > %u%02u%02u or ", 5001, "any");
	struct sql_shape shape = { .schema = "main", .rollup = -1 };
	struct err err;
	struct filter *f = filter_parse(text, &err);
	struct sql sql;

	cr_assert_not_null(f);
	cr_expect_eq(sql_where(&sql, f, &shape, &err), -1);
	cr_expect_not_null(strstr(err.msg, "5000 tests"), "%s", err.msg);
	filter_free(f);
	free(text);
}

/* The one number that a query gives. */
static int64_t
one_number(sqlite3 *db, const struct sql *sql)
{
	struct err err;
	sqlite3_stmt *st = db_prepare(db, sql->text, &err);
	int64_t v;

	cr_assert_not_null(st, "%s", err.msg);
	cr_assert_eq(sql_bind_all(st, sql, &err), 0);
	cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

/* sum() of a value by sql_scan. */
static int64_t
scan_sum(struct world *w, const char *filter, int value,
    const struct sql_shape *shape)
{
	struct err err;
	struct filter *f = filter_parse(filter, &err);
	struct sql sql;
	int64_t v;

	cr_assert_eq(sql_scan(&sql, "sum", &value, 1, f, shape, &err), 0,
	    "%s", err.msg);
	v = one_number(w->db, &sql);
	sql_clear(&sql);
	filter_free(f);
	return v;
}

Test(sql, scan_values)
{
	struct world *w = world_new(6);
	struct sql_shape shape = { .schema = "main", .rollup = -1 };
	int64_t raw = 0, scaled = 0, flows = 0, tos = 0, mac = 0, rows = 0;

	for (int i = 0; i < FLOWS; i++) {
		struct flow *f = &w->flows[i];
		int64_t rate = flow_has(f, COL_sampling) &&
		    f->sampling > 0 ? f->sampling : 1;

		if (flow_has(f, COL_packets) && f->packets < 1000) {
			raw += (int64_t)f->packets;
			scaled += (int64_t)f->packets * rate;
		}
		flows += flow_has(f, COL_flows) ? f->flows : 1;
		tos += flow_has(f, COL_tos) ? f->tos : 0;
		mac += flow_has(f, COL_in_src_mac) ?
		    (int64_t)f->in_src_mac : 0;
		rows += i + 1;
	}
	cr_expect_eq(scan_sum(w, "packets < 1k", COL_packets, &shape), raw);
	cr_expect_eq(scan_sum(w, "", SQL_VALUE_FLOWS, &shape), flows);
	cr_expect_eq(scan_sum(w, "any", COL_tos, &shape), tos);
	cr_expect_eq(scan_sum(w, "any", COL_in_src_mac, &shape), mac);
	cr_expect_eq(scan_sum(w, "any", SQL_VALUE_ID, &shape), rows);
	shape.scale = true;
	/* the filter sees scaled packets: ask by the raw ones */
	cr_assert_eq(db_exec(w->db,
	    "UPDATE flow SET packets = NULL WHERE packets >= 1000", NULL), 0);
	cr_expect_eq(scan_sum(w, "any", COL_packets, &shape), scaled);
	cr_expect_eq(scan_sum(w, "any", SQL_VALUE_RAW_PACKETS, &shape), raw);
	world_free(w);
}

/* How many flows pass the window, by sql_scan and by hand. */
static void
check_window(struct world *w, int64_t from, int64_t to, bool within)
{
	static const int id = SQL_VALUE_ID;
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.has_window = true, .from_ms = from, .to_ms = to,
		.within = within };
	struct err err;
	struct sql sql;
	int64_t want = 0;

	for (int i = 0; i < FLOWS; i++) {
		const struct flow *f = &w->flows[i];
		int64_t last = f->first_ms + (flow_has(f, COL_duration_ms) ?
		    f->duration_ms : 0);

		if (!flow_has(f, COL_first_ms))
			continue;
		want += within ? f->first_ms >= from && last <= to :
		    f->first_ms <= to && last >= from;
	}
	cr_assert_eq(sql_scan(&sql, "count", &id, 1, NULL, &shape, &err), 0);
	cr_expect_eq(one_number(w->db, &sql), want);
	cr_expect(want > 0 && want < FLOWS);
	sql_clear(&sql);
}

Test(sql, window)
{
	struct world *w = world_new(7);
	int64_t t = INT64_C(1795413134250);

	check_window(w, t - 1000, t + 1000, false);
	check_window(w, t - 1000, t + 1000, true);
	check_window(w, t - 5000, t - 5000, false);
	check_window(w, t, INT64_MAX, true);
	check_window(w, 0, t, false);
	world_free(w);
}

Test(sql, rowids_and_limit)
{
	static const int id = SQL_VALUE_ID;
	struct world *w = world_new(8);
	struct sql_shape shape = { .schema = "main", .rollup = -1,
		.rowids = true, .id_from = 11, .id_to = 20 };
	struct err err;
	struct sql sql;

	cr_expect_eq(scan_sum(w, "any", SQL_VALUE_ID, &shape), 155);
	cr_assert_eq(sql_list(&sql, &id, 1, NULL, &shape, SQL_ORDER_TEND,
	    false, 3, &err), 0);
	cr_expect_str_eq(sql.text, "SELECT f.id FROM main.flow AS f WHERE "
	    "f.id BETWEEN ?1 AND ?2 ORDER BY "
	    "ifnull(f.first_ms + ifnull(f.duration_ms, 0), 0) DESC, f.id LIMIT ?3");
	cr_expect_eq(sql.n_binds, 3);
	sql_clear(&sql);
	world_free(w);
}

/* Each order sorts by what it is called. */
Test(sql, orders)
{
	static const struct {
		enum sql_order order;
		const char *key;
	} orders[] = {
		{ SQL_ORDER_TSTART, "first_ms" },
		{ SQL_ORDER_DURATION, "iif(first_ms IS NULL, 0, "
		    "max(ifnull(duration_ms, 0), 0))" },
		{ SQL_ORDER_BYTES, "ifnull(bytes,0)" },
		{ SQL_ORDER_PACKETS, "ifnull(packets,0)" },
		{ SQL_ORDER_BPP, "iif(packets > 0, ifnull(bytes/packets, 0), 0)" },
		{ SQL_ORDER_FLOWS,
		    "ifnull((SELECT flows FROM extra x WHERE x.id=flow.id),1)" },
	};
	static const int id = SQL_VALUE_ID;
	struct world *w = world_new(9);
	struct sql_shape shape = { .schema = "main", .rollup = -1 };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct err err;
		struct sql sql;
		char want[200];
		sqlite3_stmt *a, *b;

		cr_assert_eq(sql_list(&sql, &id, 1, NULL, &shape,
		    orders[i].order, i & 1, -1, &err), 0);
		snprintf(want, sizeof(want), "SELECT id FROM flow ORDER BY "
		    "%s %s, id", orders[i].key, i & 1 ? "ASC" : "DESC");
		a = db_prepare(w->db, sql.text, &err);
		b = db_prepare(w->db, want, &err);
		while (sqlite3_step(a) == SQLITE_ROW) {
			cr_assert_eq(sqlite3_step(b), SQLITE_ROW);
			cr_assert_eq(sqlite3_column_int(a, 0),
			    sqlite3_column_int(b, 0), "%s", want);
		}
		cr_expect_eq(sqlite3_step(b), SQLITE_DONE);
		sqlite3_finalize(a);
		sqlite3_finalize(b);
		sql_clear(&sql);
	}
	world_free(w);
}

/* A roll-up answers filters on its key and proto as the flows do. */
Test(sql, rollup_source)
{
	static const struct {
		const char *filter;
		enum rollup rollup;
	} cases[] = {
		{ "any", ROLLUP_dst_addr },
		{ "dst ip 10.0.0.1", ROLLUP_dst_addr },
		{ "dst net 10.0.0.0/8 and not proto tcp", ROLLUP_dst_addr },
		{ "not dst ip in [::/0 10.0.0.1]", ROLLUP_dst_addr },
		{ "src port < 1024 or udp", ROLLUP_src_port },
	};
	struct world *w = world_new(10);
	struct err err;

	/* this roll-up pays only in large shards: make one by hand */
	cr_assert_eq(db_exec(w->db, "CREATE TABLE roll_dst_addr AS SELECT "
	    "dst_addr, proto, sampling, count(*) AS flows, sum(packets) AS "
	    "packets, sum(bytes) AS bytes, min(first_ms) AS first_ms, "
	    "max(first_ms) AS last_ms FROM flow LEFT JOIN path ON path.id = "
	    "flow.path GROUP BY 1, 2, 3; CREATE TABLE roll_src_port AS SELECT "
	    "src_port, proto, sampling, count(*) AS flows, sum(packets) AS "
	    "packets, sum(bytes) AS bytes, min(first_ms) AS first_ms, "
	    "max(first_ms) AS last_ms FROM flow LEFT JOIN path ON path.id = "
	    "flow.path GROUP BY 1, 2, 3", &err), 0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sql_shape flow = { .schema = "main", .rollup = -1 };
		struct sql_shape roll = { .schema = "main",
			.rollup = (int)cases[i].rollup };
		static const int values[] = { SQL_VALUE_RAW_PACKETS,
			SQL_VALUE_RAW_BYTES };

		for (size_t v = 0; v < 2; v++) {
			cr_expect_eq(
			    scan_sum(w, cases[i].filter, values[v], &flow),
			    scan_sum(w, cases[i].filter, values[v], &roll),
			    "%s", cases[i].filter);
		}
	}
	world_free(w);
}

Test(sql, rollup_refuses)
{
	static const char *const filters[] = { "src ip 10.0.0.1", "bytes > 5",
		"if 1", "out packets 1", "count 5", "not tos 1", "ipv4",
		"dst ip 10.0.0.1 and (tcp or duration > 5)" };
	static const int value = COL_packets;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct sql_shape shape = { .schema = "main",
			.rollup = ROLLUP_dst_addr };
		struct err err;
		struct filter *f = filter_parse(filters[i], &err);
		struct sql sql;

		cr_expect_eq(sql_scan(&sql, "sum", &value, 1, f, &shape, &err),
		    -1, "%s", filters[i]);
		cr_expect_not_null(strstr(err.msg, "roll_dst_addr"), "%s",
		    err.msg);
		cr_expect_null(sql.text);
		filter_free(f);
	}
}
