/* Databases made page by page: SQLite must find them sound, and the rows. */
#include "schema/image.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "collector/batch_image.h"
#include "schema/db.h"
#include "schema/ddl.h"

#define DDL	"CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b BLOB,"  \
		" c INTEGER) STRICT;"					      \
		"CREATE TABLE k (b BLOB, a INTEGER, PRIMARY KEY (b, a))"      \
		" WITHOUT ROWID;"					      \
		"CREATE TABLE u (id INTEGER PRIMARY KEY, a INTEGER) STRICT;"

static struct err err;

static sqlite3 *
new_db(void)
{
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE, &err);

	cr_assert_not_null(db);
	cr_assert_eq(db_exec(db, DDL, &err), 0, "%s", err.msg);
	return db;
}

static int64_t
ask(sqlite3 *db, const char *sql)
{
	int64_t out;

	cr_assert_eq(db_int(db, sql, -1, &out, &err), 0, "%s", err.msg);
	return out;
}

/* What SQLite says of the image. */
static void
check_sound(sqlite3 *db, const char *when)
{
	sqlite3_stmt *st = db_prepare(db, "PRAGMA image.integrity_check", &err);
	const char *told;

	cr_assert_not_null(st, "%s", err.msg);
	cr_assert_eq(db_step(st, &err), 1, "%s", err.msg);
	told = (const char *)sqlite3_column_text(st, 0);
	cr_assert_str_eq(told, "ok", "%s: %s", when, told);
	(void)sqlite3_finalize(st);
}

/* Row i of table t; a runs through all sizes of numbers, also below 0. */
static void
make_row(struct image_row *row, int64_t i, size_t blob)
{
	static const uint8_t bytes[IMAGE_BLOB_MAX] = { 1, 2, 3, 0, 255 };

	image_start(row);
	image_null(row);
	image_int(row, (i & 1 ? -1 : 1) * (INT64_C(1) << i % 63) - i % 3);
	if (i % 7 == 0)
		image_null(row);
	else
		image_blob(row, bytes, blob);
	image_int(row, i);
}

static void
fill(struct image *im, int64_t rows, int64_t first, size_t blob)
{
	struct image_row row;

	cr_assert_eq(image_clear(im, &err), 0);
	cr_assert_eq(image_table(im, "t", &err), 0, "%s", err.msg);
	for (int64_t i = 0; i < rows; i++) {
		make_row(&row, i, blob);
		cr_assert_eq(image_add(im, first + i, &row, &err), 0);
	}
}

/* What the rows must be, told by SQL. */
static const char differ[] =
    "SELECT count(*) FROM main.t WHERE "
    "a IS NOT iif(c % 2, -1, 1) * (1 << c % 63) - c % 3 OR "
    "b IS NOT iif(c % 7 = 0, NULL, "
    "  substr(x'01020300ff0000000000000000000000', 1, length(b))) "
    "OR id <> c + ?1";

static void
check(struct image *im, int64_t rows, int64_t first)
{
	sqlite3 *db = new_db();
	sqlite3_stmt *st;

	cr_assert_eq(image_show(im, db, &err), 0, "%s", err.msg);
	check_sound(db, "rows of t");
	cr_assert_eq(db_exec(db, "INSERT INTO main.t SELECT * FROM image.t",
	    &err), 0, "%s", err.msg);
	cr_assert_eq(image_hide(db, &err), 0, "%s", err.msg);
	cr_expect_eq(ask(db, "SELECT count(*) FROM t"), rows);
	st = db_prepare(db, differ, &err);
	cr_assert_not_null(st, "%s", err.msg);
	(void)sqlite3_bind_int64(st, 1, first);
	cr_assert_eq(db_step(st, &err), 1);
	cr_expect_eq(sqlite3_column_int64(st, 0), 0, "%lld rows differ",
	    (long long)sqlite3_column_int64(st, 0));
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
}

Test(image, any_number_of_rows)
{
	struct image *im = image_new(DDL, &err);

	cr_assert_not_null(im, "%s", err.msg);
	/* none, one page, and around the first page that is full */
	for (int64_t rows = 0; rows < 400; rows++) {
		fill(im, rows, 1, 4);
		check(im, rows, 1);
	}
	image_free(im);
}

/* Ids of 9 bytes, long rows: pages of all three levels. */
Test(image, levels)
{
	static const int64_t rows[] = { 20000, 48000, 70001 };
	int64_t first = INT64_MAX - 100000;
	struct image *im = image_new(DDL, &err);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(im, rows[i], first, IMAGE_BLOB_MAX);
		check(im, rows[i], first);
	}
	image_free(im);
}

/* An interior page that is full at each place of its last child. */
Test(image, interior_is_full)
{
	struct image *im = image_new(DDL, &err);

	for (int64_t rows = 24000; rows < 27000; rows += 25) {
		fill(im, rows, -rows / 2, IMAGE_BLOB_MAX);
		check(im, rows, -rows / 2);
	}
	image_free(im);
}

