/*
 * The tree of a table: see btree.h; btree_run.c reads the pages, btree_rows.c
 * the rows of its leaves.
 *
 * An interior page:	[type, .., cells, .., last child][offset 2].. [cell]..
 * Its cells:		[child 4][largest rowid in it]
 */
#include "query/btree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "query/btree_tree.h"

#define PAGE_MIN	512U
#define PAGE_MAX	65536U
#define INTERIOR_HEAD	12U
#define TYPE_INTERIOR	0x05
#define MAX_DEPTH	20	/* as SQLite's BTCURSOR_MAX_DEPTH */

int
btree_damaged(const struct btree *t, uint32_t page, const char *what,
    struct err *err)
{
	return err_set(err, "%s: page %u: %s", t->path, page, what);
}

static int
add_leaf(struct btree *t, uint32_t page, int64_t last, struct err *err)
{
	/*
	 * A tree that names a page twice would make us read for ever, and a few
	 * pages of a file that is all holes name as many leaves as we let them.
	 */
	if (t->n >= t->pages)
		return btree_damaged(t, page, "too many leaves", err);
	if (t->n > 0 && last <= t->leaf[t->n - 1].last)
		return btree_damaged(t, page, "out of order", err);
	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? 512 : t->cap * 2;
		struct btree_leaf *leaf = realloc(t->leaf, cap * sizeof(*leaf));

		if (leaf == NULL)
			return err_set(err, "%s: out of memory", t->path);
		t->leaf = leaf;
		t->cap = cap;
	}
	t->leaf[t->n++] = (struct btree_leaf){ .page = page, .last = last };
	return 0;
}

static int find_leaves(struct btree *t, uint32_t page, int64_t last,
    int depth, struct err *err);

/* Is the first child of an interior page a leaf?  Then all are. */
static int
child_type(struct btree *t, uint32_t child, uint8_t *type, struct err *err)
{
	if (child == 0 || child > t->pages || pread(t->fd, type, 1,
	    (off_t)(child - 1) * (off_t)t->page_size) != 1)
		return btree_damaged(t, child, "no such page", err);
	return 0;
}

/* The children of an interior page, the last of which ends with last. */
static int
walk_interior(struct btree *t, uint32_t page, const uint8_t *buf,
    int64_t last, int depth, struct err *err)
{
	const uint8_t *h = page == 1 ? buf + BTREE_HEADER : buf;
	uint32_t cells = btree_be16(h + 3);
	uint32_t at = (uint32_t)(h - buf) + INTERIOR_HEAD;
	uint8_t type = 0;

	if (at + cells * 2 > t->usable)
		return btree_damaged(t, page, "too many cells", err);
	for (uint32_t i = 0; i <= cells; i++) {
		uint32_t cell = i < cells ? btree_be16(buf + at +
		    (size_t)i * 2) : 0;
		uint64_t key = (uint64_t)last;
		uint32_t child;

		if (i < cells && (cell + 4 > t->usable || btree_varint(
		    buf + cell + 4, buf + t->usable, &key) == 0))
			return btree_damaged(t, page, "cell outside", err);
		child = i < cells ? btree_be32(buf + cell) : btree_be32(h + 8);
		if (i == 0 && child_type(t, child, &type, err) == -1)
			return -1;
		if (type == BTREE_LEAF ?
		    add_leaf(t, child, (int64_t)key, err) == -1 :
		    find_leaves(t, child, (int64_t)key, depth + 1, err) == -1)
			return -1;
	}
	return 0;
}

static int
find_leaves(struct btree *t, uint32_t page, int64_t last, int depth,
    struct err *err)
{
	uint8_t *buf;
	int rc;

	if (depth > MAX_DEPTH)
		return btree_damaged(t, page, "tree too deep", err);
	buf = calloc(1, t->page_size + BTREE_PADDING);
	if (buf == NULL)
		return err_set(err, "%s: out of memory", t->path);
	rc = btree_page(t, page, buf, err);
	if (rc == 0) {
		uint8_t type = page == 1 ? buf[BTREE_HEADER] : buf[0];

		if (type == BTREE_LEAF)
			rc = add_leaf(t, page, last, err);
		else if (type == TYPE_INTERIOR)
			rc = walk_interior(t, page, buf, last, depth, err);
		else
			rc = btree_damaged(t, page, "no table page", err);
	}
	free(buf);
	return rc;
}

static int
read_header(struct btree *t, struct err *err)
{
	uint8_t h[BTREE_HEADER];
	struct stat st;

	if (fstat(t->fd, &st) == -1 ||
	    pread(t->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return err_set(err, "%s: no database", t->path);
	t->page_size = btree_be16(h + 16) == 1 ? PAGE_MAX : btree_be16(h + 16);
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
	    find_leaves(t, root, INT64_MAX, 0, err) == 0)
		return t;
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

uint32_t
btree_pages(const struct btree *t)
{
	return t->pages;
}

uint32_t
btree_page_size(const struct btree *t)
{
	return t->page_size;
}

uint32_t
btree_usable(const struct btree *t)
{
	return t->usable;
}

uint32_t
btree_leaf_page(const struct btree *t, size_t leaf)
{
	return t->leaf[leaf].page;
}

bool
btree_is_file(const struct btree *t, uint64_t device, uint64_t inode)
{
	struct stat st;

	return fstat(t->fd, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

unsigned
btree_any_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
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
