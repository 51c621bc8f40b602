/*
 * Rows of leaf pages: see btree.h, and btree.c for where they stand.
 *
 * A leaf page:   [type, .., cells, ..][offset 2]..  ...  [cell][cell]
 * A cell:        [payload length][rowid][header][values]
 * A header:      [its length][serial type of column 0][of column 1]...
 *
 * All numbers are big-endian; lengths and serial types are varints, but those
 * of our rows are below 128 and so single bytes.  The serial type tells where
 * a value ends and how to read it, so a column is decoded by a small table,
 * without a branch on its types.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "query/btree_tree.h"

#define LEAF_HEAD	8U
#define TYPES		256U	/* first byte of a serial type */
#define CELL_MIN	4U	/* payload length, rowid, header of no column */

/* A serial type: bytes, and how to make a number of 8 bytes. */
struct btree_serial {
	int64_t		 mask;
	uint8_t		 shift;
	uint8_t		 size;
	uint8_t		 add;
	uint8_t		 odd;		/* ODD_ bits */
};

#define ODD_NUMBER	1U	/* no number, nor NULL */
#define ODD_BLOB	2U	/* no blob, nor NULL */
#define ODD_SIZE	4U	/* we cannot tell where it ends */

/* Sizes that are added up have this for each type that is ODD_SIZE. */
#define STEP_ODD	65536U

static int64_t
be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (int64_t)be64toh(v);
}

static void
fill_tables(struct btree_serial *table, uint32_t *step)
{
	static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	for (unsigned s = 0; s < TYPES; s++) {
		/* 10 and 11 are reserved; from 128 on a varint has more bytes */
		bool bad = s == 10 || s == 11 || s >= 128;
		unsigned size = bad ? 0 : s < 12 ? sizes[s] : (s - 12) / 2;
		unsigned odd = 0;

		/* 7 is a real */
		if (bad || !(s <= 6 || s == 8 || s == 9))
			odd |= ODD_NUMBER;
		if (bad || (s != 0 && (s < 12 || (s & 1) != 0)))
			odd |= ODD_BLOB;
		/* of a column that is skipped, too */
		if (bad)
			odd |= ODD_SIZE;
		table[s] = (struct btree_serial){ .size = (uint8_t)size,
			.odd = (uint8_t)odd, .mask = s > 0 && s <= 6 ? -1 : 0,
			.shift = (uint8_t)(size > 0 && size <= 8 ?
			    64 - 8 * size : 0), .add = s == 9 };
		step[s] = size + (bad ? STEP_ODD : 0);
	}
}

