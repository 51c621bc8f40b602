/* Pages read straight from a file against the same rows by SQL. */
#include "query/btree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/db.h"

#define COLUMNS	6

/* Every integer size, both signs, 0 and 1, NULLs, blobs of 0 to 20 bytes. */
static const char make[] =
    "PRAGMA page_size = %d; CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, "
    "b BLOB, c INT, d BLOB, e INT);"
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n "
    "LIMIT %d) INSERT INTO t SELECT i * 3, "
    "  CASE i %% 11 WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN "
    "  -1 WHEN 4 THEN 9223372036854775807 WHEN 5 THEN -9223372036854775807 "
    "  WHEN 6 THEN i * 70000000 WHEN 7 THEN -i * 40 WHEN 8 THEN i * 12345 "
    "  WHEN 9 THEN 140737488355327 ELSE -128 END,"
    "  CASE i %% 4 WHEN 0 THEN NULL ELSE zeroblob(i %% 20) END,"
    "  i, CAST(printf('%%04d', i %% 10000) AS BLOB), nullif(i %% 3, 0) FROM n";

static char *
make_file(int page_size, int rows)
{
	char *path = strdup("/tmp/flowdb-test.XXXXXX"), sql[2000];
	struct err err;
	sqlite3 *db;

	close(mkstemp(path));
	db = db_open(path, SQLITE_OPEN_READWRITE, &err);
	cr_assert_not_null(db, "%s", err.msg);
	(void)snprintf(sql, sizeof(sql), make, page_size, rows);
	cr_assert_eq(db_exec(db, sql, &err), 0, "%s", err.msg);
	sqlite3_close(db);
	return path;
}

static uint32_t
root_of(sqlite3 *db)
{
	struct err err;
	int64_t root;

	cr_assert_eq(db_int(db, "SELECT rootpage FROM sqlite_schema WHERE "
	    "name = 't'", 0, &root, &err), 0);
	return (uint32_t)root;
}

static void
compare_row(sqlite3_stmt *st, const struct btree_rows *r, size_t i)
{
	cr_assert_eq(r->id[i], sqlite3_column_int64(st, 0));
	for (int c = 1; c < COLUMNS; c++) {
		if (r->null[c] == NULL)
			continue;
		cr_assert_eq(r->null[c][i], sqlite3_column_type(st, c) ==
		    SQLITE_NULL);
		if (r->value[c] != NULL) {
			cr_assert_eq(r->value[c][i],
			    sqlite3_column_int64(st, c));
			continue;
		}
		cr_assert_eq(r->length[c][i], sqlite3_column_bytes(st, c));
		if (r->length[c][i] > 0)
			cr_assert_eq(memcmp(r->blob[c][i],
			    sqlite3_column_blob(st, c), r->length[c][i]), 0);
	}
}

static void
compare(int page_size, int rows, const char *want)
{
	char *path = make_file(page_size, rows);
	struct err err;
	sqlite3 *db = db_open(path, SQLITE_OPEN_READONLY, &err);
	sqlite3_stmt *st = db_prepare(db, "SELECT * FROM t ORDER BY id", &err);
	struct btree *t = btree_open(path, root_of(db), &err);
	struct btree_rows *r;
	int seen = 0;

	cr_assert_not_null(t, "%s", err.msg);
	r = btree_rows_new(t, want, COLUMNS);
	for (size_t l = 0; l < btree_leaves(t); l++) {
		cr_assert_eq(btree_read(t, l, r, &err), 0, "%s", err.msg);
		for (size_t i = 0; i < r->n; i++, seen++) {
			cr_assert_eq(db_step(st, &err), 1);
			compare_row(st, r, i);
		}
	}
	cr_expect_eq(seen, rows);
	cr_expect_eq(db_step(st, &err), 0);
	btree_rows_free(r);
	btree_close(t);
	sqlite3_finalize(st);
	sqlite3_close(db);
	unlink(path);
	free(path);
}

Test(btree, all_columns)
{
	compare(4096, 20000, "\0nbnbn");
}

Test(btree, some_columns)
{
	compare(4096, 2000, "\0\0\0n\0\0");
	compare(4096, 2000, "\0\0b\0\0\0");
	compare(4096, 2000, "\0\0\0\0\0\0");
}

Test(btree, page_sizes_and_few_rows)
{
	static const int sizes[] = { 512, 1024, 16384, 65536 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		compare(sizes[i], 1, "\0nbnbn");
		compare(sizes[i], 3000, "\0nbnbn");
	}
	compare(16384, 0, "\0nbnbn");
}

