/* Roll-ups side by side: see rollmerge.h. */
#include "query/rollmerge.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "query/datum.h"
#include "query/rollrow.h"
#include "query/sieve.h"

#define FIRST_SLOTS	1024U
#define NO_ROW		0U	/* slots hold the place of a row + 1 */

/* A source while it is read; the rows of one leaf, those of a key added up. */
struct cursor {
	const struct merge_source *source;
	struct merge_span	  *span;
	struct btree_rows	  *read;	/* the leaf as it is read */
	struct merge_row	  *rows;
	size_t			   cap;
	size_t			   n;
	size_t			   at;		/* rows before are merged */
	size_t			   leaf;	/* to be read next */
	struct merge_key	   last;	/* that was read */
	bool			   begun;	/* from is reached */
	bool			   ended;	/* no more leaves */
};

struct merger {
	const struct merge_task	*task;
	struct tally_sum	*total;
	struct sieve		*sieve;
	struct cursor		*cursors;
	int			 place[COLUMN_COUNT];	/* the sieve's */
	unsigned		 width;		/* of a number; 0: addresses */
	/* the window */
	struct merge_row	*found;
	size_t			 n_found;
	uint32_t		*slots;
	uint32_t		 mask;
};

/* ---- keys ---- */

/* False: no value that the column can have. */
static inline bool
key_of(const struct btree_rows *rows, size_t i, unsigned width,
    struct merge_key *k)
{
	*k = (struct merge_key){ .kind = MERGE_NULL };
	if (rows->null[ROLLROW_KEY][i])
		return true;
	k->kind = MERGE_SHORT;
	if (width > 0) {
		k->high = (uint64_t)rows->value[ROLLROW_KEY][i];
		return width < 8 && k->high >> (8 * width) == 0;
	}
	if (rows->length[ROLLROW_KEY][i] == 4) {
		uint32_t a;

		memcpy(&a, rows->blob[ROLLROW_KEY][i], sizeof(a));
		k->high = be32toh(a);
		return true;
	}
	if (rows->length[ROLLROW_KEY][i] != 16)
		return false;
	memcpy(&k->high, rows->blob[ROLLROW_KEY][i], 8);
	memcpy(&k->low, rows->blob[ROLLROW_KEY][i] + 8, 8);
	k->high = be64toh(k->high);
	k->low = be64toh(k->low);
	k->kind = MERGE_LONG;
	return true;
}

static unsigned
width_of(enum rollup r)
{
	enum column c = rollup_info(r)->column;

	return column_info(c)->type == CT_ADDR ? 0 : datum_width(c);
}

/* ---- the rows of a leaf ---- */

static int
make_room(struct cursor *c, size_t n, struct err *err)
{
	struct merge_row *v;

	if (n <= c->cap)
		return 0;
	v = realloc(c->rows, n * sizeof(*v));
	if (v == NULL)
		return err_set(err, "out of memory");
	c->rows = v;
	c->cap = n;
	return 0;
}

/* Takes row i, whose key is k. */
static inline void
take(const struct merger *m, struct cursor *c, size_t i,
    const struct merge_key *k)
{
	uint32_t rate;
	struct tally_sum sum = rollrow_sum(c->read, i, m->task->q->scale,
	    c->source->sign, &rate);

	if (c->n > 0 && merge_same(&c->rows[c->n - 1].key, k)) {
		tally_add(&c->rows[c->n - 1].sum, &sum);
		return;
	}
	c->rows[c->n].key = *k;
	c->rows[c->n++].sum = sum;
}

/* The rows of the leaf that was read; 0: not in order, or no keys. */
static int
take_leaf(const struct merger *m, struct cursor *c)
{
	const uint8_t *mask = sieve_rows(m->sieve, c->read);
	const struct merge_task *t = m->task;
	struct merge_key k;

	for (size_t i = 0; i < c->read->n; i++) {
		if (!key_of(c->read, i, m->width, &k) ||
		    merge_less(&k, &c->last))
			return 0;
		c->last = k;
		if (!c->begun && merge_less(&k, &t->from))
			continue;
		if (!c->begun) {
			c->span->begin = (struct merge_place){ c->leaf, i };
			c->begun = true;
		}
		if (!merge_less(&k, &t->to)) {
			c->span->end = (struct merge_place){ c->leaf, i };
			c->ended = true;
			return 1;
		}
		c->span->seen++;
		if (mask != NULL && !mask[i])
			continue;
		c->span->passed++;
		take(m, c, i, &k);
	}
	return 1;
}

