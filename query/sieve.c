/*
 * Filters over columns: see sieve.h.
 *
 * A node makes a mask of bytes from its children's masks.  A test reads one
 * or more subjects, each an array of numbers or addresses and an array that
 * tells which are missing; rates and such are computed into arrays first.
 */
#include "query/sieve.h"

#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/match.h"
#include "query/words.h"

#define FEW_RANGES	4	/* more are searched */

/* Answers of a subtree that only asks about the path. */
struct path_answer {
	const struct node	*node;
	uint8_t			*by_path;
	bool			 missing;	/* for a path that is not there */
};

/* A subject of a leaf; number or addr is NULL. */
struct vector {
	const int64_t		*number;
	const uint8_t *const	*addr;
	const uint8_t		*length;	/* of addr */
	const uint8_t		*null;
};

struct sieve {
	const struct question	*q;
	const struct side	*side;
	const int		*place;
	int			 path_place;
	size_t			 cap;
	int64_t			 n_paths;
	struct path_answer	*answers;
	size_t			 n_answers;
	uint8_t			**masks;	/* by depth */
	size_t			 n_masks;
	size_t			 deepest;
	int64_t			*number[2];	/* computed subjects */
	uint8_t			*null;
	uint8_t			*pass;
	uint8_t			*fail;
};

static bool
has_no_extra(const struct node *n, void *arg)
{
	bool *can = arg;

	*can = (n->homes & 1U << HOME_EXTRA) == 0;
	return *can;
}

bool
sieve_can(const struct question *q)
{
	bool can = true;

	ast_walk(ast_root(q->filter), has_no_extra, &can);
	return can;
}

static bool
asks_rate(const struct node *n, void *arg)
{
	bool *asks = arg;

	for (unsigned i = 0; i < n->test.n_subjects; i++) {
		int s = n->test.subject[i];

		*asks = *asks || s == COL_packets || s == COL_bytes ||
		    s == SUBJECT_PPS || s == SUBJECT_BPS || s == SUBJECT_BPP;
	}
	return !*asks;
}

uint64_t
sieve_columns(const struct question *q)
{
	uint64_t set = filter_columns(q->filter);
	bool rate = false;

	if (q->has_window)
		set |= flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
	ast_walk(ast_root(q->filter), asks_rate, &rate);
	/* the rate stands in every side, but the path must be read */
	if (rate && q->scale)
		set |= flow_bit(COL_sampling);
	return set;
}

/* ---- paths ---- */

/* The columns of one path that the filter reads, as a flow. */
static void
path_flow(const struct side *side, int64_t path, uint64_t columns,
    struct flow *f)
{
	f->set = 0;
	for (unsigned c = 0; columns >> c != 0; c++) {
		if ((columns >> c & 1) != 0)
			datum_to_flow(side_datum(side, path, (enum column)c),
			    f, (enum column)c);
	}
}

static const struct match_exporter *
exporter_of(void *arg, uint32_t id)
{
	struct match_exporter *found = ((void **)arg)[0];
	const struct side *side = ((void **)arg)[1];
	const struct row_exporter *e = side_exporter(side, id);

	if (e == NULL)
		return NULL;
	*found = (struct match_exporter){ .address = e->address,
		.version = e->version, .name = e->name };
	return found;
}

static int
answer_paths(struct sieve *s, const struct node *n, struct err *err)
{
	uint64_t columns = sieve_columns(s->q) & flow_home_bits(HOME_PATH);
	struct path_answer *v = realloc(s->answers,
	    (s->n_answers + 1) * sizeof(*v)), *a;
	struct match_exporter exporter;
	void *arg[2] = { &exporter, (void *)(uintptr_t)s->side };
	const struct match_env env = { .exporter = exporter_of, .arg = arg };
	struct flow f;

	if (v == NULL)
		return err_set(err, "out of memory");
	s->answers = v;
	a = &v[s->n_answers++];
	*a = (struct path_answer){ .node = n,
		.by_path = malloc((size_t)s->n_paths + 1) };
	if (a->by_path == NULL)
		return err_set(err, "out of memory");
	for (int64_t i = 0; i < s->n_paths; i++) {
		path_flow(s->side, i, columns, &f);
		a->by_path[i] = match_node(n, &f, &env);
	}
	f.set = 0;
	a->missing = match_node(n, &f, &env);
	return 0;
}

/* A roll-up has its key at hand, wherever that comes from. */
static bool
is_path_only(const struct sieve *s, const struct node *n)
{
	return s->side != NULL && n->homes == 1U << HOME_PATH;
}

