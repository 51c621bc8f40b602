/*
 * Pages of tables, written from left to right: see image.h.
 *
 * A page is filled with cells from its end, and with their places from its
 * head.  A full leaf becomes a child of the page above it, which is made and
 * grows the same way, so that a tree has one page under work on each level:
 *
 *	level 1		[leaf 3, up to where] [leaf 4, up to where] ..
 *	level 0		leaf 5, being filled: the right-most child
 *
 * What stands beside a child is the last id in it or, in a table without
 * rowids, a row that comes after it and is nowhere else.
 *
 * The schema says where a table's root lies, so the page on top is there; when
 * it is full it moves, as a child of the one that takes its place.  Page 1 and
 * empty roots are SQLite's, from an empty database.
 *
 * Format: https://www.sqlite.org/fileformat.html, sections 1.3 and 1.6.
 */
#include "schema/image.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/db.h"

#define PAGE_SIZE	4096U
#define MAX_TABLES	16
#define MAX_LEVELS	5	/* more than 2^32 rows */
#define LEAF_HEAD	8U
#define INTERIOR_HEAD	12U
#define INDEX_LEAF	0x0a	/* of a table without rowids */
#define VARINT_MAX	9U
#define CELL_MAX	(2 * VARINT_MAX + 1 + sizeof(struct image_row))
#define PAGES_FIRST	16U

/* The page under work on one level of the table at hand. */
struct level {
	uint32_t	page;		/* 0: none yet */
	uint32_t	cells;
	uint32_t	start;		/* of the cells */
	uint32_t	last;		/* bytes of the last one, at start */
};

struct image {
	uint8_t		*pages;
	uint32_t	 n;
	uint32_t	 cap;
	uint8_t		*empty;		/* of SQLite's making */
	uint32_t	 n_empty;
	struct {
		char	 name[32];
		uint32_t root;
	}		 table[MAX_TABLES];
	size_t		 n_tables;
	/* the table at hand */
	uint32_t	 root;		/* 0: none */
	bool		 index;		/* without rowids */
	int64_t		 last_id;
	struct level	 level[MAX_LEVELS];
};

