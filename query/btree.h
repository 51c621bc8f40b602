/*
 * Reads a table of a sealed shard straight from the pages of the file.
 *
 * A sealed shard never changes, so no lock, log or cache stands between us
 * and its pages; and of a row we want a few numbers, not SQLite values.  For
 * a scan that is several times faster than stepping a statement.  Whatever
 * is unusual (overflow pages, reals, text) makes the reader refuse, and the
 * caller asks SQLite instead; so it need not be a complete reader, only a
 * careful one: every offset that comes from the file is checked.
 *
 * Format: https://www.sqlite.org/fileformat.html, sections 1.5, 1.6 and 2.1.
 */
#ifndef QUERY_BTREE_H
#define QUERY_BTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define BTREE_MAX_COLUMNS	64

struct btree;
struct btree_serial;

/* Pages [first, first + n) of the file, which were read at once. */
struct btree_run {
	uint8_t		*buf;		/* room pages and some padding */
	const uint8_t	*start;		/* in buf, of page first */
	uint32_t	 first;
	uint32_t	 n;
	uint32_t	 room;
	uint32_t	 ahead;		/* pages that were asked for */
	size_t		 next;		/* the leaf behind it */
};

/*
 * Opens the table with that root page; finds its leaf pages in key order.
 * NULL: no database in rollback mode, or damaged.
 */
struct btree *btree_open(const char *path, uint32_t root, struct err *err);
void	btree_close(struct btree *t);

/* Number of leaf pages.  Workers may share a tree and read different leaves. */
size_t	btree_leaves(const struct btree *t);

/*
 * The rows of one leaf, by column.  A number column has value[c][row]; a blob
 * column has blob[c][row] and length[c][row].  NULL is told by null[c][row]
 * (a NULL number's value is 0, a NULL blob's length too).  Only wanted
 * columns are filled.
 */
struct btree_rows {
	size_t		 n;
	int64_t		*id;			/* rowids */
	int64_t		*value[BTREE_MAX_COLUMNS];
	const uint8_t	**blob[BTREE_MAX_COLUMNS]; /* valid until next read */
	uint8_t		*length[BTREE_MAX_COLUMNS];
	uint8_t		*null[BTREE_MAX_COLUMNS];
	/* private */
	struct btree_run run;
	const uint8_t	*page;		/* of these rows, in run */
	uint32_t	 cap;
	unsigned	 columns;	/* up to the last wanted one */
	const uint8_t	**head;		/* of a record: its serial types */
	const uint8_t	**at;		/* the value that is next */
	const uint8_t	**end;
	uint8_t		*chosen;	/* offsets of cells */
	struct btree_serial *serial;	/* by serial type */
	uint32_t	*step;
};

/*
 * Room for the rows of any leaf of t.  want[c] is 'n' for a number column
 * to fill, 'b' for a blob column, 0 for one to skip; columns counts them all
 * (the INTEGER PRIMARY KEY, which has no value of its own, is one of them).
 * NULL: out of memory.
 */
struct btree_rows *btree_rows_new(const struct btree *t, const char *want,
	    unsigned columns);
void	btree_rows_free(struct btree_rows *r);

/*
 * Reads leaf i of btree_leaves().  Who reads leaves in their order has those
 * that follow in the file read along with it.
 */
int	btree_read(const struct btree *t, size_t leaf, struct btree_rows *r,
	    struct err *err);

/* Its first row alone; none when the leaf is empty. */
int	btree_read_first(const struct btree *t, size_t leaf,
	    struct btree_rows *r, struct err *err);

/*
 * The rows of the leaf that holds ids[0], as far as they have one of the n
 * ids, each larger than the one before; *used: how many of the ids belong to
 * that leaf, 1 or more.
 */
int	btree_read_ids(const struct btree *t, const int64_t *ids, size_t n,
	    struct btree_rows *r, size_t *used, struct err *err);

/* A value of one row. */
struct btree_value {
	char		 kind;		/* 'n', 'b', or 0: NULL */
	uint8_t		 length;	/* of a blob */
	int64_t		 number;
	const uint8_t	*blob;		/* valid until the next read */
};

/*
 * The first columns values of row i of what r holds, wanted or not: for the
 * few rows that are worth it.
 */
int	btree_row(const struct btree *t, const struct btree_rows *r, size_t i,
	    struct btree_value *v, unsigned columns, struct err *err);

/* ---- for readers of rows of another kind ---- */

uint32_t btree_pages(const struct btree *t);	/* of the file */
uint32_t btree_page_size(const struct btree *t);

/* Page without the bytes that are reserved at its end. */
uint32_t btree_usable(const struct btree *t);

/* Page number of leaf i. */
uint32_t btree_leaf_page(const struct btree *t, size_t leaf);

/* Reads one page of the file into buf, btree_page_size() bytes. */
int	btree_page(const struct btree *t, uint32_t page, uint8_t *buf,
	    struct err *err);

/* Fills err; returns -1. */
int	btree_damaged(const struct btree *t, uint32_t page, const char *what,
	    struct err *err);

/* A varint at p before end; its length, or 0 when it is cut. */
unsigned btree_any_varint(const uint8_t *p, const uint8_t *end,
	    uint64_t *out);

/* The same: lengths have one byte, ids of flows mostly up to three. */
static inline unsigned
btree_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	if (end - p < 3)
		return btree_any_varint(p, end, out);
	if (p[0] < 0x80) {
		*out = p[0];
		return 1;
	}
	if (p[1] < 0x80) {
		*out = (uint64_t)(p[0] & 0x7f) << 7 | p[1];
		return 2;
	}
	if (p[2] < 0x80) {
		*out = (uint64_t)(p[0] & 0x7f) << 14 |
		    (uint64_t)(p[1] & 0x7f) << 7 | p[2];
		return 3;
	}
	return btree_any_varint(p, end, out);
}

/* Is it this file (st_dev, st_ino) that was opened? */
bool	btree_is_file(const struct btree *t, uint64_t device, uint64_t inode);

/* Numbers of a page's head are big-endian. */
static inline uint32_t
btree_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t
btree_be32(const uint8_t *p)
{
	return btree_be16(p) << 16 | btree_be16(p + 2);
}

#endif
