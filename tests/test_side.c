/* Tables path and exporter in memory, also those that lie. */
#include "query/side.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <string.h>

#include "schema/db.h"

static sqlite3 *
make(const char *sql)
{
	struct err err = { .msg = "" };
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	cr_assert_eq(db_exec(db, "CREATE TABLE path(id, exporter, in_if, "
	    "out_if, sampling, tos, next_hop, src_mask, dst_mask, direction, "
	    "src_vlan, dst_vlan, dst_tos, bgp_next_hop, prev_as, next_as, "
	    "fwd_status, in_vrf, out_vrf, obs_domain, obs_point, engine_type, "
	    "engine_id); CREATE TABLE exporter(id, address, version, "
	    "source_id, name)", &err), 0, "%s", err.msg);
	cr_assert_eq(db_exec(db, sql, &err), 0, "%s", err.msg);
	return db;
}

#define ALL_PATH	flow_home_bits(HOME_PATH)

Test(side, paths)
{
	sqlite3 *db = make("INSERT INTO path(id, in_if, sampling, next_hop) "
	    "VALUES (1, 7, 100, x'0a000001'), (3, 8, NULL, NULL);"
	    "INSERT INTO exporter VALUES (1, x'7f000001', 9, 5, 'cisco')");
	struct side *s = side_load(db, "main", ALL_PATH, NULL);

	cr_assert_not_null(s);
	cr_expect_eq(side_paths(s), 4);
	cr_expect(side_is_sampled(s));
	cr_expect_eq(side_rate(s, 1), 100);
	cr_expect_eq(side_rate(s, 3), 1);
	cr_expect_eq(side_rate(s, 2), 1);
	cr_expect_eq(side_rate(s, -1), 1);
	cr_expect_eq(side_rate(s, INT64_MAX), 1);
	cr_expect_eq(side_datum(s, 1, COL_in_if)->number, 7);
	cr_expect_eq(side_datum(s, 1, COL_next_hop)->kind, DATUM_ADDR);
	cr_expect_eq(side_datum(s, 1, COL_next_hop)->addr[0], 10);
	cr_expect_eq(side_datum(s, 3, COL_next_hop)->kind, DATUM_NULL);
	cr_expect_eq(side_datum(s, 4, COL_in_if)->kind, DATUM_NULL);
	cr_expect_eq(side_datum(s, INT64_MIN, COL_in_if)->kind, DATUM_NULL);
	cr_expect_str_eq(side_exporter(s, 1)->name, "cisco");
	cr_expect_null(side_exporter(s, 0));
	cr_expect_null(side_exporter(s, 2));
	side_free(s);
	sqlite3_close(db);
}

/* Ids of any type and sign, rates of any size, addresses of any length. */
static const char *const lies[] = {
	"INSERT INTO path(id, sampling) VALUES ('-5', 7), ('zzz', 8)",
	"INSERT INTO path(id, sampling) VALUES (x'2d35', 7), (x'7a', 8)",
	"INSERT INTO path(id, sampling) VALUES (-9223372036854775808, 7), "
	    "(1, -1), (2, 1e300), (3, 'x'), (4, 4294967296)",
	"INSERT INTO path(id, sampling) VALUES (1.9, 7), (-0.5, 7)",
	"INSERT INTO path(id) VALUES (NULL), (0), (1), (1)",
	"INSERT INTO path(id, next_hop) VALUES (1, zeroblob(3)), "
	    "(2, zeroblob(5)), (3, zeroblob(1000000)), (4, '1234'), (5, 2.5)",
	"INSERT INTO exporter(id, address) VALUES ('-5', x'7f000001'), "
	    "('zzz', x'7f000001')",
	"INSERT INTO exporter(id, address, name) VALUES (1, x'7f000001', 'a'), "
	    "(1, x'7f000001', 'b'), (1, x'7f000001', NULL)",
	"INSERT INTO exporter VALUES (1, 'abcd', 9999, -1, 5), "
	    "(2, x'7f000001', 1e99, 1e99, x'00ff41')",
};

Test(side, lies)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		sqlite3 *db = make(lies[i]);
		struct err err = { .msg = "" };
		struct side *s = side_load(db, "main", ALL_PATH, &err);

		/* read or refused: ASan and UBSan look on */
		for (int64_t id = -6; s != NULL && id < 8; id++) {
			cr_expect_geq(side_rate(s, id), 1);
			for (enum column c = 0; c < COLUMN_COUNT; c++) {
				const struct datum *d;

				if (column_info(c)->home != HOME_PATH)
					continue;
				d = side_datum(s, id, c);
				cr_expect(d->kind != DATUM_ADDR ||
				    d->len == 4 || d->len == 16);
			}
			(void)side_exporter(s, id);
		}
		side_free(s);
		sqlite3_close(db);
	}
}

/* No memory for ids that no writer gives. */
static const struct { const char *sql, *table; } wild[] = {
	{ "INSERT INTO path(id) VALUES (4611686018427387904)", "path" },
	{ "INSERT INTO path(id) VALUES (9223372036854775807)", "path" },
	{ "INSERT INTO path(id) VALUES (16777216)", "path" },
	{ "INSERT INTO path(id) VALUES (-7)", "path" },
	{ "INSERT INTO exporter(id) VALUES (1048576)", "exporter" },
};

Test(side, wild_ids)
{
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		sqlite3 *db = make(wild[i].sql);
		struct err err = { .msg = "" };

		cr_expect_null(side_load(db, "main", ALL_PATH, &err));
		cr_expect_eq(err.code, ERR_CORRUPT);
		cr_expect_not_null(strstr(err.msg, wild[i].table), "%s",
		    err.msg);
		sqlite3_close(db);
	}
}