/* The next leaf that has something; c->n is 0 when there is none.  As run. */
static int
load(struct merger *m, struct cursor *c, struct err *err)
{
	const atomic_bool *stop = m->task->q->stop;
	size_t leaves = btree_leaves(c->source->tree);
	struct err ignored;

	c->n = c->at = 0;
	while (c->n == 0 && !c->ended) {
		if (stop != NULL && atomic_load_explicit(stop,
		    memory_order_relaxed))
			return err_as(err, ERR_STOPPED, "interrupted");
		if (c->leaf == leaves) {
			c->span->end = (struct merge_place){ leaves, 0 };
			if (!c->begun)
				c->span->begin = c->span->end;
			c->ended = true;
			break;
		}
		if (btree_read(c->source->tree, c->leaf, c->read,
		    &ignored) == -1)
			return 0;
		if (make_room(c, c->read->n, err) == -1)
			return -1;
		if (!take_leaf(m, c))
			return 0;
		c->leaf++;
	}
	return 1;
}

/* The leaf to begin with: the one before the first that begins with >= key. */
static bool
find_leaf(const struct merger *m, struct cursor *c)
{
	size_t low = 0, high = btree_leaves(c->source->tree);
	struct merge_key k;
	struct err ignored;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (btree_read_first(c->source->tree, mid, c->read,
		    &ignored) == -1 || (c->read->n > 0 &&
		    !key_of(c->read, 0, m->width, &k)))
			return false;
		if (c->read->n == 0 || merge_less(&k, &m->task->from))
			low = mid + 1;
		else
			high = mid;
	}
	c->leaf = low > 0 ? low - 1 : low;
	return true;
}

/* ---- the window ---- */

static inline uint32_t
home_of(const struct merger *m, const struct merge_key *k)
{
	uint64_t h = (k->high ^ k->low * UINT64_C(0xd6e8feb86659fd93)) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) & m->mask;
}

/* Room for twice as many keys; found holds half as many as there are slots. */
static int
grow(struct merger *m, struct err *err)
{
	uint32_t n = m->slots == NULL ? FIRST_SLOTS : (m->mask + 1) * 2;
	struct merge_row *found = n == 0 ? NULL :
	    realloc(m->found, n / 2 * sizeof(*found));
	uint32_t *slots = found == NULL ? NULL : calloc(n, sizeof(*slots));

	if (found != NULL)
		m->found = found;
	if (slots == NULL)
		return err_set(err, "out of memory");
	free(m->slots);
	m->slots = slots;
	m->mask = n - 1;
	for (size_t i = 0; i < m->n_found; i++) {
		uint32_t at = home_of(m, &found[i].key);

		while (slots[at] != NO_ROW)
			at = (at + 1) & m->mask;
		slots[at] = (uint32_t)i + 1;
		found[i].slot = at;
	}
	return 0;
}

static inline int
add(struct merger *m, const struct merge_row *r, struct err *err)
{
	uint32_t at = home_of(m, &r->key);

	for (; m->slots[at] != NO_ROW; at = (at + 1) & m->mask) {
		struct merge_row *f = &m->found[m->slots[at] - 1];

		if (merge_same(&f->key, &r->key)) {
			tally_add(&f->sum, &r->sum);
			return 0;
		}
	}
	m->found[m->n_found] = *r;
	m->found[m->n_found++].slot = at;
	m->slots[at] = (uint32_t)m->n_found;
	return m->n_found > m->mask / 2 ? grow(m, err) : 0;
}

/* The smallest of the last keys of leaves that others follow. */
static struct merge_key
find_bound(const struct merger *m)
{
	struct merge_key bound = { .kind = MERGE_END };

	for (size_t i = 0; i < m->task->n; i++) {
		const struct cursor *c = &m->cursors[i];

		if (!c->ended && merge_less(&c->rows[c->n - 1].key, &bound))
			bound = c->rows[c->n - 1].key;
	}
	return bound;
}

