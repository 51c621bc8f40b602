/*
 * AST -> SQL expression over "flow AS f".
 *
 * Two-valued: a negation is pushed down to the tests (De Morgan), where it is
 * "(test) IS NOT TRUE", which holds also for a test on NULL.  A test that is
 * not negated is written as it is: NULL counts as false there, and indexes
 * stay usable.
 *
 * Tests on fields of tables path and extra become "f.path IN (SELECT id FROM
 * path WHERE ...)"; neighbours in one and/or share a subselect.  A flow need
 * not have a row there, then all those fields are missing: if that makes the
 * expression true, the complement is written and negated as a whole.
 *
 * SQLite's parser has a stack of 100 entries, so deep and/or alternations are
 * unrolled along their deepest child into one CASE (sql_spine).  What hangs
 * beside that spine is small, so the CASEs nest only logarithmically.
 */
#include "query/sql_write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "query/words.h"

#define CHUNK		32	/* operands in one row of AND or OR */
#define DEPTH_PLAIN	6	/* and/or levels that are written nested */

static void write_node(struct sql_writer *, const struct node *, bool neg,
    enum scope, bool wrap);

static enum node_kind
effective(const struct node *n, bool neg)
{
	return (n->kind == NODE_AND) != neg ? NODE_AND : NODE_OR;
}

/* Truth of the node for a flow that has none of its fields. */
static bool
true_when_missing(const struct node *n)
{
	const struct set *set = &n->test.set;

	switch (n->kind) {
	case NODE_ANY:
		return true;
	case NODE_NOT:
		return !true_when_missing(n->child[0]);
	case NODE_AND:
	case NODE_OR:
		for (size_t i = 0; i < n->n; i++) {
			if (true_when_missing(n->child[i]) !=
			    (n->kind == NODE_AND))
				return n->kind == NODE_OR;
		}
		return n->kind == NODE_AND;
	case NODE_TEST:
		break;
	}
	/* only the number of flows has a value when it wasn't sent: 1 */
	if (n->test.subject[0] != SUBJECT_FLOWS)
		return false;
	switch (n->test.op) {
	case OP_EQ:
		return set_has_number(set, 1);
	case OP_NE:
		return !set_has_number(set, 1);
	case OP_LT:
		return 1 < set->num[0].lo;
	case OP_LE:
		return 1 <= set->num[0].lo;
	case OP_GT:
		return 1 > set->num[0].lo;
	case OP_GE:
		return 1 >= set->num[0].lo;
	default:
		return false;
	}
}

/* The text of a subject's part; sqlite3_malloc'd. */
static char *
part_text(struct sql_writer *w, int subject, enum part part, enum scope scope)
{
	static const char *const around[][2] = {
		[PART_VALUE] = { "", "" },
		[PART_FAMILY] = { "length(", ")" },
		[PART_HIGH] = { "", " >> 8" },
		[PART_LOW] = { "", " & 255" },
		[PART_LABEL] = { "", " >> 4" },
		[PART_EXP] = { "(", " >> 1) & 7" },
		[PART_EOS] = { "iif(", " & 1, " }
	};
	struct sql_writer sub = *w;
	char *text;

	sub.s = sqlite3_str_new(NULL);
	if (part != PART_VALUE && part != PART_FAMILY && part != PART_EOS)
		sqlite3_str_appendall(sub.s, "(");
	sqlite3_str_appendall(sub.s, around[part][0]);
	sql_subject(&sub, subject, scope);
	sqlite3_str_appendall(sub.s, around[part][1]);
	if (part == PART_EOS) {
		sql_subject(&sub, subject, scope);
		sqlite3_str_appendall(sub.s, " >> 4, NULL)");
	} else if (part != PART_VALUE && part != PART_FAMILY) {
		sqlite3_str_appendall(sub.s, ")");
	}
	text = sqlite3_str_finish(sub.s);
	w->failed = sub.failed;
	if (text == NULL)
		w->out->failed = true;
	return text;
}