/* Finds the subtrees to answer by path, and how deep the others go. */
static int
prepare(struct sieve *s, const struct node *n, size_t depth,
    struct err *err)
{
	if (depth > s->deepest)
		s->deepest = depth;
	if (is_path_only(s, n))
		return answer_paths(s, n, err);
	for (size_t i = 0; i < n->n; i++) {
		if (prepare(s, n->child[i], depth + 1, err) == -1)
			return -1;
	}
	return 0;
}

static void
path_mask(const struct sieve *s, const struct node *n,
    const struct btree_rows *r, uint8_t *mask)
{
	const int64_t *path = r->value[s->path_place];
	const struct path_answer *a = s->answers;

	while (a->node != n)
		a++;
	for (size_t i = 0; i < r->n; i++)
		mask[i] = path[i] >= 0 && path[i] < s->n_paths ?
		    a->by_path[path[i]] : a->missing;
}

/* ---- subjects ---- */

static struct vector
column_vector(const struct sieve *s, const struct btree_rows *r,
    enum column c)
{
	int at = s->place[c];

	return (struct vector){ .number = r->value[at],
		.addr = (const uint8_t *const *)r->blob[at],
		.length = r->length[at], .null = r->null[at] };
}

/* Counters as they are compared: scaled, and never below 0. */
static struct vector
counter_vector(struct sieve *s, const struct btree_rows *r, enum column c,
    int scratch)
{
	struct vector v = column_vector(s, r, c);
	int64_t *out = s->number[scratch];

	if (!s->q->scale)
		return v;
	for (size_t i = 0; i < r->n; i++) {
		uint32_t rate = side_rate(s->side,
		    r->value[s->path_place][i]);

		if (__builtin_mul_overflow(v.number[i], (int64_t)rate,
		    &out[i]))
			out[i] = v.number[i] > 0 ? INT64_MAX : INT64_MIN;
	}
	v.number = out;
	return v;
}

/* c * factor / d for both in whole numbers, INT64_MAX at most. */
static struct vector
rate_vector(struct sieve *s, const struct btree_rows *r, enum column c,
    int64_t factor)
{
	struct vector v = counter_vector(s, r, c, 0);
	struct vector d = column_vector(s, r, COL_duration_ms);
	int64_t *out = s->number[1];

	for (size_t i = 0; i < r->n; i++) {
		s->null[i] = v.null[i] | d.null[i];
		out[i] = rate_of(v.number[i], factor, d.number[i]);
	}
	return (struct vector){ .number = out, .null = s->null };
}

static struct vector
bpp_vector(struct sieve *s, const struct btree_rows *r)
{
	struct vector b = counter_vector(s, r, COL_bytes, 0);
	struct vector p = counter_vector(s, r, COL_packets, 1);
	int64_t *out = s->number[1];

	for (size_t i = 0; i < r->n; i++) {
		s->null[i] = b.null[i] | p.null[i];
		out[i] = p.number[i] > 0 ? b.number[i] / p.number[i] : 0;
	}
	return (struct vector){ .number = out, .null = s->null };
}

static struct vector
last_vector(struct sieve *s, const struct btree_rows *r)
{
	struct vector f = column_vector(s, r, COL_first_ms);
	struct vector d = column_vector(s, r, COL_duration_ms);
	int64_t *out = s->number[1];

	for (size_t i = 0; i < r->n; i++) {
		s->null[i] = f.null[i] | d.null[i];
		out[i] = (int64_t)((uint64_t)f.number[i] +
		    (uint64_t)d.number[i]);
	}
	return (struct vector){ .number = out, .null = s->null };
}

static struct vector
subject_vector(struct sieve *s, const struct btree_rows *r, int subject)
{
	switch (subject) {
	case COL_packets:
	case COL_bytes:
		return counter_vector(s, r, (enum column)subject, 1);
	case SUBJECT_PPS:
		return rate_vector(s, r, COL_packets, 1000);
	case SUBJECT_BPS:
		return rate_vector(s, r, COL_bytes, 8000);
	case SUBJECT_BPP:
		return bpp_vector(s, r);
	case SUBJECT_LAST:
		return last_vector(s, r);
	default:
		return column_vector(s, r, (enum column)subject);
	}
}

/* The part of numbers that is compared; addresses have their family. */
static void
take_part(struct sieve *s, struct vector *v, enum part part, size_t n)
{
	int64_t *out = s->number[1];

	switch (part) {
	case PART_FAMILY:
		for (size_t i = 0; i < n; i++)
			out[i] = v->length[i];
		break;
	case PART_HIGH:
		for (size_t i = 0; i < n; i++)
			out[i] = v->number[i] >> 8;
		break;
	case PART_LOW:
		for (size_t i = 0; i < n; i++)
			out[i] = v->number[i] & 255;
		break;
	default:
		/* labels are of table extra */
		return;
	}
	v->number = out;
	v->addr = NULL;
}

