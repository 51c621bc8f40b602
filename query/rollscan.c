/* Roll-ups from their pages: see rollscan.h. */
#include "query/rollscan.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "query/ast.h"
#include "query/direct.h"
#include "query/rollrow.h"
#include "query/sealed.h"
#include "query/sieve.h"
#include "query/words.h"

struct rollscan {
	struct feed		*f;
	const struct serve_pass	*pass;
	struct btree		*tree;
	struct btree_rows	*rows;
	struct sieve		*sieve;
	int			 place[COLUMN_COUNT];
	struct direct		 direct;
	bool			 is_direct;
	const struct set	*keys;		/* addresses to look for, or NULL */
	int64_t			 seen;		/* rows */
};

static bool
is_wanted_address(const struct rollscan *r, const struct node *n)
{
	const struct test *t = &n->test;

	if (n->kind != NODE_TEST || t->op != OP_EQ || t->set.addr == NULL ||
	    t->word->part != PART_VALUE)
		return false;
	for (unsigned i = 0; i < t->n_subjects; i++) {
		if (t->subject[i] >= COLUMN_COUNT ||
		    r->place[t->subject[i]] != ROLLROW_KEY)
			return false;
	}
	return true;
}

/* The set that the key of every row that passes is in, or NULL: none known. */
static const struct set *
find_keys(const struct rollscan *r)
{
	const struct node *root = ast_root(r->f->q->filter);

	if (is_wanted_address(r, root))
		return &root->test.set;
	for (size_t i = 0; root->kind == NODE_AND && i < root->n; i++) {
		if (is_wanted_address(r, root->child[i]))
			return &root->child[i]->test.set;
	}
	return NULL;
}

static void
make_direct(struct rollscan *r)
{
	for (size_t i = 0; i < r->f->q->n_groups; i++) {
		struct feed_group *g = &r->f->groups[i];

		if (!g->wanted || !direct_can(g->group))
			continue;
		direct_make(&r->direct, g, r->place);
		r->is_direct = true;
	}
}

static void
clear(struct rollscan *r)
{
	sieve_free(r->sieve);
	btree_rows_free(r->rows);
	btree_close(r->tree);
}

static int
prepare(struct rollscan *r, const char *path, const struct open_shard *s)
{
	const struct rollup_info *ri = rollup_info(r->pass->rollup);
	bool addr = column_info(ri->column)->type == CT_ADDR;
	char want[ROLLROW_END];
	struct err ignored;

	if (s->roll_root[r->pass->rollup] == 0 || !sieve_can(r->f->q))
		return -1;
	rollrow_columns(r->pass->rollup, ((feed_columns(r->f) |
	    filter_columns(r->f->q->filter)) & flow_bit(COL_proto)) != 0,
	    want, r->place);
	r->tree = sealed_table(path, s, s->roll_root[r->pass->rollup]);
	if (r->tree == NULL)
		return -1;
	r->rows = btree_rows_new(r->tree, want, ROLLROW_END);
	if (r->rows == NULL)
		return -1;
	make_direct(r);
	r->sieve = sieve_new(r->f->q, NULL, r->place, ROLLROW_NONE, r->rows->cap,
	    &ignored);
	r->keys = addr ? find_keys(r) : NULL;
	return r->sieve == NULL ? -1 : 0;
}

/* The key and protocol of a row for a group that is not direct. */
static void
put_data(const struct rollscan *r, size_t i)
{
	enum column key = rollup_info(r->pass->rollup)->column;
	const struct btree_rows *rows = r->rows;
	struct datum *d = &r->f->data[key];

	*d = (struct datum){ .kind = DATUM_NULL };
	if (rows->null[ROLLROW_KEY][i]) {
		;
	} else if (rows->blob[ROLLROW_KEY] == NULL) {
		d->kind = DATUM_NUMBER;
		d->number = rows->value[ROLLROW_KEY][i];
	} else if (rows->length[ROLLROW_KEY][i] == 4 ||
	    rows->length[ROLLROW_KEY][i] == 16) {
		d->kind = DATUM_ADDR;
		d->len = rows->length[ROLLROW_KEY][i];
		d->addr = rows->blob[ROLLROW_KEY][i];
	}
	d = &r->f->data[COL_proto];
	if (rows->null[ROLLROW_PROTO] == NULL)
		return;
	d->kind = rows->null[ROLLROW_PROTO][i] ? DATUM_NULL : DATUM_NUMBER;
	d->number = rows->value[ROLLROW_PROTO][i];
}

static bool
same_address(const struct btree_rows *rows, size_t a, size_t b)
{
	uint8_t len = rows->length[ROLLROW_KEY][a];

	return len == rows->length[ROLLROW_KEY][b] &&
	    !rows->null[ROLLROW_KEY][a] && !rows->null[ROLLROW_KEY][b] &&
	    memcmp(rows->blob[ROLLROW_KEY][a], rows->blob[ROLLROW_KEY][b],
	    len) == 0;
}

