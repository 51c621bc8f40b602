/* The shard's DDL: golden copy, and the view against the C formatters. */
#include "schema/ddl.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/addr.h"
#include "schema/db.h"

#define GOLDEN	"schema/shard.sql"

Test(golden, shard_sql)
{
	char *ddl = ddl_shard(), *file;
	FILE *f;
	size_t n;

	cr_assert_not_null(ddl);
	if (getenv("GOLDEN") != NULL) {
		f = fopen(GOLDEN, "w");
		cr_assert_not_null(f);
		cr_assert_geq(fputs(ddl, f), 0);
		cr_assert_eq(fclose(f), 0);
	}
	f = fopen(GOLDEN, "r");
	cr_assert_not_null(f, "run from the top folder");
	file = calloc(1, 1 << 16);
	n = fread(file, 1, (1 << 16) - 1, f);
	cr_assert_gt(n, 1000U);
	cr_expect_str_eq(file, ddl, "%s is old: make golden, read the diff",
	    GOLDEN);
	fclose(f);
	free(file);
	free(ddl);
}

static sqlite3 *
new_shard(void)
{
	struct err err;
	char *ddl = ddl_shard();
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, &err);

	cr_assert_not_null(db);
	cr_assert_eq(db_exec(db, ddl, &err), 0, "%s", err.msg);
	free(ddl);
	return db;
}

/* Many addresses, zero groups in every place: view text is inet_ntop's. */
Test(ddl, view_addresses)
{
	sqlite3 *db = new_shard();
	struct err err;
	sqlite3_stmt *in, *out;
	uint32_t x = 7;
	int rows = 0;

	in = db_prepare(db, "INSERT INTO flow (first_ms, src_addr, dst_addr) "
	    "VALUES (0, ?1, ?2)", &err);
	cr_assert_not_null(in);
	for (int i = 0; i < 2000; i++) {
		uint8_t b[16];

		for (int g = 0; g < 8; g++) {
			x = x * 1664525U + 1013904223U;
			/* half of the groups are 0, some short */
			b[2 * g] = x >> 30 == 3 ? (uint8_t)(x >> 8) : 0;
			b[2 * g + 1] = x >> 31 ? (uint8_t)(x >> 16) : 0;
		}
		b[0] |= 0x20;	/* not v4-mapped, which inet_ntop dots */
		sqlite3_bind_blob(in, 1, b, 16, SQLITE_TRANSIENT);
		sqlite3_bind_blob(in, 2, b + 4, 4, SQLITE_TRANSIENT);
		cr_assert_eq(db_step(in, &err), 0);
	}
	sqlite3_finalize(in);
	out = db_prepare(db, "SELECT f.src_addr, v.src_addr, f.dst_addr, "
	    "v.dst_addr FROM flow f JOIN flows v USING (id)", &err);
	cr_assert_not_null(out, "%s", err.msg);
	while (db_step(out, &err) == 1) {
		for (int c = 0; c < 4; c += 2) {
			struct addr a = addr_from(sqlite3_column_blob(out, c),
			    (size_t)sqlite3_column_bytes(out, c));
			char want[ADDR_TEXT_MAX];

			addr_format(&a, want);
			cr_assert_str_eq((const char *)
			    sqlite3_column_text(out, c + 1), want);
		}
		rows++;
	}
	cr_expect_eq(rows, 2000);
	sqlite3_finalize(out);
	sqlite3_close(db);
}

static const struct { const char *expr, *want; } view_cases[] = {
	{ "first_seen", "2026-11-23 06:17:33.025" },
	{ "last_seen", "2026-11-23 06:17:34.525" },
	{ "proto", "TCP" },
	{ "tcp_flags", "...AP.SF" },
	{ "src_mac", "00:0c:29:70:86:09" },
	{ "ifnull(dst_mac, 'none')", "none" },
	{ "exporter", "127.0.0.9" },
	{ "next_hop", "10.9.9.9" },
	{ "sampling", "100" },
	{ "ifnull(src_as, 'none')", "none" },
};

Test(ddl, view_values)
{
	sqlite3 *db = new_shard();
	struct err err;

	cr_assert_eq(db_exec(db,
	    "INSERT INTO exporter (id, address, version, source_id) VALUES "
	    "(3, x'7f000009', 9, 0);"
	    "INSERT INTO path (id, exporter, next_hop, sampling) VALUES "
	    "(2, 3, x'0a090909', 100);"
	    "INSERT INTO flow (id, first_ms, duration_ms, proto, tcp_flags, "
	    "path) VALUES (1, 1795414653025, 1500, 6, 27, 2);"
	    "INSERT INTO extra (id, out_src_mac) VALUES (1, 0x0c29708609)",
	    &err), 0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(view_cases) / sizeof(view_cases[0]);
	    i++) {
		char sql[100];
		sqlite3_stmt *st;

		(void)snprintf(sql, sizeof(sql), "SELECT %s FROM flows",
		    view_cases[i].expr);
		st = db_prepare(db, sql, &err);
		cr_assert_not_null(st, "%s", err.msg);
		cr_assert_eq(db_step(st, &err), 1);
		cr_expect_str_eq((const char *)sqlite3_column_text(st, 0),
		    view_cases[i].want);
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
}