/* Rows of some ids, which may be missing: every third is there. */
static void
compare_ids(int page_size, int rows, uint32_t step)
{
	char *path = make_file(page_size, rows);
	struct err err = { .msg = "" };
	sqlite3 *db = db_open(path, SQLITE_OPEN_READONLY, &err);
	sqlite3_stmt *st = db_prepare(db, "SELECT * FROM t WHERE id = ?1",
	    &err);
	struct btree *t = btree_open(path, root_of(db), &err);
	struct btree_rows *r = btree_rows_new(t, "\0nbnbn", COLUMNS);
	struct btree_value v[COLUMNS];
	int64_t ids[1000];
	size_t used, seen = 0, want = 0;

	for (int i = 0; i < 1000; i++) {
		ids[i] = i == 0 ? -7 : ids[i - 1] + 1 +
		    (uint32_t)i * 2654435761U % step;
		want += ids[i] > 0 && ids[i] % 3 == 0 &&
		    ids[i] <= rows * 3;
	}
	for (size_t at = 0; at < 1000; at += used) {
		cr_assert_eq(btree_read_ids(t, ids + at, 1000 - at, r, &used,
		    &err), 0, "%s", err.msg);
		cr_assert(used >= 1 && used <= 1000 - at);
		for (size_t i = 0; i < r->n; i++, seen++) {
			(void)sqlite3_bind_int64(st, 1, r->id[i]);
			cr_assert_eq(db_step(st, &err), 1);
			compare_row(st, r, i);
			cr_assert_eq(btree_row(t, r, i, v, COLUMNS, &err), 0);
			cr_assert_eq(v[3].number, sqlite3_column_int64(st, 3));
			cr_assert_eq(v[4].length, 4);
			cr_assert_eq(memcmp(v[4].blob,
			    sqlite3_column_blob(st, 4), 4), 0);
			(void)sqlite3_reset(st);
		}
	}
	cr_expect_eq(seen, want);
	btree_rows_free(r);
	btree_close(t);
	sqlite3_finalize(st);
	sqlite3_close(db);
	unlink(path);
	free(path);
}

Test(btree, some_rows)
{
	compare_ids(512, 4000, 2);
	compare_ids(1024, 4000, 20);
	compare_ids(4096, 20000, 60);
	compare_ids(65536, 20000, 90);
	compare_ids(4096, 1, 2);
}

/* A table some of whose leaves have been split: these stand apart. */
static char *
make_split(int page_size, int rows)
{
	char *path = make_file(page_size, rows);
	struct err err;
	sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE, &err);

	cr_assert_eq(db_exec(db, "UPDATE t SET d = zeroblob(40) WHERE "
	    "id / 300 % 7 = 3", &err), 0, "%s", err.msg);
	sqlite3_close(db);
	return path;
}

static void
compare_by_id(sqlite3_stmt *st, const struct btree_rows *r)
{
	struct err err;

	for (size_t i = 0; i < r->n; i++) {
		(void)sqlite3_bind_int64(st, 1, r->id[i]);
		cr_assert_eq(db_step(st, &err), 1);
		compare_row(st, r, i);
		(void)sqlite3_reset(st);
	}
}

/*
 * Leaves in their order, then (each twice, as the whole and its first row) all
 * over: what was read along with another is the same.
 */
Test(btree, leaves_in_any_order)
{
	char *path = make_split(1024, 20000);
	struct err err;
	sqlite3 *db = db_open(path, SQLITE_OPEN_READONLY, &err);
	sqlite3_stmt *st = db_prepare(db, "SELECT * FROM t WHERE id = ?1",
	    &err);
	struct btree *t = btree_open(path, root_of(db), &err);
	struct btree_rows *r = btree_rows_new(t, "\0nbnbn", COLUMNS);
	size_t n = btree_leaves(t), seen = 0, jumps = 0;
	int64_t *first = calloc(n, sizeof(*first));

	for (size_t l = 0; l < n; l++) {
		cr_assert_eq(btree_read(t, l, r, &err), 0, "%s", err.msg);
		compare_by_id(st, r);
		first[l] = r->id[0];
		seen += r->n;
		jumps += l > 0 && btree_leaf_page(t, l) !=
		    btree_leaf_page(t, l - 1) + 1;
	}
	cr_assert_eq(seen, 20000);
	cr_assert(jumps > 10 && jumps < n / 2, "%zu of %zu", jumps, n);
	for (size_t k = 0; k < n; k++) {
		/* some of them forward, from wherever that is */
		size_t l = (k / 5 * 7919 + k % 5) % n;

		cr_assert_eq(btree_read_first(t, l, r, &err), 0);
		cr_assert(r->n == 1 && r->id[0] == first[l]);
		cr_assert_eq(btree_read(t, l, r, &err), 0, "%s", err.msg);
		cr_assert_eq(r->id[0], first[l]);
		compare_by_id(st, r);
	}
	free(first);
	btree_rows_free(r);
	btree_close(t);
	sqlite3_finalize(st);
	sqlite3_close(db);
	unlink(path);
	free(path);
}

