/*
 * Table pages without SQLite: see btree.h.
 *
 * A leaf page:   [type, .., cells, ..][offset 2]..  ...  [cell][cell]
 * A cell:        [payload length][rowid][header][values]
 * A header:      [its length][serial type of column 0][of column 1]...
 *
 * All numbers are big-endian; lengths and serial types are varints, but those
 * of our rows are below 128 and so single bytes.  The serial type tells where
 * a value ends and how to read it, so a row is decoded by small tables, without
 * a branch on its types.
 */
#include "query/btree.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE	100	/* of the database, on page 1 */
#define PAGE_MIN	512U
#define PAGE_MAX	65536U
#define LEAF_HEAD	8U
#define INTERIOR_HEAD	12U
#define TYPE_INTERIOR	0x05
#define TYPE_LEAF	0x0d
#define MAX_DEPTH	20	/* as SQLite's BTCURSOR_MAX_DEPTH */
#define CELL_MIN	4U	/* payload length, rowid, header of no column */
#define PADDING		16U	/* a value is loaded as 8 bytes */
#define TYPES		256U	/* first byte of a serial type */
#define TYPE_BAD	0x4000U	/* size of what has no size: past any row */

struct btree {
	int		 fd;
	uint32_t	 page_size;
	uint32_t	 usable;	/* page less reserved bytes */
	uint32_t	 pages;
	uint32_t	*leaf;		/* page numbers in key order */
	size_t		 n;
	size_t		 cap;
	char		*path;
	/* by serial type: bytes, and how to make a number of 8 bytes */
	uint16_t	 size[TYPES];
	uint8_t		 shift[TYPES];
	int64_t		 mask[TYPES];
	uint8_t		 add[TYPES];
	uint8_t		 no_number[TYPES];
	uint8_t		 no_blob[TYPES];
};

static uint32_t
be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t
be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static int64_t
be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (int64_t)be64toh(v);
}

static int
damaged(const struct btree *t, uint32_t page, const char *what,
    struct err *err)
{
	return err_set(err, "%s: page %u: %s", t->path, page, what);
}

/* Fills buf with one page; PADDING bytes behind it are the caller's zeros. */
static int
read_page(const struct btree *t, uint32_t page, uint8_t *buf, struct err *err)
{
	size_t done = 0;

	if (page == 0 || page > t->pages)
		return damaged(t, page, "no such page", err);
	while (done < t->page_size) {
		ssize_t n = pread(t->fd, buf + done, t->page_size - done,
		    (off_t)(page - 1) * (off_t)t->page_size + (off_t)done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "%s", t->path);
		if (n == 0)
			return damaged(t, page, "file is cut", err);
		done += (size_t)n;
	}
	return 0;
}

static int
add_leaf(struct btree *t, uint32_t page, struct err *err)
{
	/* a tree that names a page twice would make us read for ever */
	if (t->n >= t->pages)
		return damaged(t, page, "too many leaves", err);
	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? 1024 : t->cap * 2;
		uint32_t *leaf = realloc(t->leaf, cap * sizeof(*leaf));

		if (leaf == NULL)
			return err_set(err, "%s: out of memory", t->path);
		t->leaf = leaf;
		t->cap = cap;
	}
	t->leaf[t->n++] = page;
	return 0;
}

static int find_leaves(struct btree *t, uint32_t page, int depth,
    struct err *err);

/* The children of an interior page; whether they are leaves is told once. */
static int
walk_interior(struct btree *t, uint32_t page, const uint8_t *buf, int depth,
    struct err *err)
{
	const uint8_t *h = page == 1 ? buf + HEADER_SIZE : buf;
	uint32_t cells = be16(h + 3);
	uint32_t at = (uint32_t)(h - buf) + INTERIOR_HEAD;
	int leaves = 0;

	if (at + cells * 2 > t->usable)
		return damaged(t, page, "too many cells", err);
	for (uint32_t i = 0; i <= cells; i++) {
		uint32_t cell = i < cells ? be16(buf + at + (size_t)i * 2) : 0;
		uint32_t child;

		if (i < cells && cell + 4 > t->usable)
			return damaged(t, page, "cell outside", err);
		child = i < cells ? be32(buf + cell) : be32(h + 8);
		/* all children of a page are of one kind: look at the first */
		if (i == 0) {
			uint8_t type;

			if (child == 0 || child > t->pages || pread(t->fd,
			    &type, 1, (off_t)(child - 1) *
			    (off_t)t->page_size) != 1)
				return damaged(t, child, "no such page", err);
			leaves = type == TYPE_LEAF;
		}
		if (leaves ? add_leaf(t, child, err) == -1 :
		    find_leaves(t, child, depth + 1, err) == -1)
			return -1;
	}
	return 0;
}