/* ---- tests ---- */

static void
in_ranges(const struct vector *v, const struct set *set, size_t n,
    uint8_t *pass)
{
	memset(pass, 0, n);
	if (set->n > FEW_RANGES) {
		for (size_t i = 0; i < n; i++)
			pass[i] = set_has_number(set, v->number[i]);
		return;
	}
	for (size_t k = 0; k < set->n; k++) {
		int64_t lo = set->num[k].lo, hi = set->num[k].hi;

		for (size_t i = 0; i < n; i++)
			pass[i] |= (uint8_t)((v->number[i] >= lo) &
			    (v->number[i] <= hi));
	}
}

#ifdef GCC_ANALYZER
/* It does not see that a vector of addresses has addr. */
#pragma GCC diagnostic ignored "-Wanalyzer-null-dereference"
#endif

static void
in_addresses(const struct vector *v, const struct set *set, size_t n,
    uint8_t *pass)
{
	memset(pass, 0, n);
	if (set->n > FEW_RANGES) {
		for (size_t i = 0; i < n; i++) {
			struct addr a;

			if (v->length[i] != 4 && v->length[i] != 16)
				continue;
			a = addr_from(v->addr[i], v->length[i]);
			pass[i] = set_has_addr(set, &a);
		}
		return;
	}
	for (size_t k = 0; k < set->n; k++) {
		const struct addr_range *r = &set->addr[k];
		size_t len = r->lo.len;

		for (size_t i = 0; i < n; i++)
			pass[i] |= v->length[i] == len &&
			    memcmp(v->addr[i], r->lo.bytes, len) >= 0 &&
			    memcmp(v->addr[i], r->hi.bytes, len) <= 0;
	}
}

static void
compare_numbers(const struct vector *v, enum op op, int64_t x, size_t n,
    uint8_t *pass)
{
	const int64_t *a = v->number;

	switch (op) {
	case OP_LT:
		for (size_t i = 0; i < n; i++)
			pass[i] = a[i] < x;
		break;
	case OP_LE:
		for (size_t i = 0; i < n; i++)
			pass[i] = a[i] <= x;
		break;
	case OP_GT:
		for (size_t i = 0; i < n; i++)
			pass[i] = a[i] > x;
		break;
	case OP_GE:
		for (size_t i = 0; i < n; i++)
			pass[i] = a[i] >= x;
		break;
	case OP_ALL_BITS:
		for (size_t i = 0; i < n; i++)
			pass[i] = (a[i] & x) == x;
		break;
	default:
		for (size_t i = 0; i < n; i++)
			pass[i] = (a[i] & x) != 0;
		break;
	}
}

/* Does the subject, where it was sent, pass? */
static void
subject_passes(struct sieve *s, const struct test *t, int subject,
    const struct btree_rows *r, const uint8_t **null)
{
	struct vector v = subject_vector(s, r, subject);

	take_part(s, &v, t->word->part, r->n);
	if (t->op != OP_EQ && t->op != OP_NE)
		compare_numbers(&v, t->op, t->set.num[0].lo, r->n, s->pass);
	else if (t->set.addr != NULL)
		in_addresses(&v, &t->set, r->n, s->pass);
	else
		in_ranges(&v, &t->set, r->n, s->pass);
	if (t->op == OP_NE) {
		for (size_t i = 0; i < r->n; i++)
			s->pass[i] ^= 1;
	}
	*null = v.null;
}

/* Subjects [from, to): one passes (!=: and none that was sent fails). */
static void
any_passes(struct sieve *s, const struct test *t, size_t from, size_t to,
    const struct btree_rows *r, uint8_t *mask)
{
	memset(mask, 0, r->n);
	memset(s->fail, 0, r->n);
	for (size_t k = from; k < to; k++) {
		const uint8_t *null;

		subject_passes(s, t, t->subject[k], r, &null);
		for (size_t i = 0; i < r->n; i++) {
			uint8_t sent = null[i] ^ 1;

			mask[i] |= s->pass[i] & sent;
			s->fail[i] |= (s->pass[i] ^ 1) & sent;
		}
	}
	if (t->op != OP_NE)
		return;
	for (size_t i = 0; i < r->n; i++)
		mask[i] &= s->fail[i] ^ 1;
}

