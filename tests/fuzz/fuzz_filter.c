/*
 * The filter language: what is parsed prints to text that parses to the same,
 * its SQL prepares and finds the same rows as the plain evaluator, and so
 * does the sieve over columns.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/filter.h"
#include "query/match.h"
#include "query/sieve.h"
#include "query/sql.h"
#include "schema/db.h"
#include "schema/ddl.h"
#include "tests/filter_random.h"
#include "tests/fuzz/fuzz.h"
#include "tests/shards.h"

#define FLOWS	48
#define RUN_MAX	400	/* bytes of text whose SQL is run, not only prepared */

/* The same flows three times: as structs, in a database, by column. */
static struct {
	struct flow		*flow;
	sqlite3			*db;
	struct side		*side;
	struct btree_rows	 rows;
	int			 place[COLUMN_COUNT];
	int			 path_place;
} world;

static void
add_column(enum column c, int place)
{
	const struct column_info *info = column_info(c);
	struct btree_rows *r = &world.rows;

	world.place[c] = place;
	r->null[place] = calloc(FLOWS, 1);
	r->blob[place] = calloc(FLOWS, sizeof(uint8_t *));
	r->length[place] = calloc(FLOWS, 1);
	r->value[place] = calloc(FLOWS, sizeof(int64_t));
	for (size_t i = 0; i < FLOWS; i++) {
		const struct flow *f = &world.flow[i];
		const void *p = (const char *)f + info->offset;
		const struct addr *a = p;

		r->null[place][i] = !flow_has(f, c);
		if (info->type == CT_ADDR)
			r->blob[place][i] = a->bytes;
		if (!flow_has(f, c))
			continue;
		if (info->type == CT_ADDR)
			r->length[place][i] = a->len;
		else
			r->value[place][i] = info->type == CT_TIME ||
			    info->type == CT_SPAN ? *(const int64_t *)p :
			    (int64_t)flow_number(f, c);
	}
}

static void
make_world(void)
{
	char *ddl = ddl_shard();
	struct err err = { .msg = "" };
	int place = 1;

	world.flow = flows_random(12, FLOWS);
	/* beyond 63 bits SQL has reals */
	for (size_t i = 0; i < FLOWS; i++) {
		world.flow[i].packets &= 0xffffffff;
		world.flow[i].bytes &= 0xffffffffff;
		world.flow[i].out_packets &= 0xffffffff;
		world.flow[i].out_bytes &= 0xffffffffff;
		world.flow[i].sampling &= 0xff;
	}
	FUZZ_CHECK(sqlite3_open(":memory:", &world.db) == SQLITE_OK);
	FUZZ_CHECK(db_exec(world.db, ddl, &err) == 0);
	free(ddl);
	FUZZ_CHECK(sql_register(world.db, &err) == 0);
	shard_fill(world.db, world.flow, FLOWS);
	world.side = side_load(world.db, "main", flow_home_bits(HOME_PATH),
	    &err);
	FUZZ_CHECK(world.side != NULL);
	world.rows.n = FLOWS;
	for (enum column c = 0; c < COLUMN_COUNT; c++) {
		world.place[c] = -1;
		if (column_info(c)->home == HOME_FLOW)
			add_column(c, place++);
	}
	world.path_place = place;
	world.rows.value[place] = calloc(FLOWS, sizeof(int64_t));
	world.rows.null[place] = calloc(FLOWS, 1);
	for (size_t i = 0; i < FLOWS; i++) {
		if ((world.flow[i].set & flow_home_bits(HOME_PATH)) != 0)
			world.rows.value[place][i] = (int64_t)i + 1;
		else
			world.rows.null[place][i] = 1;
	}
}

static void
check_print(const struct filter *f)
{
	char *text = filter_print(f), *again;
	struct err err = { .msg = "" };
	struct filter *g;

	FUZZ_CHECK(text != NULL);
	g = filter_parse(text, &err);
	if (g == NULL)
		(void)fprintf(stderr, "printed: %s\n%s\n", text, err.msg);
	FUZZ_CHECK(g != NULL);
	FUZZ_CHECK(ast_equal(ast_root(f), ast_root(g)));
	again = filter_print(g);
	FUZZ_CHECK(again != NULL && strcmp(text, again) == 0);
	filter_free(g);
	free(again);
	free(text);
}

/* The statement prepares; with run it finds the rows that match. */
static void
check_sql(const struct filter *f, bool scale, bool plain, bool run)
{
	static const int id = SQL_VALUE_ID;
	const struct sql_shape shape = { .schema = "main", .rollup = -1,
		.scale = scale, .plain = plain };
	struct match_env env = { .scale = scale, .exporter = random_exporter };
	bool hit[FLOWS] = { false };
	struct err err = { .msg = "" };
	sqlite3_stmt *st;
	struct sql sql;
	char *text = NULL;
	int rc;

	FUZZ_CHECK(sql_list(&sql, &id, 1, f, &shape, SQL_ORDER_NONE, true, -1,
	    &err) == 0);
	if (plain) {
		text = sql_plain(&sql);
		FUZZ_CHECK(text != NULL);
	}
	st = db_prepare(world.db, plain ? text : sql.text, &err);
	if (st == NULL)
		(void)fprintf(stderr, "%s\n", err.msg);
	FUZZ_CHECK(st != NULL);
	FUZZ_CHECK(plain || sql_bind_all(st, &sql, &err) == 0);
	while (run && (rc = sqlite3_step(st)) != SQLITE_DONE) {
		int64_t at = sqlite3_column_int64(st, 0) - 1;

		FUZZ_CHECK(rc == SQLITE_ROW);
		FUZZ_CHECK(at >= 0 && at < FLOWS && !hit[at]);
		hit[at] = true;
	}
	for (int i = 0; run && i < FLOWS; i++) {
		env.count = i + 1;
		FUZZ_CHECK(hit[i] == filter_match(f, &world.flow[i], &env));
	}
	sqlite3_finalize(st);
	sql_clear(&sql);
	free(text);
}

static void
check_sieve(const struct filter *f, bool scale)
{
	const struct question q = { .filter = f, .scale = scale };
	const struct match_env env = { .scale = scale,
		.exporter = random_exporter };
	struct err err = { .msg = "" };
	const uint8_t *mask;
	struct sieve *s;

	if (filter_counts(f) || !sieve_can(&q))
		return;
	s = sieve_new(&q, world.side, world.place, world.path_place, FLOWS,
	    &err);
	FUZZ_CHECK(s != NULL);
	mask = sieve_rows(s, &world.rows);
	for (size_t i = 0; i < FLOWS; i++)
		FUZZ_CHECK((mask == NULL || mask[i] != 0) ==
		    filter_match(f, &world.flow[i], &env));
	sieve_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err err = { .msg = "" };
	struct filter *f;
	bool run = size <= RUN_MAX, scale = size & 1, plain = size & 2;

	if (world.db == NULL)
		make_world();
	f = filter_parse(text, &err);
	if (f == NULL) {
		/* the caret stands in the text */
		FUZZ_CHECK(err.code == ERR_SYNTAX);
		FUZZ_CHECK(err.offset <= strlen(text) && err.length >= 1);
		FUZZ_CHECK(err.msg[0] != '\0');
		free(text);
		return 0;
	}
	check_print(f);
	check_sql(f, scale, plain, run);
	check_sieve(f, scale);
	filter_free(f);
	free(text);
	return 0;
}