static uint8_t *
page_at(const struct image *im, uint32_t page)
{
	return im->pages + (size_t)(page - 1) * PAGE_SIZE;
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

/* Returns how many bytes it took. */
static inline size_t
put_varint(uint8_t *p, uint64_t v)
{
	uint8_t buf[VARINT_MAX];
	size_t n = 0;

	if (v < 0x80) {
		*p = (uint8_t)v;
		return 1;
	}
	if (v >> 56 != 0) {
		/* the ninth byte has 8 bits */
		p[8] = (uint8_t)v;
		v >>= 8;
		for (int i = 7; i >= 0; i--, v >>= 7)
			p[i] = (uint8_t)(v | 0x80);
		return VARINT_MAX;
	}
	for (; v != 0; v >>= 7)
		buf[n++] = (uint8_t)(v | 0x80);
	buf[0] &= 0x7f;
	for (size_t i = 0; i < n; i++)
		p[i] = buf[n - 1 - i];
	return n;
}

static int
new_page(struct image *im, uint32_t *page, struct err *err)
{
	if (im->n == im->cap) {
		uint32_t cap = im->cap == 0 ? PAGES_FIRST :
		    im->cap + im->cap / 2;
		uint8_t *p = realloc(im->pages, (size_t)cap * PAGE_SIZE);

		if (p == NULL)
			return err_set(err, "out of memory");
		im->pages = p;
		im->cap = cap;
	}
	*page = ++im->n;
	return 0;
}

/* An empty page for a level; the highest one is the root. */
static int
open_level(struct image *im, size_t level, bool top, struct err *err)
{
	struct level *l = &im->level[level];

	*l = (struct level){ .page = im->root, .start = PAGE_SIZE };
	return top ? 0 : new_page(im, &l->page, err);
}

/* right: the last child of an interior page */
static void
finish_page(const struct image *im, size_t level, uint32_t right)
{
	static const uint8_t type[2][2] = { { 0x0d, 0x05 },
		{ INDEX_LEAF, 0x02 } };
	const struct level *l = &im->level[level];
	uint8_t *p = page_at(im, l->page);

	memset(p, 0, LEAF_HEAD);
	p[0] = type[im->index][level > 0];
	put16(p + 3, l->cells);
	put16(p + 5, l->start);
	if (level > 0)
		put32(p + 8, right);
}

/* False: there is no room. */
static inline bool
put_cell(struct image *im, size_t level, const uint8_t *cell, size_t len)
{
	struct level *l = &im->level[level];
	uint32_t places = (level == 0 ? LEAF_HEAD : INTERIOR_HEAD) +
	    2 * l->cells;
	uint8_t *p = page_at(im, l->page);

	if (places + 2 + len > l->start)
		return false;
	l->start -= (uint32_t)len;
	l->last = (uint32_t)len;
	memcpy(p + l->start, cell, len);
	put16(p + places, l->start);
	l->cells++;
	return true;
}

/* Takes the last cell out again; returns its length. */
static size_t
take_cell(struct image *im, size_t level, uint8_t *cell)
{
	struct level *l = &im->level[level];

	memcpy(cell, page_at(im, l->page) + l->start, l->last);
	l->start += l->last;
	l->cells--;
	return l->last;
}

static int add_child(struct image *im, size_t level, uint32_t child,
    const uint8_t *beside, size_t len, struct err *err);

/* The page of a level is complete: it goes below the next level. */
static int
close_page(struct image *im, size_t level, uint32_t right,
    const uint8_t *beside, size_t len, struct err *err)
{
	uint32_t page = im->level[level].page;

	finish_page(im, level, right);
	if (page == im->root) {
		if (new_page(im, &page, err) == -1)
			return -1;
		memcpy(page_at(im, page), page_at(im, im->root), PAGE_SIZE);
	}
	return add_child(im, level + 1, page, beside, len, err);
}

/*
 * One more cell of an interior page.  When that is full, its last cell goes
 * up, whose child is the last of the page; the new page has a cell at once, as
 * SQLite demands.
 */
static int
add_child(struct image *im, size_t level, uint32_t child,
    const uint8_t *beside, size_t len, struct err *err)
{
	uint8_t cell[4 + CELL_MAX], last[4 + CELL_MAX] = { 0 };
	size_t last_len;

	if (level == MAX_LEVELS)
		return err_set(err, "too many rows");
	if (im->level[level].page == 0)
		(void)open_level(im, level, true, err);
	put32(cell, child);
	memcpy(cell + 4, beside, len);
	if (put_cell(im, level, cell, 4 + len))
		return 0;
	last_len = take_cell(im, level, last);
	if (close_page(im, level, get32(last), last + 4,
	    last_len - 4, err) == -1 ||
	    open_level(im, level, false, err) == -1)
		return -1;
	(void)put_cell(im, level, cell, 4 + len);
	return 0;
}

/* A leaf is full. */
static int
next_leaf(struct image *im, struct err *err)
{
	uint8_t beside[CELL_MAX];
	size_t len;

	if (im->index)
		len = take_cell(im, 0, beside);
	else
		len = put_varint(beside, (uint64_t)im->last_id);
	if (close_page(im, 0, 0, beside, len, err) == -1)
		return -1;
	return open_level(im, 0, false, err);
}

int
image_add(struct image *im, int64_t id, const struct image_row *row,
    struct err *err)
{
	uint8_t cell[CELL_MAX], *p = cell;

	p += put_varint(p, 1 + row->n + row->len);
	if (!im->index)
		p += put_varint(p, (uint64_t)id);
	*p++ = (uint8_t)(1 + row->n);
	memcpy(p, row->type, row->n);
	p += row->n;
	memcpy(p, row->value, row->len);
	p += row->len;
	if (!put_cell(im, 0, cell, (size_t)(p - cell))) {
		if (next_leaf(im, err) == -1)
			return -1;
		(void)put_cell(im, 0, cell, (size_t)(p - cell));
	}
	im->last_id = id;
	return 0;
}

/* The pages under work are the right-most ones of the table at hand. */
static void
finish_table(struct image *im)
{
	uint32_t right = 0;
	size_t top = 0;

	if (im->root == 0)
		return;
	for (; im->level[top].page != im->root; top++) {
		finish_page(im, top, right);
		right = im->level[top].page;
	}
	finish_page(im, top, right);
	im->root = 0;
}

int
image_table(struct image *im, const char *table, struct err *err)
{
	finish_table(im);
	memset(im->level, 0, sizeof(im->level));
	for (size_t i = 0; i < im->n_tables; i++) {
		if (strcmp(im->table[i].name, table) == 0) {
			im->root = im->table[i].root;
			im->index = page_at(im, im->root)[0] == INDEX_LEAF;
			return open_level(im, 0, true, err);
		}
	}
	return err_set(err, "no table %s", table);
}

int
image_clear(struct image *im, struct err *err)
{
	uint32_t page;

	im->n = 0;
	im->root = 0;
	while (im->n < im->n_empty) {
		if (new_page(im, &page, err) == -1)
			return -1;
	}
	memcpy(im->pages, im->empty, (size_t)im->n_empty * PAGE_SIZE);
	return 0;
}

int
image_hide(sqlite3 *db, struct err *err)
{
	return db_exec(db, "DETACH image", err);
}

int
image_show(struct image *im, sqlite3 *db, struct err *err)
{
	sqlite3_int64 size;

	finish_table(im);
	size = (sqlite3_int64)im->n * PAGE_SIZE;
	put32(im->pages + 28, im->n);	/* pages of the database */
	if (db_exec(db, "ATTACH ':memory:' AS image", err) == -1)
		return -1;
	if (sqlite3_deserialize(db, "image", im->pages, size, size, 0) !=
	    SQLITE_OK) {
		(void)db_error(db, NULL, err);
		(void)image_hide(db, NULL);
		return -1;
	}
	return 0;
}

static int
find_roots(struct image *im, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *st = db_prepare(db, "SELECT name, rootpage FROM "
	    "sqlite_schema WHERE type = 'table'", err);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(st, err)) == 1 && im->n_tables < MAX_TABLES) {
		(void)snprintf(im->table[im->n_tables].name,
		    sizeof(im->table[0].name), "%s",
		    (const char *)sqlite3_column_text(st, 0));
		im->table[im->n_tables++].root =
		    (uint32_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return rc == -1 ? -1 : 0;
}

/* The tables, empty, as SQLite makes them. */
static int
make_empty(struct image *im, const char *ddl, struct err *err)
{
	sqlite3 *db = db_open(":memory:", SQLITE_OPEN_READWRITE, err);
	sqlite3_int64 size;
	char sql[40];
	int rc = -1;

	if (db == NULL)
		return -1;
	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size = %u", PAGE_SIZE);
	if (db_exec(db, sql, err) == -1 || db_exec(db, ddl, err) == -1 ||
	    find_roots(im, db, err) == -1)
		goto out;
	im->empty = sqlite3_serialize(db, "main", &size, 0);
	if (im->empty == NULL) {
		(void)err_set(err, "out of memory");
		goto out;
	}
	im->n_empty = (uint32_t)(size / PAGE_SIZE);
	rc = im->n_empty > 0 ? 0 : err_set(err, "no tables");
out:
	(void)sqlite3_close(db);
	return rc;
}

size_t
image_memory(size_t rows, size_t row_bytes)
{
	/* two lengths, an id, and its place in the page */
	const size_t cell = 3 + VARINT_MAX + row_bytes + 2;
	const size_t child = 4 + VARINT_MAX + 2;
	size_t n = rows / ((PAGE_SIZE - LEAF_HEAD) / cell) + 1;

	n += n / ((PAGE_SIZE - INTERIOR_HEAD) / child - 1) + MAX_LEVELS;
	/* room grows by half */
	return (n + n / 2 + PAGES_FIRST) * PAGE_SIZE;
}

struct image *
image_new(const char *ddl, struct err *err)
{
	struct image *im = calloc(1, sizeof(*im));

	if (im == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	if (make_empty(im, ddl, err) == -1 || image_clear(im, err) == -1) {
		image_free(im);
		return NULL;
	}
	return im;
}

void
image_free(struct image *im)
{
	if (im == NULL)
		return;
	sqlite3_free(im->empty);
	free(im->pages);
	free(im);
}
