/* Roll-ups against GROUP BY over the same flows, digit by digit. */
#include "schema/rollup.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/db.h"
#include "schema/ddl.h"

static sqlite3 *
new_shard(const char *fill)
{
	struct err err;
	char *ddl = ddl_shard();
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, &err);

	cr_assert_not_null(db);
	cr_assert_eq(db_exec(db, ddl, &err), 0, "%s", err.msg);
	cr_assert_eq(db_exec(db, fill, &err), 0, "%s", err.msg);
	free(ddl);
	return db;
}

/* Seeded by the row number; NULLs, both families, equal sides, samplings. */
static const char fill_many[] =
    "INSERT INTO path (id, in_if, out_if, sampling) VALUES (1, 1, 2, NULL),"
    "(2, 3, 3, 10), (3, NULL, 7, 100), (4, 4, NULL, 1), (5, 1, 2, NULL);"
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 20000) INSERT INTO flow (first_ms, duration_ms, src_addr, "
    "dst_addr, src_port, dst_port, proto, packets, bytes, src_as, dst_as, "
    "path) SELECT 1795413600000 + i * 7919 % 3600000, "
    "  nullif(i * 31 % 5000, 0),"
    "  CASE i % 10 WHEN 0 THEN NULL WHEN 1 THEN test_addr(16, i % 50) "
    "    ELSE test_addr(4, i % 40) END,"
    "  iif(i % 9 = 0, test_addr(16, i % 50), test_addr(4, i * 7 % 40)),"
    "  nullif(i * 13 % 500, 7), i * 17 % 400, nullif(i % 4, 3),"
    "  nullif(i % 100, 50), i * 101 % 100000, nullif(i % 30, 0), i % 25,"
    "  nullif(i % 6, 0) FROM n;";

/* test_addr(len, i): an address of len bytes that ends in i. */
static void
test_addr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	int len = sqlite3_value_int(argv[0]);
	unsigned char b[16] = { 0x20, 1, 0xd, 0xb8 };

	(void)argc;
	b[len - 1] = (unsigned char)sqlite3_value_int(argv[1]);
	sqlite3_result_blob(ctx, b, len, SQLITE_TRANSIENT);
}

static sqlite3 *
many(void)
{
	sqlite3 *db = new_shard("SELECT 1");
	struct err err;

	sqlite3_create_function(db, "test_addr", 2, SQLITE_UTF8, NULL,
	    test_addr, NULL, NULL);
	cr_assert_eq(db_exec(db, fill_many, &err), 0, "%s", err.msg);
	return db;
}

Test(rollup, against_group_by)
{
	sqlite3 *db = many();
	struct err err;
	int64_t left, rows;

	cr_assert_eq(rollup_build(db, 64 << 20, NULL, &err), 0, "%s", err.msg);
	for (int r = 0; r < ROLLUP_COUNT; r++) {
		const struct rollup_info *ri = rollup_info((enum rollup)r);
		const char *key = column_info(ri->column)->name;
		char *sql, *group, where[100] = "";

		if (ri->other != -1)
			(void)snprintf(where, sizeof(where), "WHERE %s = %s",
			    key, column_info((enum column)ri->other)->name);
		group = sqlite3_mprintf("SELECT %s, proto, sampling, count(*), "
		    "ifnull(sum(packets), 0), ifnull(sum(bytes), 0), "
		    "min(first_ms), max(first_ms + ifnull(duration_ms, 0)) "
		    "FROM flow LEFT JOIN path ON path.id = flow.path %s "
		    "GROUP BY 1, 2, 3", key, where);
		sql = sqlite3_mprintf("SELECT count(*) FROM (SELECT * FROM ("
		    "SELECT * FROM %s EXCEPT %s) UNION ALL SELECT * FROM (%s "
		    "EXCEPT SELECT * FROM %s))", ri->table, group, group,
		    ri->table);
		cr_assert_eq(db_int(db, sql, -1, &left, &err), 0, "%s",
		    err.msg);
		cr_expect_eq(left, 0, "%s", ri->table);
		sqlite3_free(sql);
		sql = sqlite3_mprintf("SELECT count(*) FROM %s", ri->table);
		cr_assert_eq(db_int(db, sql, 0, &rows, &err), 0);
		cr_expect_geq(rows, 2, "%s", ri->table);
		sqlite3_free(sql);
		sqlite3_free(group);
	}
	sqlite3_close(db);
}

/* A roll-up that hardly shrinks the data is left out, the others stay. */
Test(rollup, left_out)
{
	sqlite3 *db = new_shard(
	    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 30000) INSERT INTO flow (first_ms, src_as, dst_as, "
	    "proto) SELECT i, i, i % 10, 6 FROM n");
	struct err err;
	int64_t n;

	cr_assert_eq(rollup_build(db, 64 << 20, NULL, &err), 0, "%s", err.msg);
	cr_assert_eq(db_int(db, "SELECT count(*) FROM sqlite_schema WHERE "
	    "name = 'roll_src_as'", -1, &n, &err), 0);
	cr_expect_eq(n, 0);
	cr_assert_eq(db_int(db, "SELECT sum(flows) FROM roll_dst_as", -1, &n,
	    &err), 0);
	cr_expect_eq(n, 30000);
	sqlite3_close(db);
}

Test(rollup, stop)
{
	sqlite3 *db = many();
	atomic_bool stop = true;
	struct err err;
	int64_t n;

	cr_expect_eq(rollup_build(db, 64 << 20, &stop, &err), -1);
	cr_expect_eq(err.code, ERR_STOPPED);
	cr_assert_eq(db_int(db, "SELECT count(*) FROM sqlite_schema WHERE "
	    "name LIKE 'roll_%'", -1, &n, &err), 0);
	cr_expect_eq(n, 0);
	sqlite3_close(db);
}
