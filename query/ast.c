/*
 * Nodes, sets and the arena of a filter.  Depth of recursion is bounded by
 * the parser's cap on nesting: chains of and/or are one node with many
 * children.
 */
#include "query/ast.h"

#include <stdlib.h>
#include <string.h>

#include "query/words.h"
#include "schema/flow.h"

#define CHUNK_SIZE	4096

/* Scaled counters and rates that pass 63 bits are above every number. */
#define NUMBER_MAX	(INT64_MAX - 1)

struct chunk {
	struct chunk	*next;
	size_t		 used;
	size_t		 size;
	max_align_t	 data[];
};

struct filter {
	struct chunk	*chunks;
	struct node	*root;
};

struct filter *
ast_new(void)
{
	return calloc(1, sizeof(struct filter));
}

void
filter_free(struct filter *f)
{
	struct chunk *c, *next;

	if (f == NULL)
		return;
	for (c = f->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(f);
}

void *
ast_alloc(struct filter *f, size_t size)
{
	const size_t align = sizeof(max_align_t);
	struct chunk *c = f->chunks;
	void *p;

	size = (size + align - 1) / align * align;
	if (c == NULL || c->size - c->used < size) {
		size_t want = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = calloc(1, sizeof(*c) + want);
		if (c == NULL)
			return NULL;
		c->size = want;
		c->next = f->chunks;
		f->chunks = c;
	}
	p = (char *)c->data + c->used;
	c->used += size;
	return p;
}

const struct node *
ast_root(const struct filter *f)
{
	return f->root;
}

void
ast_set_root(struct filter *f, struct node *root)
{
	f->root = root;
}

struct node *
ast_node(struct filter *f, enum node_kind kind)
{
	struct node *n = ast_alloc(f, sizeof(*n));

	if (n != NULL)
		n->kind = kind;
	return n;
}

struct node *
ast_any(struct filter *f)
{
	return ast_node(f, NODE_ANY);
}

struct node *
ast_test(struct filter *f, const struct test *t)
{
	struct node *n = ast_node(f, NODE_TEST);

	if (n == NULL)
		return NULL;
	n->test = *t;
	for (size_t i = 0; i < t->n_subjects; i++) {
		n->homes |= 1U << subject_home(t->subject[i]);
		/* their sampling rate is that of the flow */
		if (t->subject[i] == COL_out_packets ||
		    t->subject[i] == COL_out_bytes)
			n->homes |= 1U << HOME_FLOW;
	}
	if (t->word->implies != IMPLIES_NOTHING)
		n->homes |= 1U << HOME_FLOW;
	return n;
}

struct node *
ast_not(struct filter *f, struct node *child)
{
	struct node *n;

	if (child->kind == NODE_NOT)
		return child->child[0];
	n = ast_node(f, NODE_NOT);
	if (n == NULL)
		return NULL;
	n->child = ast_alloc(f, sizeof(struct node *));
	if (n->child == NULL)
		return NULL;
	n->child[0] = child;
	n->n = 1;
	n->homes = child->homes;
	n->depth = child->depth;
	return n;
}

static int
num_cmp(const void *x, const void *y)
{
	const struct num_range *a = x, *b = y;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->hi < b->hi ? -1 : a->hi > b->hi;
}

static int
range_cmp(const void *x, const void *y)
{
	const struct addr_range *a = x, *b = y;
	int c = addr_cmp(&a->lo, &b->lo);

	return c != 0 ? c : addr_cmp(&a->hi, &b->hi);
}

void
set_tidy(struct set *s)
{
	size_t n = 0;

	if (s->num != NULL && s->n > 0) {
		qsort(s->num, s->n, sizeof(*s->num), num_cmp);
		for (size_t i = 1; i < s->n; i++) {
			struct num_range *last = &s->num[n], r = s->num[i];

			if (r.lo > last->hi)
				s->num[++n] = r;
			else if (r.hi > last->hi)
				last->hi = r.hi;
		}
		s->n = n + 1;
	} else if (s->addr != NULL && s->n > 0) {
		qsort(s->addr, s->n, sizeof(*s->addr), range_cmp);
		for (size_t i = 1; i < s->n; i++) {
			struct addr_range *last = &s->addr[n], r = s->addr[i];

			if (addr_cmp(&r.lo, &last->hi) > 0)
				s->addr[++n] = r;
			else if (addr_cmp(&r.hi, &last->hi) > 0)
				last->hi = r.hi;
		}
		s->n = n + 1;
	}
}

bool
set_has_number(const struct set *s, int64_t v)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v < s->num[mid].lo)
			hi = mid;
		else if (v > s->num[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool
set_has_addr(const struct set *s, const struct addr *a)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr_cmp(a, &s->addr[mid].lo) < 0)
			hi = mid;
		else if (addr_cmp(a, &s->addr[mid].hi) > 0)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
set_equal(const struct set *a, const struct set *b)
{
	if (a->n != b->n || (a->num == NULL) != (b->num == NULL) ||
	    (a->addr == NULL) != (b->addr == NULL) ||
	    (a->text == NULL) != (b->text == NULL))
		return false;
	if (a->text != NULL)
		return strcmp(a->text, b->text) == 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->num != NULL ? num_cmp(&a->num[i], &b->num[i]) != 0 :
		    range_cmp(&a->addr[i], &b->addr[i]) != 0)
			return false;
	}
	return true;
}

