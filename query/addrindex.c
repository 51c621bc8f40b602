/*
 * Indexes by address: see addrindex.h.
 *
 * An entry is a record of an address and the id of its flow.  Entries stand in
 * leaf pages and, other than rows of a table, between the children of an
 * interior page too: in the order of the addresses as bytes, then of the ids.
 *
 *	interior cell:	[child 4][length of the record][record]
 *	leaf cell:	[length of the record][record]
 */
#include "query/addrindex.h"

#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/btree.h"
#include "query/sealed.h"
#include "query/serve.h"

#define LEAF_HEAD	8U
#define INTERIOR_HEAD	12U
#define TYPE_INTERIOR	0x02
#define TYPE_LEAF	0x0a
#define MAX_DEPTH	20
/* One flow of so many is cheaper to look up than to read all (measured). */
#define WORTH		4
#define FEW		50
#define MOST		(1 << 20)	/* ids in memory */

struct search {
	const struct btree	*file;
	const struct addr_range	*range;
	struct addrindex_ids	*out;
	size_t			 most;
	size_t			 cap;
	uint32_t		 pages;		/* that may still be read */
};

struct entry {
	const uint8_t	*addr;
	size_t		 len;
	int64_t		 id;
};

/* The entry whose record begins at p; false: it is none of ours. */
static bool
read_entry(const uint8_t *p, const uint8_t *last, struct entry *e)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 0, 0, 0 };
	uint64_t size, id = 0;
	unsigned n = p < last ? btree_varint(p, last, &size) : 0, type, width;

	if (n == 0 || size < 3 || size > (uint64_t)(last - p) - n)
		return false;
	p += n;
	/* length of the header, type of the address, type of the id */
	if (p[0] != 3 || (p[1] != 0 && (p[1] < 12 || p[1] > 44 ||
	    (p[1] & 1) != 0)))
		return false;
	e->len = p[1] == 0 ? 0 : (p[1] - 12U) / 2;
	e->addr = p + 3;
	type = p[2];
	if (type == 0 || type == 7 || type > 9)
		return false;
	width = sizes[type];
	if (size != 3 + e->len + width)
		return false;
	p += 3 + e->len;
	for (unsigned i = 0; i < width; i++)
		id = id << 8 | p[i];
	e->id = type >= 8 ? (int64_t)type - 8 : (int64_t)id;
	return true;
}

/* In the order of SQLite: as bytes, the shorter one first. */
static int
compare(const struct entry *e, const struct addr *a)
{
	size_t n = e->len < a->len ? e->len : a->len;
	int c = memcmp(e->addr, a->bytes, n);

	if (c != 0)
		return c;
	return e->len < a->len ? -1 : e->len > a->len;
}

/* False: too many. */
static bool
take(struct search *s, const struct entry *e)
{
	struct addrindex_ids *out = s->out;

	if (e->len != s->range->lo.len)
		return true;
	if (out->n == s->most)
		return false;
	if (out->n == s->cap) {
		size_t cap = s->cap == 0 ? 256 : s->cap * 2;
		int64_t *id = realloc(out->id, cap * sizeof(*id));

		if (id == NULL)
			return false;
		out->id = id;
		s->cap = cap;
	}
	out->id[out->n++] = e->id;
	return true;
}

static bool search_page(struct search *s, uint32_t page, int depth,
    bool *behind);

