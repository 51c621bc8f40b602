/* Rows value by value: see record.h, and btree.c for the format. */
#include "query/record.h"

#include <stdbool.h>
#include <stdlib.h>

#define HEADER_SIZE	100	/* of the database, on page 1 */
#define LEAF_HEAD	8U
#define TYPE_INDEX_LEAF	0x0a
#define TYPE_LEAF	0x0d
#define NO_SIZE		SIZE_MAX

static size_t
size_of(uint64_t type)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };

	if (type < sizeof(sizes))
		return sizes[type];
	return type < 12 || type > UINT32_MAX ? NO_SIZE : (type - 12) / 2;
}

/* A value of that serial type at p. */
static void
take(struct record_value *v, uint64_t type, const uint8_t *p, size_t size)
{
	uint64_t n = size > 0 && type < 8 && (p[0] & 0x80) != 0 ?
	    UINT64_MAX : 0;

	*v = (struct record_value){ .kind = RECORD_NULL };
	if (type == 0)
		return;
	if (type >= 12) {
		v->kind = (type & 1) != 0 ? RECORD_TEXT : RECORD_BLOB;
		v->data = p;
		v->len = size;
		return;
	}
	for (size_t i = 0; i < size; i++)
		n = n << 8 | p[i];
	v->kind = type == 7 ? RECORD_REAL : RECORD_NUMBER;
	v->number = type >= 8 ? (int64_t)type - 8 : (int64_t)n;
}

/* The record in [p, end); false: it is damaged. */
static bool
read_record(const uint8_t *p, const uint8_t *end,
    struct record_value v[RECORD_VALUES])
{
	const uint8_t *type, *types, *value;
	uint64_t head;
	unsigned n = btree_varint(p, end, &head);

	if (n == 0 || head < n || head > (uint64_t)(end - p))
		return false;
	type = p + n;
	types = value = p + head;
	for (unsigned i = 0; i < RECORD_VALUES; i++) {
		uint64_t t = 0;
		size_t size;

		if (type < types && (n = btree_varint(type, types, &t)) == 0)
			return false;
		type += type < types ? n : 0;
		size = size_of(t);
		if (size > (size_t)(end - value))
			return false;
		take(&v[i], t, value, size);
		value += size;
	}
	return true;
}

/* The record of the cell at offset at of the page. */
static bool
find_record(const struct btree *t, const uint8_t *page, uint32_t at,
    bool table, const uint8_t **record, const uint8_t **end, int64_t *id)
{
	const uint8_t *last = page + btree_usable(t), *p = page + at;
	/* what is longer goes on on an overflow page */
	uint64_t most = table ? btree_usable(t) - 35 :
	    (btree_usable(t) - 12) * 64 / 255 - 23;
	uint64_t size, rowid = 0;
	unsigned n;

	if (p >= last || (n = btree_varint(p, last, &size)) == 0)
		return false;
	p += n;
	if (table && (n = btree_varint(p, last, &rowid)) == 0)
		return false;
	p += table ? n : 0;
	if (size > most || size > (uint64_t)(last - p))
		return false;
	*record = p;
	*end = p + size;
	*id = (int64_t)rowid;
	return true;
}

static int
each_cell(const struct btree *t, uint32_t number, const uint8_t *page,
    record_visit *visit, void *arg, struct err *err)
{
	const uint8_t *h = number == 1 ? page + HEADER_SIZE : page;
	uint32_t at = (uint32_t)(h - page) + LEAF_HEAD;
	uint32_t cells = (uint32_t)h[3] << 8 | h[4];
	struct record_value v[RECORD_VALUES];
	int rc = 0;

	if (h[0] != TYPE_LEAF && h[0] != TYPE_INDEX_LEAF)
		return btree_damaged(t, number, "no leaf page", err);
	if (at + cells * 2 > btree_usable(t))
		return btree_damaged(t, number, "too many cells", err);
	for (uint32_t i = 0; i < cells && rc == 0; i++, at += 2) {
		const uint8_t *p, *end;
		int64_t id;

		if (!find_record(t, page, (uint32_t)page[at] << 8 |
		    page[at + 1], h[0] == TYPE_LEAF, &p, &end, &id) ||
		    !read_record(p, end, v))
			return btree_damaged(t, number, "row is cut", err);
		rc = visit(arg, id, v);
	}
	return rc;
}

int
record_each(const struct btree *t, uint32_t page, record_visit *visit,
    void *arg, struct err *err)
{
	uint8_t *buf = malloc(btree_page_size(t));
	int rc;

	if (buf == NULL)
		return err_set(err, "out of memory");
	rc = btree_page(t, page, buf, err);
	if (rc == 0)
		rc = each_cell(t, page, buf, visit, arg, err);
	free(buf);
	return rc;
}