struct btree_rows *
btree_rows_new(const struct btree *t, const char *want, unsigned columns)
{
	struct btree_rows *r = calloc(1, sizeof(*r));
	int ok;

	if (r == NULL || columns > BTREE_MAX_COLUMNS) {
		free(r);
		return NULL;
	}
	r->cap = t->page_size / (2 + CELL_MIN) + 1;
	r->id = malloc(r->cap * sizeof(*r->id));
	r->head = malloc(r->cap * sizeof(*r->head));
	r->at = malloc(r->cap * sizeof(*r->at));
	r->end = malloc(r->cap * sizeof(*r->end));
	r->chosen = malloc((size_t)r->cap * 2);
	r->serial = malloc(TYPES * sizeof(*r->serial));
	r->step = malloc(TYPES * sizeof(*r->step));
	ok = btree_run_init(t, &r->run) == 0 && r->id != NULL &&
	    r->head != NULL && r->at != NULL && r->end != NULL &&
	    r->chosen != NULL && r->serial != NULL && r->step != NULL;
	if (ok)
		fill_tables(r->serial, r->step);
	for (unsigned c = 0; c < columns; c++) {
		if (want[c] == 0)
			continue;
		r->columns = c + 1;
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
	free(r->head);
	free(r->at);
	free(r->end);
	free(r->chosen);
	free(r->serial);
	free(r->step);
	free(r->id);
	free(r->run.buf);
	free(r);
}

/* ---- column by column ---- */

/*
 * Each row has a cursor at the value of the column that is next.  Its serial
 * type is at the same place of each row's header.  Loops of one kind and
 * without a branch; what was wrong comes back as ODD_ bits.
 */
static unsigned
skip_columns(const uint32_t *step, const struct btree_rows *r, size_t from,
    unsigned c, unsigned end)
{
	const uint8_t *const *head = r->head;
	const uint8_t **at = r->at;
	uint32_t odd = 0;

	for (size_t i = from, n = r->n; i < n; i++) {
		const uint8_t *type = head[i];
		uint32_t sum = 0;

		for (unsigned k = c; k < end; k++)
			sum += step[type[k]];
		odd |= sum;
		at[i] += sum % STEP_ODD;
	}
	return odd >= STEP_ODD ? ODD_SIZE : 0;
}

static unsigned
number_column(const struct btree_serial *serial, const struct btree_rows *r,
    size_t from, unsigned c)
{
	const uint8_t *const *head = r->head;
	const uint8_t **at = r->at;
	int64_t *value = r->value[c];
	uint8_t *null = r->null[c];
	unsigned odd = 0;

	for (size_t i = from, n = r->n; i < n; i++) {
		const uint8_t type = head[i][c], *p = at[i];
		const struct btree_serial *s = &serial[type];

		value[i] = ((be64(p) >> s->shift) & s->mask) + s->add;
		null[i] = type == 0;
		odd |= s->odd;
		at[i] = p + s->size;
	}
	return odd & (ODD_NUMBER | ODD_SIZE);
}

static unsigned
blob_column(const struct btree_serial *serial, const struct btree_rows *r,
    size_t from, unsigned c)
{
	const uint8_t *const *head = r->head;
	const uint8_t **at = r->at, **blob = r->blob[c];
	uint8_t *length = r->length[c], *null = r->null[c];
	unsigned odd = 0;

	for (size_t i = from, n = r->n; i < n; i++) {
		const uint8_t type = head[i][c], *p = at[i];
		const struct btree_serial *s = &serial[type];

		blob[i] = p;
		length[i] = s->size;
		null[i] = type == 0;
		odd |= s->odd;
		at[i] = p + s->size;
	}
	return odd & (ODD_BLOB | ODD_SIZE);
}

/* A column that an older shard lacks. */
static void
null_column(const struct btree_rows *r, size_t from, unsigned c)
{
	for (size_t i = from; i < r->n; i++) {
		r->null[c][i] = 1;
		if (r->value[c] != NULL) {
			r->value[c][i] = 0;
		} else {
			r->blob[c][i] = r->at[i];
			r->length[c][i] = 0;
		}
	}
}

/* Rows [from, n), which have columns values each; NULL, or what is wrong. */
static const char *
decode(const struct btree_serial *serial, const struct btree_rows *r,
    size_t from, unsigned columns)
{
	unsigned odd = 0;
	bool cut = false;

	for (unsigned c = 0; c < r->columns; c++) {
		unsigned end = c;

		while (end < r->columns && r->null[end] == NULL)
			end++;
		if (c < end && c < columns)
			odd |= skip_columns(r->step, r, from, c,
			    end < columns ? end : columns);
		if (end < columns)
			odd |= r->value[end] != NULL ?
			    number_column(serial, r, from, end) :
			    blob_column(serial, r, from, end);
		else
			null_column(r, from, end);
		c = end;
	}
	for (size_t i = from, n = r->n; i < n; i++)
		cut |= r->at[i] > r->end[i];
	if ((odd & ODD_SIZE) != 0 || cut)
		return "record is cut";
	return odd != 0 ? "value of another type" : NULL;
}

/* A record: [head, values) types, [values, end) values. */
struct record {
	int64_t		 id;
	const uint8_t	*head;
	const uint8_t	*end;
	unsigned	 columns;
};

/* That of the cell at p; NULL, or what is wrong. */
static inline const char *
find_record(const uint8_t *p, const uint8_t *last, uint64_t most,
    struct record *out)
{
	uint64_t payload, id;
	unsigned n, m;

	if (p >= last || (n = btree_varint(p, last, &payload)) == 0 ||
	    (m = btree_varint(p + n, last, &id)) == 0)
		return "cell outside";
	p += n + m;
	if (payload > most || payload > (uint64_t)(last - p))
		return "row too long";
	if (payload == 0 || p[0] == 0 || p[0] >= 128 || p[0] > payload)
		return "odd record header";
	*out = (struct record){ .id = (int64_t)id, .head = p + 1,
		.end = p + payload, .columns = p[0] - 1U };
	return NULL;
}

/* The rows of the cells, whose offsets are given. */
static const char *
read_rows(const struct btree *t, struct btree_rows *r, const uint8_t *offset,
    uint32_t cells)
{
	const uint8_t *page = r->page, *last = page + t->usable;
	const uint8_t **head = r->head, **at = r->at, **end = r->end;
	unsigned before = 0;
	size_t from = 0;

	for (uint32_t i = 0; i < cells; i++, offset += 2) {
		struct record rec;
		/* what is longer would go on on an overflow page */
		const char *wrong = find_record(page + btree_be16(offset),
		    last, t->usable - 35, &rec);

		/* one from before a column was added is shorter */
		if (wrong == NULL && rec.columns != before && i > from) {
			r->n = i;
			wrong = decode(r->serial, r, from, before);
			from = i;
		}
		if (wrong != NULL)
			return wrong;
		before = rec.columns;
		r->id[i] = rec.id;
		head[i] = rec.head;
		at[i] = rec.head + rec.columns;
		end[i] = rec.end;
	}
	r->n = cells;
	return decode(r->serial, r, from, before);
}

/* Reads a leaf page; where the offsets of its cells stand.  NULL: err. */
static const uint8_t *
load_leaf(const struct btree *t, size_t leaf, struct btree_rows *r,
    uint32_t *cells, struct err *err)
{
	uint32_t page = t->leaf[leaf].page, at;
	const uint8_t *h;

	r->n = 0;
	*cells = 0;
	r->page = btree_leaf(t, &r->run, leaf, err);
	if (r->page == NULL)
		return NULL;
	h = page == 1 ? r->page + BTREE_HEADER : r->page;
	if (h[0] != BTREE_LEAF) {
		(void)btree_damaged(t, page, "no leaf page", err);
		return NULL;
	}
	*cells = btree_be16(h + 3);
	at = (uint32_t)(h - r->page) + LEAF_HEAD;
	if (at + *cells * 2 > t->usable || *cells > r->cap) {
		(void)btree_damaged(t, page, "too many cells", err);
		return NULL;
	}
	return r->page + at;
}

static int
read_leaf(const struct btree *t, size_t leaf, uint32_t most,
    struct btree_rows *r, struct err *err)
{
	const char *wrong;
	uint32_t cells;
	const uint8_t *offsets = load_leaf(t, leaf, r, &cells, err);

	if (offsets == NULL)
		return -1;
	wrong = read_rows(t, r, offsets, cells > most ? most : cells);
	if (wrong == NULL)
		return 0;
	r->n = 0;
	return btree_damaged(t, t->leaf[leaf].page, wrong, err);
}

int
btree_read(const struct btree *t, size_t leaf, struct btree_rows *r,
    struct err *err)
{
	return read_leaf(t, leaf, r->cap, r, err);
}

int
btree_read_first(const struct btree *t, size_t leaf, struct btree_rows *r,
    struct err *err)
{
	return read_leaf(t, leaf, 1, r, err);
}

int
btree_row(const struct btree *t, const struct btree_rows *r, size_t i,
    struct btree_value *v, unsigned columns, struct err *err)
{
	const uint8_t *type = r->head[i];
	unsigned head = type[-1], odd = 0;
	const uint8_t *at = type - 1 + head;

	for (unsigned c = 0; c < columns; c++) {
		const struct btree_serial *s = &r->serial[c + 1 < head ?
		    type[c] : 0];
		bool number = (s->odd & ODD_NUMBER) == 0;

		v[c] = (struct btree_value){ .kind = s == &r->serial[0] ? 0 :
			number ? 'n' : 'b', .length = s->size, .blob = at,
			.number = ((be64(at) >> s->shift) & s->mask) + s->add };
		/* neither */
		odd |= s->odd & (number ? 0 : ODD_BLOB);
		odd |= s->odd & ODD_SIZE;
		at += s->size;
	}
	if (odd == 0 && at <= r->end[i])
		return 0;
	return err_set(err, "%s: row %lld: damaged", t->path,
	    (long long)r->id[i]);
}

/* Rowid of the cell at p; false: outside. */
static bool
cell_id(const struct btree *t, const struct btree_rows *r, const uint8_t *p,
    int64_t *id)
{
	const uint8_t *last = r->page + t->usable;
	uint64_t payload, rowid;
	unsigned n;

	if (p >= last || (n = btree_varint(p, last, &payload)) == 0 ||
	    btree_varint(p + n, last, &rowid) == 0)
		return false;
	*id = (int64_t)rowid;
	return true;
}

/*
 * The cell of an id in [from, cells), *at; or where it would stand.  Ids
 * mostly have no gaps: so guess is right, else it halves.
 */
static bool
find_cell(const struct btree *t, const struct btree_rows *r,
    const uint8_t *offsets, uint32_t from, uint32_t cells, uint32_t guess,
    int64_t id, uint32_t *at, bool *found)
{
	uint32_t low = from, high = cells;
	uint32_t mid = guess >= low && guess < high ? guess :
	    low + (high - low) / 2;

	*found = false;
	for (; low < high; mid = low + (high - low) / 2) {
		int64_t got;

		if (!cell_id(t, r, r->page + btree_be16(offsets +
		    (size_t)mid * 2), &got))
			return false;
		if (got == id) {
			*found = true;
			low = mid;
			break;
		}
		if (got < id)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return true;
}

/* The leaf for an id: the first that does not end before it. */
static size_t
leaf_of(const struct btree *t, int64_t id)
{
	size_t low = 0, high = t->n - 1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->leaf[mid].last < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int
btree_read_ids(const struct btree *t, const int64_t *ids, size_t n,
    struct btree_rows *r, size_t *used, struct err *err)
{
	size_t leaf = leaf_of(t, ids[0]);
	uint32_t page = t->leaf[leaf].page, cells, at = 0;
	const char *wrong = NULL;
	const uint8_t *offsets = load_leaf(t, leaf, r, &cells, err);
	uint8_t *chosen;
	bool found;

	*used = 0;
	if (offsets == NULL)
		return -1;
	chosen = r->chosen;
	for (; wrong == NULL && *used < n && (*used == 0 ||
	    ids[*used] <= t->leaf[leaf].last); ++*used) {
		uint64_t gap = *used == 0 ? 0 : (uint64_t)ids[*used] -
		    (uint64_t)ids[*used - 1];

		if (!find_cell(t, r, offsets, at, cells, gap > cells ? 0 :
		    at + (uint32_t)gap, ids[*used], &at, &found))
			wrong = "cell outside";
		if (wrong == NULL && found) {
			memcpy(chosen, offsets + (size_t)at * 2, 2);
			chosen += 2;
		}
	}
	if (wrong == NULL)
		wrong = read_rows(t, r, r->chosen,
		    (uint32_t)(chosen - r->chosen) / 2);
	if (wrong == NULL)
		return 0;
	r->n = 0;
	return btree_damaged(t, page, wrong, err);
}