static bool
test_equal(const struct test *a, const struct test *b)
{
	return a->word == b->word && a->pair == b->pair && a->all == b->all &&
	    a->op == b->op && a->n_subjects == b->n_subjects &&
	    memcmp(a->subject, b->subject, a->n_subjects) == 0 &&
	    set_equal(&a->set, &b->set);
}

bool
ast_equal(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == NODE_TEST)
		return test_equal(&a->test, &b->test);
	for (size_t i = 0; i < a->n; i++) {
		if (!ast_equal(a->child[i], b->child[i]))
			return false;
	}
	return true;
}

static bool
walk(const struct node *n, bool (*visit)(const struct node *, void *),
    void *arg)
{
	if (n->kind == NODE_TEST)
		return visit(n, arg);
	for (size_t i = 0; i < n->n; i++) {
		if (!walk(n->child[i], visit, arg))
			return false;
	}
	return true;
}

void
ast_walk(const struct node *n, bool (*visit)(const struct node *, void *),
    void *arg)
{
	(void)walk(n, visit, arg);
}

enum colhome
subject_home(int subject)
{
	if (subject < COLUMN_COUNT)
		return column_info((enum column)subject)->home;
	switch (subject) {
	case SUBJECT_FLOWS:
	case SUBJECT_TTL_SPREAD:
		return HOME_EXTRA;
	case SUBJECT_EXPORTER_ADDR:
	case SUBJECT_EXPORTER_VERSION:
	case SUBJECT_EXPORTER_NAME:
		return HOME_PATH;
	default:
		return HOME_FLOW;
	}
}

uint64_t
subject_columns(int subject)
{
	if (subject < COLUMN_COUNT)
		return flow_bit((enum column)subject);
	switch (subject) {
	case SUBJECT_LAST:
		return flow_bit(COL_first_ms) | flow_bit(COL_duration_ms);
	case SUBJECT_PPS:
		return flow_bit(COL_packets) | flow_bit(COL_duration_ms);
	case SUBJECT_BPS:
		return flow_bit(COL_bytes) | flow_bit(COL_duration_ms);
	case SUBJECT_BPP:
		return flow_bit(COL_bytes) | flow_bit(COL_packets);
	case SUBJECT_FLOWS:
		return flow_bit(COL_flows);
	case SUBJECT_TTL_SPREAD:
		return flow_bit(COL_min_ttl) | flow_bit(COL_max_ttl);
	case SUBJECT_EXPORTER_ADDR:
	case SUBJECT_EXPORTER_VERSION:
	case SUBJECT_EXPORTER_NAME:
		return flow_bit(COL_exporter);
	case SUBJECT_COUNT:
		/* a flow of its own: what no roll-up has */
		return flow_bit(COL_first_ms);
	default:
		return 0;
	}
}

int64_t
subject_max(int subject, enum part part)
{
	uint64_t max;

	switch (part) {
	case PART_HIGH:
	case PART_LOW:
		return 255;
	case PART_LABEL:
	case PART_EOS:
		return 0xfffff;
	case PART_EXP:
		return 7;
	default:
		break;
	}
	if (subject == SUBJECT_EXPORTER_VERSION)
		return UINT16_MAX;
	if (subject == COL_direction)
		return 1;
	if (subject >= COLUMN_COUNT)
		return NUMBER_MAX;
	/* a scaled counter may be larger than a stored one */
	if (column_info((enum column)subject)->type == CT_COUNT)
		return NUMBER_MAX;
	max = coltype_max(column_info((enum column)subject)->type);
	return max > NUMBER_MAX ? NUMBER_MAX : (int64_t)max;
}

static bool
add_columns(const struct node *n, void *arg)
{
	uint64_t *set = arg;

	for (size_t i = 0; i < n->test.n_subjects; i++)
		*set |= subject_columns(n->test.subject[i]);
	if (n->test.word->implies != IMPLIES_NOTHING)
		*set |= flow_bit(COL_proto);
	return true;
}

uint64_t
filter_columns(const struct filter *f)
{
	uint64_t set = 0;

	ast_walk(f->root, add_columns, &set);
	return set;
}

int
filter_is_any(const struct filter *f)
{
	return f->root->kind == NODE_ANY;
}

static bool
is_no_count(const struct node *n, void *arg)
{
	bool *counts = arg;

	for (unsigned i = 0; i < n->test.n_subjects; i++)
		*counts = *counts || n->test.subject[i] == SUBJECT_COUNT;
	return !*counts;
}

bool
filter_counts(const struct filter *f)
{
	bool counts = false;

	ast_walk(f->root, is_no_count, &counts);
	return counts;
}