/* Cut while it is open: what is there is given, the rest is an error. */
Test(btree, cut)
{
	char *path = make_file(1024, 20000);
	struct err err = { .msg = "" };
	struct btree *t = btree_open(path, 2, &err);
	struct btree_rows *r = btree_rows_new(t, "\0nbnbn", COLUMNS);
	uint32_t left = btree_pages(t) / 2;
	size_t whole = 0;

	/* and half a page */
	cr_assert_eq(truncate(path, (off_t)left * 1024 + 512), 0);
	for (size_t l = 0; l < btree_leaves(t); l++) {
		int rc = btree_read(t, l, r, &err);

		cr_assert_eq(rc, btree_leaf_page(t, l) <= left ? 0 : -1);
		cr_assert(rc == 0 || strstr(err.msg, "file is cut") != NULL);
		cr_assert_eq(r->n > 0, rc == 0);
		whole += rc == 0;
	}
	cr_expect(whole > 100 && whole < btree_leaves(t) - 100);
	btree_rows_free(r);
	btree_close(t);
	unlink(path);
	free(path);
}

static const struct { const char *sql, *want; } refused[] = {
	{ "PRAGMA journal_mode = WAL", "rollback" },
	{ "UPDATE t SET a = 1.5 WHERE id = 300", "value of another type" },
	{ "UPDATE t SET a = 'x' WHERE id = 300", "value of another type" },
	{ "UPDATE t SET b = 'x' WHERE id = 300", "value of another type" },
	{ "UPDATE t SET b = zeroblob(9000) WHERE id = 300", "row too long" },
	{ "UPDATE t SET b = zeroblob(100) WHERE id = 300", "record is cut" },
};

Test(btree, refused)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char *path = make_file(4096, 1000);
		struct err err;
		sqlite3 *db = db_open(path, SQLITE_OPEN_READWRITE, &err);
		uint32_t root = root_of(db);
		struct btree_rows *r;
		struct btree *t;
		int rc = -1;

		cr_assert_eq(db_exec(db, refused[i].sql, &err), 0);
		t = btree_open(path, root, &err);
		if (t != NULL) {
			r = btree_rows_new(t, "\0nbnbn", COLUMNS);
			rc = 0;
			for (size_t l = 0; l < btree_leaves(t) && rc == 0; l++)
				rc = btree_read(t, l, r, &err);
			btree_rows_free(r);
			btree_close(t);
		}
		cr_expect_eq(rc, -1, "%s", refused[i].sql);
		cr_expect(strstr(err.msg, refused[i].want) != NULL, "%s: %s",
		    refused[i].sql, err.msg);
		sqlite3_close(db);
		unlink(path);
		free(path);
	}
}

/* Few pages that name each other: as many leaves as the file could hold. */
Test(btree, over_and_over)
{
	char *path = make_file(1024, 20000);
	struct err err = { .msg = "" };
	uint8_t root[1024];
	int fd = open(path, O_RDWR);
	struct btree *t;
	unsigned cells;

	cr_assert_eq(pread(fd, root, sizeof(root), 1024), sizeof(root));
	cells = btree_be16(root + 3);
	cr_assert_eq(root[0], 5);
	cr_assert_gt(cells, 1);
	for (unsigned i = 1; i < cells; i++)
		memcpy(root + btree_be16(root + 12 + (size_t)i * 2),
		    root + btree_be16(root + 12), 4);
	cr_assert_eq(pwrite(fd, root, sizeof(root), 1024), sizeof(root));
	cr_assert_eq(ftruncate(fd, INT64_C(1) << 40), 0);
	t = btree_open(path, 2, &err);
	cr_expect_null(t);
	cr_expect_not_null(strstr(err.msg, "out of order"), "%s", err.msg);
	btree_close(t);
	close(fd);
	unlink(path);
	free(path);
}

/* Any damage ends in an error or in rows, never outside the page (ASan). */
Test(btree, damaged)
{
	char *path = make_file(1024, 3000);
	uint32_t x = 99;
	int fd = open(path, O_RDWR), errors = 0;
	off_t size = lseek(fd, 0, SEEK_END);

	cr_assert_gt(size, 10000);
	for (int round = 0; round < 3000; round++) {
		struct err err;
		struct btree *t;
		uint8_t old, new;
		off_t at;

		x = x * 1664525U + 1013904223U;
		/* often a page's head, where the structure is */
		at = x & 1 ? (off_t)(x >> 1) % size :
		    (off_t)(x >> 1) % (size / 1024) * 1024 + (x >> 8) % 16;
		new = (uint8_t)(x >> 24);
		cr_assert_eq(pread(fd, &old, 1, at), 1);
		cr_assert_eq(pwrite(fd, &new, 1, at), 1);
		t = btree_open(path, 2, &err);
		if (t == NULL) {
			errors++;
		} else {
			struct btree_rows *r = btree_rows_new(t, "\0nbnbn",
			    COLUMNS);

			for (size_t l = 0; l < btree_leaves(t); l++)
				errors += btree_read(t, l, r, &err) == -1;
			btree_rows_free(r);
			btree_close(t);
		}
		/* every third stays */
		if (round % 3 != 0)
			cr_assert_eq(pwrite(fd, &old, 1, at), 1);
	}
	cr_expect_gt(errors, 100);
	close(fd);
	unlink(path);
	free(path);
}
