/*
 * Pages of tables, written from left to right: see image.h.
 *
 * A page is filled with cells from its end, and with their places from its
 * head.  A full leaf becomes a child of the page above it, which is made and
 * grows the same way, so that a tree has one page under work on each level:
 *
 *	level 1		[leaf 3, last id][leaf 4, last id] ..
 *	level 0		leaf 5, being filled
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
#define LEAF		0x0d
#define LEAF_HEAD	8U
#define INTERIOR	0x05
#define INTERIOR_HEAD	12U
#define VARINT_MAX	9U
#define CELL_MAX	(2 * VARINT_MAX + 1 + sizeof(struct image_row))
#define PAGES_FIRST	16U

/* The page under work on one level of the table at hand. */
struct level {
	uint32_t	page;		/* 0: none yet */
	uint32_t	cells;
	uint32_t	start;		/* of the cells */
	int64_t		last;		/* leaf: id of its last row */
	/* interior: the last two children, with their last ids */
	uint32_t	child[2];
	int64_t		child_last[2];
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
	uint32_t	 root;		/* of the table at hand; 0: none */
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

static void
finish_page(const struct image *im, size_t level)
{
	const struct level *l = &im->level[level];
	uint8_t *p = page_at(im, l->page);

	memset(p, 0, LEAF_HEAD);
	p[0] = level == 0 ? LEAF : INTERIOR;
	put16(p + 3, l->cells);
	put16(p + 5, l->start);
	if (level > 0)
		put32(p + 8, l->child[1]);
}

/* False: there is no room. */
static inline bool
put_cell(struct image *im, struct level *l, uint32_t head, const uint8_t *cell,
    size_t len)
{
	uint32_t places = head + 2 * l->cells;
	uint8_t *p = page_at(im, l->page);

	if (places + 2 + len > l->start)
		return false;
	l->start -= (uint32_t)len;
	memcpy(p + l->start, cell, len);
	put16(p + places, l->start);
	l->cells++;
	return true;
}

static int add_child(struct image *im, size_t level, uint32_t child,
    int64_t last, struct err *err);

/* The page of a level is complete: it goes below the next level. */
static int
close_page(struct image *im, size_t level, int64_t last, struct err *err)
{
	uint32_t page = im->level[level].page;

	finish_page(im, level);
	if (page == im->root) {
		if (new_page(im, &page, err) == -1)
			return -1;
		memcpy(page_at(im, page), page_at(im, im->root), PAGE_SIZE);
		im->level[level].page = page;
	}
	return add_child(im, level + 1, page, last, err);
}

/*
 * An interior page that has no room for a cell of its last child: it ends with
 * the child before, so that the next page begins with a cell, too; SQLite
 * takes one without for damaged.
 */
static int
split_interior(struct image *im, size_t level, struct err *err)
{
	struct level *l = &im->level[level], full = *l;
	uint8_t id[VARINT_MAX];

	l->cells--;
	l->start += (uint32_t)(4 + put_varint(id,
	    (uint64_t)full.child_last[0]));
	l->child[1] = full.child[0];
	if (close_page(im, level, full.child_last[0], err) == -1 ||
	    open_level(im, level, false, err) == -1)
		return -1;
	l->child[1] = full.child[1];
	l->child_last[1] = full.child_last[1];
	return 0;
}

static int
add_child(struct image *im, size_t level, uint32_t child, int64_t last,
    struct err *err)
{
	struct level *l = &im->level[level];
	uint8_t cell[4 + VARINT_MAX];
	size_t len;

	if (level == MAX_LEVELS)
		return err_set(err, "too many rows");
	if (l->page == 0) {
		(void)open_level(im, level, true, err);
	} else {
		/* until another one follows, a child is not a cell */
		put32(cell, l->child[1]);
		len = 4 + put_varint(cell + 4, (uint64_t)l->child_last[1]);
		if (!put_cell(im, l, INTERIOR_HEAD, cell, len) &&
		    (split_interior(im, level, err) == -1 ||
		    !put_cell(im, l, INTERIOR_HEAD, cell, len)))
			return -1;
	}
	l->child[0] = l->child[1];
	l->child_last[0] = l->child_last[1];
	l->child[1] = child;
	l->child_last[1] = last;
	return 0;
}

int
image_add(struct image *im, int64_t id, const struct image_row *row,
    struct err *err)
{
	struct level *l = &im->level[0];
	uint8_t cell[CELL_MAX], *p = cell;

	p += put_varint(p, 1 + row->n + row->len);
	p += put_varint(p, (uint64_t)id);
	*p++ = (uint8_t)(1 + row->n);
	memcpy(p, row->type, row->n);
	p += row->n;
	memcpy(p, row->value, row->len);
	p += row->len;
	if (!put_cell(im, l, LEAF_HEAD, cell, (size_t)(p - cell))) {
		if (close_page(im, 0, l->last, err) == -1 ||
		    open_level(im, 0, false, err) == -1)
			return -1;
		(void)put_cell(im, l, LEAF_HEAD, cell, (size_t)(p - cell));
	}
	l->last = id;
	return 0;
}

/* Closes the pages under work of the table at hand, up to the root. */
static int
finish_table(struct image *im, struct err *err)
{
	size_t top = 0;

	if (im->root == 0)
		return 0;
	for (; im->level[top].page != im->root; top++) {
		const struct level *l = &im->level[top];

		if (close_page(im, top, top == 0 ? l->last :
		    l->child_last[1], err) == -1)
			return -1;
	}
	finish_page(im, top);
	im->root = 0;
	return 0;
}

int
image_table(struct image *im, const char *table, struct err *err)
{
	if (finish_table(im, err) == -1)
		return -1;
	memset(im->level, 0, sizeof(im->level));
	for (size_t i = 0; i < im->n_tables; i++) {
		if (strcmp(im->table[i].name, table) == 0) {
			im->root = im->table[i].root;
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

	if (finish_table(im, err) == -1)
		return -1;
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
	rc = 0;
out:
	(void)sqlite3_close(db);
	return rc;
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