/* The cells of a page in their order, until one lies *behind the range. */
static bool
search_cells(struct search *s, const uint8_t *page, int depth, bool *behind)
{
	const uint8_t *last = page + btree_usable(s->file);
	bool interior = page[0] == TYPE_INTERIOR;
	uint32_t head = interior ? INTERIOR_HEAD : LEAF_HEAD;
	uint32_t cells = btree_be16(page + 3);

	if ((!interior && page[0] != TYPE_LEAF) ||
	    head + cells * 2 > btree_usable(s->file))
		return false;
	for (uint32_t i = 0; i < cells; i++) {
		const uint8_t *p = page + btree_be16(page + head +
		    (size_t)i * 2);
		struct entry e;
		int place;

		if (p + 4 >= last || !read_entry(p + (interior ? 4 : 0), last,
		    &e))
			return false;
		/* and all before it */
		place = compare(&e, &s->range->lo);
		if (place < 0)
			continue;
		if (interior && !search_page(s, btree_be32(p), depth + 1,
		    behind))
			return false;
		*behind = *behind ||
		    (place > 0 && compare(&e, &s->range->hi) > 0);
		if (*behind)
			return true;
		if (!take(s, &e))
			return false;
	}
	return !interior || search_page(s, btree_be32(page + 8), depth + 1,
	    behind);
}

static bool
search_page(struct search *s, uint32_t page, int depth, bool *behind)
{
	struct err ignored;
	uint8_t *buf;
	bool ok;

	/* pages that lead to each other would be read for ever */
	if (depth > MAX_DEPTH || s->pages == 0)
		return false;
	s->pages--;
	buf = malloc(btree_page_size(s->file));
	ok = buf != NULL && page > 1 &&
	    btree_page(s->file, page, buf, &ignored) == 0 &&
	    search_cells(s, buf, depth, behind);
	free(buf);
	return ok;
}

/* All that the test names. */
static bool
search_test(struct search *s, const struct open_shard *shard,
    const struct test *t)
{
	for (unsigned k = 0; k < t->n_subjects; k++) {
		bool src = t->subject[k] == COL_src_addr;
		uint32_t root = src ? shard->src_root : shard->dst_root;

		s->out->src = s->out->src || src;
		s->out->dst = s->out->dst || !src;
		for (size_t i = 0; i < t->set.n; i++) {
			bool behind = false;

			s->range = &t->set.addr[i];
			if (root == 0 || !search_page(s, root, 0, &behind))
				return false;
		}
	}
	return true;
}

static int
compare_ids(const void *va, const void *vb)
{
	const int64_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

/* Both sides of a flow may have been found; those of one address are sorted. */
static void
sort(struct addrindex_ids *ids)
{
	size_t n = 1;

	while (n < ids->n && ids->id[n - 1] < ids->id[n])
		n++;
	if (n >= ids->n)
		return;
	n = 0;
	qsort(ids->id, ids->n, sizeof(*ids->id), compare_ids);
	for (size_t i = 0; i < ids->n; i++) {
		if (n == 0 || ids->id[n - 1] != ids->id[i])
			ids->id[n++] = ids->id[i];
	}
	ids->n = n;
}

static bool
try(const struct btree *file, const struct open_shard *s,
    const struct node *n, struct addrindex_ids *out)
{
	int64_t most = s->meta.flows / WORTH + FEW;
	struct search search = { .file = file, .out = out,
		.most = most < FEW ? FEW : most > MOST ? MOST : (size_t)most,
		.pages = btree_pages(file) };

	*out = (struct addrindex_ids){ .n = 0 };
	if (serve_is_address_test(n) && search_test(&search, s, &n->test)) {
		sort(out);
		return true;
	}
	free(out->id);
	*out = (struct addrindex_ids){ .n = 0 };
	return false;
}

bool
addrindex_find(const struct question *q, const char *path,
    const struct open_shard *s, struct addrindex_ids *out)
{
	const struct node *root = ast_root(q->filter);
	struct btree *file;
	bool found;

	*out = (struct addrindex_ids){ .n = 0 };
	if (!s->by_pages || !serve_may_index(q, s))
		return false;
	/* of the flows: only its file is of use here */
	file = sealed_table(path, s, s->flow_root);
	if (file == NULL)
		return false;
	found = try(file, s, root, out);
	for (size_t i = 0; !found && root->kind == NODE_AND && i < root->n;
	    i++)
		found = try(file, s, root->child[i], out);
	btree_close(file);
	return found;
}