/* A table that is an index: dividers are rows, too. */
Test(image, without_rowid)
{
	struct image *im = image_new(DDL, &err);

	for (int64_t rows = 0; rows < 40000; rows += rows < 600 ? 1 : 1237) {
		sqlite3 *db = new_db();

		cr_assert_eq(image_clear(im, &err), 0);
		cr_assert_eq(image_table(im, "k", &err), 0);
		for (int64_t i = 0; i < rows; i++) {
			struct image_row row;
			uint32_t key = htobe32((uint32_t)(i / 3));

			image_start(&row);
			image_blob(&row, &key, sizeof(key));
			image_int(&row, i);
			cr_assert_eq(image_add(im, 0, &row, &err), 0);
		}
		cr_assert_eq(image_show(im, db, &err), 0, "%s", err.msg);
		check_sound(db, "rows of k");
		cr_assert_eq(db_exec(db, "INSERT INTO main.k SELECT * FROM "
		    "image.k", &err), 0, "%s", err.msg);
		cr_expect_eq(ask(db, "SELECT count(*) FROM main.k"), rows);
		cr_expect_eq(ask(db, "SELECT ifnull(sum(a), 0) FROM main.k "
		    "WHERE hex(b) = printf('%08X', a / 3)"),
		    rows * (rows - 1) / 2);
		cr_assert_eq(image_hide(db, &err), 0, "%s", err.msg);
		(void)sqlite3_close(db);
	}
	image_free(im);
}

Test(image, two_tables_and_what_is_not_there)
{
	struct image *im = image_new(DDL, &err);
	sqlite3 *db = new_db();
	struct image_row row;

	fill(im, 1000, 1, 3);
	cr_assert_eq(image_table(im, "u", &err), 0);
	for (int64_t i = 0; i < 3000; i++) {
		image_start(&row);
		image_null(&row);
		image_int(&row, i);
		cr_assert_eq(image_add(im, i, &row, &err), 0);
	}
	cr_expect_eq(image_table(im, "v", &err), -1);
	cr_assert_eq(image_show(im, db, &err), 0);
	check_sound(db, "two tables");
	cr_expect_eq(ask(db, "SELECT count(*) FROM image.t"), 1000);
	cr_expect_eq(ask(db, "SELECT sum(a) FROM image.u WHERE id = a"),
	    2999 * 3000 / 2);
	/* once is enough */
	cr_expect_eq(image_show(im, db, &err), -1);
	cr_assert_eq(image_hide(db, &err), 0);
	/* cleared, nothing of it is left */
	cr_assert_eq(image_clear(im, &err), 0);
	cr_assert_eq(image_show(im, db, &err), 0);
	cr_expect_eq(ask(db, "SELECT count(*) FROM image.t, image.u"), 0);
	cr_assert_eq(image_hide(db, &err), 0);
	(void)sqlite3_close(db);
	image_free(im);
}

/* Does the statement copy records, without a look at their columns? */
static bool
copies_records(sqlite3 *db, const char *explain)
{
	sqlite3_stmt *st = db_prepare(db, explain, &err);
	bool whole = false, column = false;

	cr_assert_not_null(st, "%s", err.msg);
	while (db_step(st, &err) == 1) {
		const char *op = (const char *)sqlite3_column_text(st, 1);

		whole = whole || strcmp(op, "RowData") == 0 ||
		    strcmp(op, "RowCell") == 0;
		column = column || strcmp(op, "Column") == 0;
	}
	(void)sqlite3_finalize(st);
	return whole && !column;
}

/* What makes it worth it; results would be the same without. */
Test(image, flows_go_into_a_shard_as_records)
{
	struct image *im = batch_image_new(&err);
	char *ddl = ddl_shard();
	sqlite3 *db = new_db();

	cr_assert_not_null(im, "%s", err.msg);
	cr_assert_eq(db_exec(db, ddl, &err), 0, "%s", err.msg);
	cr_assert_eq(image_show(im, db, &err), 0, "%s", err.msg);
	cr_expect(copies_records(db, "EXPLAIN INSERT INTO main.flow "
	    "SELECT * FROM image.flow"));
	cr_expect(copies_records(db, "EXPLAIN INSERT INTO main.extra "
	    "SELECT * FROM image.extra"));
	cr_assert_eq(image_hide(db, &err), 0, "%s", err.msg);
	(void)sqlite3_close(db);
	image_free(im);
	free(ddl);
}

/* Of flows whose every column takes most. */
Test(image, memory_of_a_batch)
{
	static const size_t counts[] = { 1, 64, 1000, 20000 };
	struct image *im = batch_image_new(&err);
	struct flow f;

	cr_assert_not_null(im, "%s", err.msg);
	memset(&f, 0xff, sizeof(f));
	f.set = UINT64_MAX >> (64 - COLUMN_COUNT);
	f.first_ms = f.duration_ms = INT64_MAX;
	f.packets = f.bytes = f.out_packets = f.out_bytes = INT64_MAX;
	f.in_src_mac = f.out_dst_mac = f.in_dst_mac = f.out_src_mac =
	    (UINT64_C(1) << 48) - 1;
	f.src_addr.len = f.dst_addr.len = f.nat_src_addr.len =
	    f.nat_dst_addr.len = IMAGE_BLOB_MAX;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t n = counts[i], size, most = batch_image_memory(n);
		struct flow *flows = calloc(n, sizeof(*flows));
		int64_t *paths = calloc(n, sizeof(*paths));
		const struct batch_part part = { .flows = flows, .n = n };
		sqlite3 *db = new_db();

		cr_assert(flows != NULL && paths != NULL);
		for (size_t k = 0; k < n; k++) {
			flows[k] = f;
			paths[k] = INT64_MAX - (int64_t)k;
		}
		cr_assert_eq(batch_image_fill(im, &part, paths, UINT32_MAX,
		    &err), 0, "%s", err.msg);
		cr_assert_eq(image_show(im, db, &err), 0, "%s", err.msg);
		size = (size_t)ask(db, "PRAGMA image.page_count") * 4096;
		/* room grows by half, and starts with 16 pages */
		cr_expect_leq(size + size / 2, most, "%zu: %zu", n, size);
		cr_expect_leq(most, size * 2 + (64 << 12), "%zu: %zu", n, size);
		(void)sqlite3_close(db);
		free(paths);
		free(flows);
	}
	image_free(im);
}