static int
find_leaves(struct btree *t, uint32_t page, int depth, struct err *err)
{
	uint8_t *buf;
	int rc;

	if (depth > MAX_DEPTH)
		return damaged(t, page, "tree too deep", err);
	buf = calloc(1, t->page_size + PADDING);
	if (buf == NULL)
		return err_set(err, "%s: out of memory", t->path);
	rc = read_page(t, page, buf, err);
	if (rc == 0) {
		uint8_t type = page == 1 ? buf[HEADER_SIZE] : buf[0];

		if (type == TYPE_LEAF)
			rc = add_leaf(t, page, err);
		else if (type == TYPE_INTERIOR)
			rc = walk_interior(t, page, buf, depth, err);
		else
			rc = damaged(t, page, "no table page", err);
	}
	free(buf);
	return rc;
}

static void
fill_tables(struct btree *t)
{
	static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	for (unsigned s = 0; s < TYPES; s++) {
		/* 10 and 11 are reserved; from 128 on a varint has more bytes */
		unsigned size = s < 12 ? sizes[s] : (s - 12) / 2;
		bool bad = s == 10 || s == 11 || s >= 128;

		t->size[s] = (uint16_t)(bad ? TYPE_BAD : size);
		/* 7 is a real */
		t->no_number[s] = !(s <= 6 || s == 8 || s == 9);
		t->no_blob[s] = s != 0 && (s < 12 || (s & 1) != 0);
		t->shift[s] = (uint8_t)(size > 0 && size <= 8 ?
		    64 - 8 * size : 0);
		t->mask[s] = s > 0 && s <= 6 ? -1 : 0;
		t->add[s] = s == 9;
	}
}

static int
read_header(struct btree *t, struct err *err)
{
	uint8_t h[HEADER_SIZE];
	struct stat st;

	if (fstat(t->fd, &st) == -1 ||
	    pread(t->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return err_set(err, "%s: no database", t->path);
	t->page_size = be16(h + 16) == 1 ? PAGE_MAX : be16(h + 16);
	if (memcmp(h, "SQLite format 3", 16) != 0 ||
	    t->page_size < PAGE_MIN || (t->page_size & (t->page_size - 1)) != 0)
		return err_set(err, "%s: no database", t->path);
	/* 2 is WAL: the log may hold newer pages */
	if (h[18] != 1 || h[19] != 1)
		return err_set(err, "%s: not in rollback mode", t->path);
	t->usable = t->page_size - h[20];
	if (t->usable < 480 ||
	    st.st_size / (off_t)t->page_size > (off_t)UINT32_MAX - 1)
		return err_set(err, "%s: no database", t->path);
	t->pages = (uint32_t)(st.st_size / (off_t)t->page_size);
	return 0;
}

struct btree *
btree_open(const char *path, uint32_t root, struct err *err)
{
	struct btree *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	t->path = strdup(path);
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd == -1 || t->path == NULL)
		(void)err_sys(err, "%s", path);
	else if (read_header(t, err) == 0 &&
	    find_leaves(t, root, 0, err) == 0) {
		fill_tables(t);
		return t;
	}
	btree_close(t);
	return NULL;
}

void
btree_close(struct btree *t)
{
	if (t == NULL)
		return;
	if (t->fd != -1)
		(void)close(t->fd);
	free(t->leaf);
	free(t->path);
	free(t);
}

size_t
btree_leaves(const struct btree *t)
{
	return t->n;
}

struct btree_rows *
btree_rows_new(const struct btree *t, const char *want, unsigned columns)
{
	struct btree_rows *r = calloc(1, sizeof(*r));
	unsigned next;
	int ok;

	if (r == NULL || columns > BTREE_MAX_COLUMNS) {
		free(r);
		return NULL;
	}
	r->cap = t->page_size / (2 + CELL_MIN) + 1;
	r->columns = columns;
	r->page = calloc(1, t->page_size + PADDING);
	r->id = malloc(r->cap * sizeof(*r->id));
	ok = r->page != NULL && r->id != NULL;
	next = 0;
	for (unsigned c = 0; c < columns; c++) {
		if (want[c] == 0)
			continue;
		r->skip[r->n_wanted] = (uint8_t)(c - next);
		r->wanted[r->n_wanted++] = (uint8_t)c;
		next = c + 1;
		r->null[c] = malloc(r->cap);
		ok = ok && r->null[c] != NULL;
		if (want[c] == 'n') {
			r->value[c] = malloc(r->cap * sizeof(int64_t));
			ok = ok && r->value[c] != NULL;
		} else {
			r->blob[c] = malloc(r->cap * sizeof(uint8_t *));
			r->length[c] = malloc(r->cap);
			ok = ok && r->blob[c] != NULL && r->length[c] != NULL;
		}
	}
	if (ok)
		return r;
	btree_rows_free(r);
	return NULL;
}

void
btree_rows_free(struct btree_rows *r)
{
	if (r == NULL)
		return;
	for (unsigned c = 0; c < BTREE_MAX_COLUMNS; c++) {
		free(r->value[c]);
		free(r->blob[c]);
		free(r->length[c]);
		free(r->null[c]);
	}
	free(r->id);
	free(r->page);
	free(r);
}

/* A varint at p before end; its length, or 0 when it is cut. */
static unsigned
varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 9 && p + i < end; i++) {
		if (i == 8) {
			*out = v << 8 | p[8];
			return 9;
		}
		v = v << 7 | (p[i] & 0x7f);
		if ((p[i] & 0x80) == 0) {
			*out = v;
			return i + 1;
		}
	}
	return 0;
}

