/* Indexes that we write, against what SQLite says of them and finds by them. */
#include "schema/addrindex.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "schema/db.h"
#include "schema/ddl.h"

static struct err err;

/*
 * Of every kind that may come: IPv4 and IPv6, none, not sent, blobs of other
 * lengths of which some begin as an IPv4 address does; ids with gaps.
 */
static const char fill[] =
    "WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 30000) INSERT INTO flow (id, first_ms, src_addr, dst_addr) "
    "SELECT i * 3 + i % 2, i, CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN x'' "
    "  WHEN 2 THEN unhex(printf('20010db8%024X', i * 7919 % 997)) "
    "  WHEN 3 THEN unhex(printf('0A00%04X%024X', i % 300, i % 5)) "
    "  WHEN 4 THEN unhex(printf('0A00%02X', i % 4)) "
    "  ELSE unhex(printf('%08X', (i * 2654435761) % 4294967296)) END, "
    "unhex(printf('0A00%04X', i * 7919 % 300)) FROM n";

/* SQLite 3.40 has none. */
static void
unhex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]);
	uint8_t out[32];
	int n = 0;

	(void)argc;
	for (; text[0] != '\0'; text += 2) {
		char pair[] = { text[0], text[1], '\0' };

		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	sqlite3_result_blob(ctx, out, n, SQLITE_TRANSIENT);
}

static sqlite3 *
new_shard(const char *sql)
{
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE, &err);
	char *ddl = ddl_shard();

	cr_assert_not_null(db);
	(void)sqlite3_create_function_v2(db, "unhex", 1, SQLITE_UTF8, NULL,
	    unhex, NULL, NULL, NULL);
	cr_assert_eq(db_exec(db, ddl, &err), 0, "%s", err.msg);
	cr_assert_eq(db_exec(db, sql, &err), 0, "%s", err.msg);
	free(ddl);
	return db;
}

static int64_t
ask(sqlite3 *db, const char *sql)
{
	int64_t out;

	cr_assert_eq(db_int(db, sql, -1, &out, &err), 0, "%s", err.msg);
	return out;
}

static void
check(sqlite3 *db)
{
	/* each row of the table in its place of each index, and none more */
	cr_expect_eq(ask(db, "SELECT group_concat(integrity_check) = 'ok' "
	    "FROM pragma_integrity_check"), 1);
	cr_expect_eq(ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = "
	    "'index' AND tbl_name = 'flow' AND sql IN ("
	    "'CREATE INDEX flow_src_addr ON flow (src_addr)', "
	    "'CREATE INDEX flow_dst_addr ON flow (dst_addr)')"), 2);
	cr_expect_eq(ask(db, "SELECT count(*) FROM sqlite_schema WHERE name "
	    "= 'new_index'"), 0);
	/* found by the index as without */
	cr_expect_eq(ask(db, "SELECT total(n IS NOT m) FROM (SELECT src_addr, "
	    "count(*) AS m, (SELECT count(*) FROM flow INDEXED BY "
	    "flow_src_addr WHERE src_addr = f.src_addr) AS n FROM flow AS f "
	    "NOT INDEXED WHERE src_addr IS NOT NULL GROUP BY 1)"), 0);
	cr_expect_eq(ask(db, "SELECT count(*) FROM flow INDEXED BY "
	    "flow_dst_addr WHERE dst_addr = x'0a000007'"), ask(db,
	    "SELECT count(*) FROM flow NOT INDEXED WHERE dst_addr = "
	    "x'0a000007'"));
}

Test(addrindex_write, all_kinds)
{
	sqlite3 *db = new_shard(fill);

	cr_assert_eq(addrindex_build(db, 64 << 20, NULL, &err), 0, "%s",
	    err.msg);
	check(db);
	/* once more changes nothing */
	cr_assert_eq(addrindex_build(db, 64 << 20, NULL, &err), 0, "%s",
	    err.msg);
	check(db);
	/* the schema has no power again */
	cr_expect_eq(db_exec(db, "DELETE FROM sqlite_schema", NULL), -1);
	/* SQLite goes on with what we made */
	cr_assert_eq(db_exec(db, "DELETE FROM flow WHERE id % 5 = 0; "
	    "UPDATE flow SET src_addr = x'01020304' WHERE id % 7 = 0", &err),
	    0, "%s", err.msg);
	check(db);
	(void)sqlite3_close(db);
}

Test(addrindex_write, no_flows)
{
	sqlite3 *db = new_shard("SELECT 1");

	cr_assert_eq(addrindex_build(db, 64 << 20, NULL, &err), 0, "%s",
	    err.msg);
	check(db);
	(void)sqlite3_close(db);
}

/* What is not for us is SQLite's: too little memory, other ids, long blobs. */
Test(addrindex_write, by_sqlite)
{
	static const char *const odd[] = { "SELECT 1",
		"INSERT INTO flow (id) VALUES (-1)",
		"INSERT INTO flow (id) VALUES (1 << 33)",
		"INSERT INTO flow (src_addr) VALUES (zeroblob(17))" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		sqlite3 *db = new_shard(fill);

		cr_assert_eq(db_exec(db, odd[i], &err), 0, "%s", err.msg);
		cr_assert_eq(addrindex_build(db, i == 0 ? 1 << 20 : 64 << 20,
		    NULL, &err), 0, "%s", err.msg);
		check(db);
		(void)sqlite3_close(db);
	}
}

Test(addrindex_write, stop)
{
	sqlite3 *db = new_shard(fill);
	atomic_bool stop = true;

	cr_expect_eq(addrindex_build(db, 64 << 20, &stop, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_expect_eq(ask(db, "SELECT count(*) FROM sqlite_schema WHERE "
	    "tbl_name = 'flow' AND type = 'index'"), 0);
	(void)sqlite3_close(db);
}