/* "expr OP bind"; returns the base for the next subject of the test. */
static size_t
write_compare(struct sql_writer *w, const char *x, const struct test *t,
    size_t base)
{
	static const char *const signs[] = {
		[OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="
	};
	bool one = t->set.text != NULL || (t->set.n == 1 &&
	    (t->set.num == NULL || t->set.num[0].lo == t->set.num[0].hi) &&
	    (t->set.addr == NULL ||
	    addr_cmp(&t->set.addr[0].lo, &t->set.addr[0].hi) == 0));

	if (t->op == OP_EQ)
		return sql_in_set(w, x, &t->set, base);
	if (t->op == OP_NE && !one) {
		sqlite3_str_appendall(w->s, "NOT (");
		base = sql_in_set(w, x, &t->set, base);
		sqlite3_str_appendall(w->s, ")");
		return base;
	}
	assert(t->set.text != NULL || t->set.addr != NULL ||
	    t->set.num != NULL);
	if (base == 0)
		base = t->set.text != NULL ? sql_bind_text(w, t->set.text) :
		    t->set.addr != NULL ?
		    sql_bind_addr(w, &t->set.addr[0].lo) :
		    sql_bind_int(w, t->set.num[0].lo);
	if (t->op == OP_NE)
		sqlite3_str_appendf(w->s, "%s <> ?%u", x, (unsigned)base);
	else if (t->op == OP_ALL_BITS)
		sqlite3_str_appendf(w->s, "(%s & ?%u) = ?%u", x,
		    (unsigned)base, (unsigned)base);
	else if (t->op == OP_ANY_BITS)
		sqlite3_str_appendf(w->s, "(%s & ?%u) <> 0", x,
		    (unsigned)base);
	else
		sqlite3_str_appendf(w->s, "%s %s ?%u", x, signs[t->op],
		    (unsigned)base);
	return base;
}

/* One subject of a test. */
static size_t
write_one(struct sql_writer *w, const struct test *t, int subject,
    enum scope scope, size_t base)
{
	bool exporter = subject == SUBJECT_EXPORTER_ADDR ||
	    subject == SUBJECT_EXPORTER_NAME ||
	    subject == SUBJECT_EXPORTER_VERSION;
	char *x = part_text(w, subject, t->word->part, scope);

	if (x == NULL)
		return base;
	if (exporter)
		sqlite3_str_appendf(w->s,
		    "exporter IN (SELECT id FROM %s.exporter WHERE ",
		    w->shape->schema);
	base = write_compare(w, x, t, base);
	if (exporter)
		sqlite3_str_appendall(w->s, ")");
	sqlite3_free(x);
	return base;
}

/*
 * "at least one was sent and none is in the set", over several subjects.
 */
static void
write_none_of(struct sql_writer *w, const struct test *t, size_t from,
    size_t to, enum scope scope, size_t *base)
{
	struct test eq = *t;

	eq.op = OP_EQ;
	for (size_t i = from; i < to; i++) {
		sqlite3_str_appendf(w->s, "%s(", i > from ? " AND " : "");
		*base = write_one(w, &eq, t->subject[i], scope, *base);
		sqlite3_str_appendall(w->s, ") IS NOT TRUE");
	}
	sqlite3_str_appendall(w->s, " AND coalesce(");
	for (size_t i = from; i < to; i++) {
		char *x = part_text(w, t->subject[i], t->word->part, scope);

		sqlite3_str_appendf(w->s, "%s%s", i > from ? ", " : "", x);
		sqlite3_free(x);
	}
	sqlite3_str_appendall(w->s, ") IS NOT NULL");
}

/* Subjects [from, to): one of them passes. */
static void
write_any_of(struct sql_writer *w, const struct test *t, size_t from,
    size_t to, enum scope scope, size_t *base)
{
	bool several = to - from > 1;
	bool wrap = t->all || t->word->implies != IMPLIES_NOTHING;

	if (wrap && several)
		sqlite3_str_appendall(w->s, "(");
	if (several && t->op == OP_NE)
		write_none_of(w, t, from, to, scope, base);
	for (size_t i = from; i < to && !(several && t->op == OP_NE); i++) {
		sqlite3_str_appendall(w->s, i > from ? " OR " : "");
		*base = write_one(w, t, t->subject[i], scope, *base);
	}
	if (wrap && several)
		sqlite3_str_appendall(w->s, ")");
}

static void
write_test(struct sql_writer *w, const struct test *t, bool neg,
    enum scope scope, bool wrap)
{
	size_t base = 0, first = t->all ? t->word->n_subjects : t->n_subjects;
	bool parens = neg || (wrap && (t->n_subjects > 1 ||
	    t->word->implies != IMPLIES_NOTHING));

	w->n_tests++;
	if (parens)
		sqlite3_str_appendall(w->s, "(");
	if (t->word->implies == IMPLIES_TCP)
		sqlite3_str_appendall(w->s, "f.proto = 6 AND ");
	else if (t->word->implies == IMPLIES_ICMP)
		sqlite3_str_appendall(w->s, "f.proto IN (1, 58) AND ");
	write_any_of(w, t, 0, first, scope, &base);
	if (first < t->n_subjects) {
		sqlite3_str_appendall(w->s, " AND ");
		write_any_of(w, t, first, t->n_subjects, scope, &base);
	}
	if (parens)
		sqlite3_str_appendall(w->s, ")");
	if (neg)
		sqlite3_str_appendall(w->s, " IS NOT TRUE");
}

/* An operand of AND or OR: one node, or the neighbours of one home. */
struct operand {
	const struct node *const *v;
	size_t			  n;
	enum colhome		  home;	/* HOME_FLOW: v[0] alone */
};

static void write_row(struct sql_writer *, const struct operand *, size_t n,
    enum node_kind, bool neg, enum scope);

/* "f.path IN (SELECT id FROM path WHERE ...)" */
static void
write_home(struct sql_writer *w, const struct operand *o,
    enum node_kind kind, bool neg)
{
	bool path = o->home == HOME_PATH, missing = kind == NODE_AND;
	enum scope scope = path ? SCOPE_PATH : SCOPE_EXTRA;
	struct operand *each;

	for (size_t i = 0; i < o->n; i++) {
		bool is = true_when_missing(o->v[i]) != neg;

		missing = kind == NODE_AND ? missing && is : missing || is;
	}
	if (missing)
		sqlite3_str_appendall(w->s, "(");
	sqlite3_str_appendf(w->s, "f.%s IN (SELECT id FROM %s.%s WHERE ",
	    path ? "path" : "id", w->shape->schema, path ? "path" : "extra");
	assert(o->n > 0);
	each = calloc(o->n, sizeof(*each));
	if (each == NULL) {
		w->out->failed = true;
		return;
	}
	for (size_t i = 0; i < o->n; i++)
		each[i] = (struct operand){ &o->v[i], 1, HOME_FLOW };
	if (missing)
		kind = kind == NODE_AND ? NODE_OR : NODE_AND;
	write_row(w, each, o->n, kind, neg != missing, scope);
	free(each);
	sqlite3_str_appendall(w->s, missing ? ")) IS NOT TRUE" : ")");
}

/* Operands joined; a long row in chunks, so that no chain is too deep. */
static void
write_row(struct sql_writer *w, const struct operand *o, size_t n,
    enum node_kind kind, bool neg, enum scope scope)
{
	size_t step = 1;

	while (n > step * CHUNK)
		step *= CHUNK;
	for (size_t i = 0; i < n; i += step) {
		size_t m = n - i < step ? n - i : step;

		if (i > 0)
			sqlite3_str_appendall(w->s,
			    kind == NODE_AND ? " AND " : " OR ");
		if (m > 1) {
			sqlite3_str_appendall(w->s, "(");
			write_row(w, o + i, m, kind, neg, scope);
			sqlite3_str_appendall(w->s, ")");
		} else if (o[i].home == HOME_FLOW) {
			write_node(w, o[i].v[0], neg, scope, n > 1);
		} else {
			write_home(w, &o[i], kind, neg);
		}
	}
}

/*
 * Does the node read fields of this side table alone?  A roll-up has its
 * key at hand, wherever that comes from.
 */
static bool
is_pure(const struct sql_writer *w, const struct node *n, enum colhome home)
{
	return w->roll == NULL && n->homes == 1U << home;
}

/*
 * The children as operands, those of one side table together and behind the
 * others; skip (may be NULL) is left out.  Returns how many, into out; the
 * nodes go to v.
 */
static size_t
gather(const struct sql_writer *w, const struct node *n,
    const struct node *skip, enum scope scope,
    const struct node **v, struct operand *out)
{
	size_t at = 0, count = 0;

	for (int home = HOME_FLOW; home <= HOME_EXTRA; home++) {
		size_t begin = at;

		for (size_t i = 0; i < n->n; i++) {
			const struct node *c = n->child[i];
			enum colhome of = scope != SCOPE_FLOW ? HOME_FLOW :
			    is_pure(w, c, HOME_PATH) ? HOME_PATH :
			    is_pure(w, c, HOME_EXTRA) ? HOME_EXTRA : HOME_FLOW;

			if (c == skip || of != (enum colhome)home)
				continue;
			v[at++] = c;
			if (of == HOME_FLOW)
				out[count++] = (struct operand){ &v[at - 1],
					1, HOME_FLOW };
		}
		if (home != HOME_FLOW && at > begin)
			out[count++] = (struct operand){ &v[begin],
				at - begin, (enum colhome)home };
	}
	return count;
}

/* The children of n but skip, joined. */
static void
write_children(struct sql_writer *w, const struct node *n,
    const struct node *skip, bool neg, enum scope scope)
{
	const struct node **v = calloc(n->n, sizeof(*v));
	struct operand *o = calloc(n->n, sizeof(*o));
	size_t count;

	if (v == NULL || o == NULL) {
		w->out->failed = true;
	} else {
		count = gather(w, n, skip, scope, v, o);
		write_row(w, o, count, effective(n, neg), neg, scope);
	}
	free(v);
	free(o);
}

static const struct node *
deepest(const struct node *n)
{
	const struct node *best = n->child[0];

	for (size_t i = 1; i < n->n; i++) {
		if (n->child[i]->depth > best->depth)
			best = n->child[i];
	}
	return best;
}

/*
 * ((a OR b) AND c) OR d  ->  CASE WHEN d THEN 1 WHEN (c) IS NOT TRUE THEN 0
 * ELSE a OR b END
 */
static void
write_spine(struct sql_writer *w, const struct node *n, bool neg,
    enum scope scope)
{
	sqlite3_str_appendall(w->s, "CASE");
	while (n->depth > DEPTH_PLAIN / 2) {
		const struct node *next;

		if (n->kind == NODE_NOT) {
			neg = !neg;
			n = n->child[0];
			continue;
		}
		next = deepest(n);
		sqlite3_str_appendall(w->s, " WHEN (");
		write_children(w, n, next, neg, scope);
		sqlite3_str_appendall(w->s, effective(n, neg) == NODE_AND ?
		    ") IS NOT TRUE THEN 0" : ") THEN 1");
		n = next;
	}
	sqlite3_str_appendall(w->s, " ELSE ");
	write_node(w, n, neg, scope, false);
	sqlite3_str_appendall(w->s, " END");
}

static void
write_node(struct sql_writer *w, const struct node *n, bool neg,
    enum scope scope, bool wrap)
{
	struct operand whole = { &n, 1, HOME_FLOW };

	if (scope == SCOPE_FLOW && (is_pure(w, n, HOME_PATH) ||
	    is_pure(w, n, HOME_EXTRA))) {
		whole.home = is_pure(w, n, HOME_PATH) ? HOME_PATH : HOME_EXTRA;
		write_home(w, &whole, NODE_AND, neg);
		return;
	}
	switch (n->kind) {
	case NODE_ANY:
		sqlite3_str_appendall(w->s, neg ? "0" : "1");
		break;
	case NODE_TEST:
		write_test(w, &n->test, neg, scope, wrap);
		break;
	case NODE_NOT:
		write_node(w, n->child[0], !neg, scope, wrap);
		break;
	case NODE_AND:
	case NODE_OR:
		if (wrap)
			sqlite3_str_appendall(w->s, "(");
		if (n->depth > DEPTH_PLAIN)
			write_spine(w, n, neg, scope);
		else
			write_children(w, n, NULL, neg, scope);
		if (wrap)
			sqlite3_str_appendall(w->s, ")");
		break;
	}
}

void
sql_filter(struct sql_writer *w, const struct node *n)
{
	/* what stands before it is joined by AND */
	write_node(w, n, false, SCOPE_FLOW, n->kind != NODE_AND);
}