static int
put(struct rollscan *r, size_t i, const struct tally_sum *sum)
{
	const uint32_t row = (uint32_t)i;
	const struct direct_rows one = { r->rows, &row, sum, 1 };
	unsigned side = r->pass->side;

	if (r->f->count_total)
		tally_add(&r->f->total, sum);
	return direct_add(&r->direct, &one, side, side + 1, &r->f->err);
}

/*
 * The rows of a leaf.  Those of one address stand together, one for each
 * protocol: where that is not part of the key they are added up first.
 */
static int
add_rows(struct rollscan *r, const uint8_t *mask)
{
	const struct btree_rows *rows = r->rows;
	bool join = rows->blob[ROLLROW_KEY] != NULL && r->direct.n == 1;
	struct tally_sum sum, next;
	size_t last = SIZE_MAX;
	uint32_t rate;

	for (size_t i = 0; i < rows->n; i++) {
		if (mask != NULL && !mask[i])
			continue;
		r->f->passed++;
		next = rollrow_sum(rows, i, r->f->q->scale, r->pass->sign,
		    &rate);
		if (!r->is_direct) {
			put_data(r, i);
			if (feed_add(r->f, &next, rate) == -1)
				return -1;
			continue;
		}
		if (join && last != SIZE_MAX && same_address(rows, last, i)) {
			tally_add(&sum, &next);
			continue;
		}
		if (last != SIZE_MAX && put(r, last, &sum) == -1)
			return -1;
		sum = next;
		last = i;
	}
	return last == SIZE_MAX ? 0 : put(r, last, &sum);
}

static int
read_leaf(struct rollscan *r, size_t leaf, struct err *err)
{
	const atomic_bool *stop = r->f->q->stop;

	if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed))
		return err_as(err, ERR_STOPPED, "interrupted");
	if (btree_read(r->tree, leaf, r->rows, err) == -1)
		return -1;
	r->seen += (int64_t)r->rows->n;
	if (add_rows(r, sieve_rows(r->sieve, r->rows)) == 0)
		return 0;
	*err = r->f->err;
	return -1;
}

/* As memcmp; in the order of rollup.h. */
static int
compare_key(const struct btree_rows *rows, size_t i, const struct addr *a)
{
	if (rows->null[ROLLROW_KEY][i])
		return -1;
	if (rows->length[ROLLROW_KEY][i] != a->len)
		return rows->length[ROLLROW_KEY][i] < a->len ? -1 : 1;
	return memcmp(rows->blob[ROLLROW_KEY][i], a->bytes, a->len);
}

/*
 * The first leaf in [from, leaves) that can hold a key >= a: the one before
 * the first that begins with such a key.
 */
static int
find_leaf(struct rollscan *r, size_t from, const struct addr *a, size_t *out,
    struct err *err)
{
	size_t low = from, high = btree_leaves(r->tree);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (btree_read_first(r->tree, mid, r->rows, err) == -1)
			return -1;
		if (r->rows->n == 0 || compare_key(r->rows, 0, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*out = low > from ? low - 1 : low;
	return 0;
}

/* The leaves from from on that can hold a key of the range; *next: behind. */
static int
read_range(struct rollscan *r, const struct addr_range *range, size_t *next,
    struct err *err)
{
	size_t leaf;

	if (find_leaf(r, *next, &range->lo, &leaf, err) == -1)
		return -1;
	for (; leaf < btree_leaves(r->tree); leaf++) {
		const struct btree_rows *rows = r->rows;

		if (read_leaf(r, leaf, err) == -1)
			return -1;
		*next = leaf + 1;
		if (rows->n > 0 &&
		    compare_key(rows, rows->n - 1, &range->hi) > 0)
			break;
	}
	return 0;
}

static int
read_all(struct rollscan *r, struct err *err)
{
	size_t next = 0;

	if (r->keys == NULL) {
		for (; next < btree_leaves(r->tree); next++) {
			if (read_leaf(r, next, err) == -1)
				return -1;
		}
		return 0;
	}
	for (size_t i = 0; i < r->keys->n; i++) {
		if (read_range(r, &r->keys->addr[i], &next, err) == -1)
			return -1;
	}
	return 0;
}

int
rollscan_run(struct feed *f, const char *path, const struct open_shard *s,
    const struct serve_pass *pass, struct report_use *use, struct err *err)
{
	struct rollscan r = { .f = f, .pass = pass };
	int64_t passed = f->passed;
	int rc = 0;

	if (prepare(&r, path, s) == 0)
		rc = read_all(&r, err) == -1 ? -1 : 1;
	if (rc == 1 && use != NULL)
		report_part(use, r.seen, f->passed - passed,
		    r.keys != NULL ? "roll-up %s by its order" :
		    "roll-up %s", rollup_info(pass->rollup)->table);
	clear(&r);
	return rc;
}