static void
test_mask(struct sieve *s, const struct test *t, const struct btree_rows *r,
    uint8_t *mask, uint8_t *other)
{
	size_t first = t->all ? t->word->n_subjects : t->n_subjects;
	int at = s->place[COL_proto];

	any_passes(s, t, 0, first, r, mask);
	if (first < t->n_subjects) {
		any_passes(s, t, first, t->n_subjects, r, other);
		for (size_t i = 0; i < r->n; i++)
			mask[i] &= other[i];
	}
	if (t->word->implies == IMPLIES_NOTHING)
		return;
	for (size_t i = 0; i < r->n; i++) {
		int64_t proto = r->value[at][i];

		mask[i] &= (r->null[at][i] ^ 1) &
		    (t->word->implies == IMPLIES_TCP ? proto == 6 :
		    (proto == 1 || proto == 58));
	}
}

static void
node_mask(struct sieve *s, const struct node *n, const struct btree_rows *r,
    size_t depth)
{
	uint8_t *mask = s->masks[depth], *child = s->masks[depth + 1];

	if (is_path_only(s, n)) {
		path_mask(s, n, r, mask);
		return;
	}
	switch (n->kind) {
	case NODE_ANY:
		memset(mask, 1, r->n);
		break;
	case NODE_TEST:
		test_mask(s, &n->test, r, mask, child);
		break;
	case NODE_NOT:
		node_mask(s, n->child[0], r, depth + 1);
		for (size_t i = 0; i < r->n; i++)
			mask[i] = child[i] ^ 1;
		break;
	case NODE_AND:
	case NODE_OR:
		memset(mask, n->kind == NODE_AND, r->n);
		for (size_t k = 0; k < n->n; k++) {
			node_mask(s, n->child[k], r, depth + 1);
			if (n->kind == NODE_AND) {
				for (size_t i = 0; i < r->n; i++)
					mask[i] &= child[i];
			} else {
				for (size_t i = 0; i < r->n; i++)
					mask[i] |= child[i];
			}
		}
		break;
	}
}

/* Flows that overlap the window, or lie within it; as sql.c has it. */
static void
window_mask(const struct sieve *s, const struct btree_rows *r,
    uint8_t *mask)
{
	const struct question *q = s->q;
	struct vector f = column_vector(s, r, COL_first_ms);
	struct vector d = column_vector(s, r, COL_duration_ms);

	for (size_t i = 0; i < r->n; i++) {
		int64_t first = f.number[i], last = (int64_t)((uint64_t)first +
		    (uint64_t)d.number[i]);

		mask[i] &= (f.null[i] ^ 1) & (q->within ?
		    (first >= q->from_ms && last <= q->to_ms) :
		    (last >= q->from_ms && first <= q->to_ms));
	}
}

const uint8_t *
sieve_rows(struct sieve *s, const struct btree_rows *r)
{
	bool window = s->q->has_window && s->side != NULL;

	if (filter_is_any(s->q->filter) && !window)
		return NULL;
	node_mask(s, ast_root(s->q->filter), r, 0);
	if (window)
		window_mask(s, r, s->masks[0]);
	return s->masks[0];
}

struct sieve *
sieve_new(const struct question *q, const struct side *side,
    const int *place, int path_place, size_t cap, struct err *err)
{
	struct sieve *s = calloc(1, sizeof(*s));
	bool ok;

	if (s == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	*s = (struct sieve){ .q = q, .side = side, .place = place,
		.path_place = path_place, .cap = cap,
		.n_paths = side == NULL ? 0 : side_paths(side) };
	if (prepare(s, ast_root(q->filter), 0, err) == -1) {
		sieve_free(s);
		return NULL;
	}
	s->n_masks = s->deepest + 2;
	s->masks = calloc(s->n_masks, sizeof(*s->masks));
	s->null = malloc(cap);
	s->pass = malloc(cap);
	s->fail = malloc(cap);
	s->number[0] = malloc(cap * sizeof(int64_t));
	s->number[1] = malloc(cap * sizeof(int64_t));
	ok = s->masks != NULL && s->null != NULL && s->pass != NULL &&
	    s->fail != NULL && s->number[0] != NULL && s->number[1] != NULL;
	for (size_t i = 0; i < s->n_masks && ok; i++) {
		s->masks[i] = malloc(cap);
		ok = s->masks[i] != NULL;
	}
	if (ok)
		return s;
	(void)err_set(err, "out of memory");
	sieve_free(s);
	return NULL;
}

void
sieve_free(struct sieve *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_answers; i++)
		free(s->answers[i].by_path);
	for (size_t i = 0; s->masks != NULL && i < s->n_masks; i++)
		free(s->masks[i]);
	free(s->answers);
	free(s->masks);
	free(s->null);
	free(s->pass);
	free(s->fail);
	free(s->number[0]);
	free(s->number[1]);
	free(s);
}
