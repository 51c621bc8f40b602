/*
 * A database in memory whose rows we write ourselves, for SQLite to take over:
 *
 *	INSERT INTO main.t SELECT * FROM image.t
 *
 * Between tables declared alike SQLite copies whole records ("transfer
 * optimization"): no value is bound, fetched or encoded one by one, which is
 * most of what an insert costs.  All it needs is the rows as a table of a
 * database; and pages of rows in ascending order are easily made.  Where the
 * tables differ, SQLite goes by column as always: slower, with the same result.
 *
 * Rows are of integers, blobs and NULL; at most IMAGE_COLUMNS of them.
 */
#ifndef SCHEMA_IMAGE_H
#define SCHEMA_IMAGE_H

#include <endian.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "schema/err.h"

#define IMAGE_COLUMNS	64
#define IMAGE_BLOB_MAX	16

struct image;

/* A row as SQLite stores it: serial types, values; from left to right. */
struct image_row {
	size_t	n;
	size_t	len;
	uint8_t	type[IMAGE_COLUMNS];
	/* a number is written as 8 bytes, whatever it takes */
	uint8_t	value[IMAGE_COLUMNS * IMAGE_BLOB_MAX + 8];
};

/* ddl: statements that make its tables, empty.  NULL: failed. */
struct image *image_new(const char *ddl, struct err *err);
void	image_free(struct image *im);

/* Empties all tables.  Not while it is shown. */
int	image_clear(struct image *im, struct err *err);

/*
 * From here on rows go to this table, until the next one or image_show; each
 * table once.
 */
int	image_table(struct image *im, const char *table, struct err *err);

/*
 * Ids ascend; in a table WITHOUT ROWID, whose columns are all its key, rows
 * come in the order of the key, and have no id.  -1: out of memory.
 */
int	image_add(struct image *im, int64_t id, const struct image_row *row,
	    struct err *err);

/*
 * Shows it to the connection as the attached database "image", until it is
 * hidden; not inside a transaction.  When image_show fails it is hidden.
 */
int	image_show(struct image *im, sqlite3 *db, struct err *err);
int	image_hide(sqlite3 *db, struct err *err);

/*
 * Most bytes that so many rows take, each of at most so many bytes with types
 * and values (at most 2000); several tables: the sum.
 */
size_t	image_memory(size_t rows, size_t row_bytes);

static inline void
image_start(struct image_row *r)
{
	r->n = r->len = 0;
}

static inline void
image_null(struct image_row *r)
{
	r->type[r->n++] = 0;
}

/* Serial types 1 to 6 are integers of so many bytes; 8 and 9 are 0 and 1. */
static inline void
image_int(struct image_row *r, int64_t v)
{
	static const uint8_t size[] = { 0, 1, 2, 3, 4, 6, 8 };
	uint64_t u = (uint64_t)(v < 0 ? ~v : v), big;
	unsigned t;

	if ((v & 1) == v) {
		r->type[r->n++] = (uint8_t)(8 + v);
		return;
	}
	t = u <= INT16_MAX ? (u <= INT8_MAX ? 1 : 2) :
	    u <= INT32_MAX ? (u < UINT32_C(1) << 23 ? 3 : 4) :
	    u < UINT64_C(1) << 47 ? 5 : 6;
	big = htobe64((uint64_t)v << (64 - 8 * size[t]));
	memcpy(r->value + r->len, &big, sizeof(big));
	r->type[r->n++] = (uint8_t)t;
	r->len += size[t];
}

/* len: at most IMAGE_BLOB_MAX */
static inline void
image_blob(struct image_row *r, const void *p, size_t len)
{
	memcpy(r->value + r->len, p, len);
	r->type[r->n++] = (uint8_t)(12 + 2 * len);
	r->len += len;
}

#endif