/* One wanted value of serial type s at p; 0, or 1 when it is of another kind. */
static inline unsigned
take_value(const struct btree *t, struct btree_rows *r, unsigned c,
    size_t row, unsigned s, const uint8_t *p)
{
	r->null[c][row] = s == 0;
	if (r->value[c] != NULL) {
		r->value[c][row] = ((be64(p) >> t->shift[s]) & t->mask[s]) +
		    t->add[s];
		return t->no_number[s];
	}
	r->blob[c][row] = p;
	r->length[c][row] = (uint8_t)t->size[s];
	return t->no_blob[s];
}

/*
 * The values of one record, whose header and values lie in [p, end).  Returns
 * NULL, or what is wrong.
 */
static const char *
decode_row(const struct btree *t, struct btree_rows *r, size_t row,
    const uint8_t *p, const uint8_t *end)
{
	unsigned head = p < end ? p[0] : 0, odd = 0;
	const uint8_t *type = p + 1, *types, *value = p + head;

	if (head < 1 || head >= 128 || (size_t)(end - p) < head)
		return "odd record header";
	types = p + head;
	for (unsigned k = 0; k < r->n_wanted; k++) {
		unsigned s = 0;

		if ((size_t)(types - type) > r->skip[k]) {
			for (unsigned n = r->skip[k]; n > 0; n--)
				value += t->size[*type++];
			s = *type++;
		} else {
			/* a column that an older shard lacks is NULL */
			type = types;
		}
		/* up to 8 bytes are read: the page's padding */
		if (value > end)
			return "record is cut";
		odd |= take_value(t, r, r->wanted[k], row, s, value);
		value += t->size[s];
	}
	if (value > end)
		return "record is cut";
	return odd != 0 ? "value of another type" : NULL;
}

int
btree_read(const struct btree *t, size_t leaf, struct btree_rows *r,
    struct err *err)
{
	uint32_t page = t->leaf[leaf], cells, at;
	const uint8_t *h, *last = r->page + t->usable;

	r->n = 0;
	if (read_page(t, page, r->page, err) == -1)
		return -1;
	h = page == 1 ? r->page + HEADER_SIZE : r->page;
	if (h[0] != TYPE_LEAF)
		return damaged(t, page, "no leaf page", err);
	cells = be16(h + 3);
	at = (uint32_t)(h - r->page) + LEAF_HEAD;
	if (at + cells * 2 > t->usable || cells > r->cap)
		return damaged(t, page, "too many cells", err);
	for (uint32_t i = 0; i < cells; i++) {
		const uint8_t *p = r->page + be16(r->page + at + (size_t)i * 2);
		uint64_t payload, id;
		const char *wrong;
		unsigned n, m;

		if (p >= last || (n = varint(p, last, &payload)) == 0 ||
		    (m = varint(p + n, last, &id)) == 0)
			return damaged(t, page, "cell outside", err);
		p += n + m;
		/* more than this would continue on an overflow page */
		if (payload > t->usable - 35 ||
		    payload > (uint64_t)(last - p))
			return damaged(t, page, "row too long", err);
		r->id[i] = (int64_t)id;
		wrong = decode_row(t, r, i, p, p + payload);
		if (wrong != NULL)
			return damaged(t, page, wrong, err);
	}
	r->n = cells;
	return 0;
}