/* All rows up to the bound, from however many leaves; as run. */
static int
add_cursor(struct merger *m, struct cursor *c, const struct merge_key *bound,
    struct err *err)
{
	int rc = 1;

	while (c->at < c->n && !merge_less(bound, &c->rows[c->at].key)) {
		const struct merge_row *r = &c->rows[c->at++];

		if (c->source->total)
			tally_add(m->total, &r->sum);
		if (r->key.kind != MERGE_NULL && add(m, r, err) == -1)
			return -1;
		if (c->at == c->n && (rc = load(m, c, err)) != 1)
			return rc;
	}
	return 1;
}

static int
hand_out(struct merger *m, struct err *err)
{
	for (size_t i = 0; i < m->n_found; i++) {
		m->slots[m->found[i].slot] = NO_ROW;
		if (m->task->visit(m->task->arg, &m->found[i], err) == -1)
			return -1;
	}
	m->n_found = 0;
	return 0;
}

/* ---- all of it ---- */

static int
merge(struct merger *m, struct err *err)
{
	bool more = true;
	int rc;

	for (size_t i = 0; i < m->task->n; i++) {
		rc = load(m, &m->cursors[i], err);
		if (rc != 1)
			return rc;
	}
	while (more) {
		struct merge_key bound = find_bound(m);

		more = bound.kind != MERGE_END;
		for (size_t i = 0; i < m->task->n; i++) {
			rc = add_cursor(m, &m->cursors[i], &bound, err);
			if (rc != 1)
				return rc;
		}
		if (hand_out(m, err) == -1)
			return -1;
	}
	return 1;
}

/* As run. */
static int
prepare(struct merger *m, struct merge_span *spans, struct err *err)
{
	const struct merge_task *t = m->task;
	bool whole = t->from.kind == MERGE_NULL;
	char want[ROLLROW_END];
	size_t cap = 0;

	/* the key is of one kind in all of them, and no filter asks for it */
	rollrow_columns(t->sources[0].rollup, (filter_columns(t->q->filter) &
	    flow_bit(COL_proto)) != 0, want, m->place);
	m->width = width_of(t->sources[0].rollup);
	m->cursors = calloc(t->n, sizeof(*m->cursors));
	if (m->cursors == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < t->n; i++) {
		struct cursor *c = &m->cursors[i];

		spans[i] = (struct merge_span){ .seen = 0 };
		*c = (struct cursor){ .source = &t->sources[i],
			.span = &spans[i], .begun = whole,
			.read = btree_rows_new(t->sources[i].tree, want,
			    ROLLROW_END) };
		if (c->read == NULL)
			return err_set(err, "out of memory");
		if (c->read->cap > cap)
			cap = c->read->cap;
		if (!whole && !find_leaf(m, c))
			return 0;
	}
	m->sieve = sieve_new(t->q, NULL, m->place, ROLLROW_NONE, cap, err);
	return m->sieve == NULL || grow(m, err) == -1 ? -1 : 1;
}

int
rollmerge_run(const struct merge_task *t, struct tally_sum *total,
    struct merge_span *spans, struct err *err)
{
	struct merger m = { .task = t, .total = total };
	int rc = prepare(&m, spans, err);

	if (rc == 1)
		rc = merge(&m, err);
	for (size_t i = 0; m.cursors != NULL && i < t->n; i++) {
		btree_rows_free(m.cursors[i].read);
		free(m.cursors[i].rows);
	}
	free(m.cursors);
	free(m.found);
	free(m.slots);
	sieve_free(m.sieve);
	return rc;
}

bool
rollmerge_cut(const struct merge_source *s, size_t part, size_t parts,
    struct merge_key *out)
{
	size_t leaf = btree_leaves(s->tree) * part / parts;
	char want[ROLLROW_END];
	int place[COLUMN_COUNT];
	struct btree_rows *rows;
	struct err ignored;
	bool ok;

	rollrow_columns(s->rollup, false, want, place);
	rows = btree_rows_new(s->tree, want, ROLLROW_END);
	ok = rows != NULL && leaf < btree_leaves(s->tree) &&
	    btree_read_first(s->tree, leaf, rows, &ignored) == 0 &&
	    rows->n > 0 && key_of(rows, 0, width_of(s->rollup), out);
	btree_rows_free(rows);
	return ok;
}
