/*
 * AST -> expression of ClickHouse.
 *
 * Two-valued: every test is wrapped so that NULL becomes 0, and what stands
 * above the tests is plain AND, OR and NOT.  All columns are in one table, so
 * nothing is looked up elsewhere.
 */
#include "query/ch_write.h"

#include <string.h>

#include "query/words.h"

static const struct addr mapped_from = { .len = 16, .bytes = {
	[10] = 0xff, [11] = 0xff } };
static const struct addr mapped_to = { .len = 16, .bytes = {
	[10] = 0xff, [11] = 0xff, [12] = 0xff, [13] = 0xff, [14] = 0xff,
	[15] = 0xff } };

/* ---- sets ---- */

/*
 * Kinds of ranges that one expression tests: IPv4, IPv6 that cannot be taken
 * for it, and IPv6 that could.
 */
enum pick { PICK_NUMBER, PICK_IP4, PICK_IP6, PICK_LIKE_IP4, PICKS };

static enum pick
pick_of(const struct set *set, size_t i)
{
	const struct addr_range *r;

	if (set->num != NULL)
		return PICK_NUMBER;
	r = &set->addr[i];
	if (r->lo.len == 4)
		return PICK_IP4;
	return addr_cmp(&r->hi, &mapped_from) < 0 ||
	    addr_cmp(&r->lo, &mapped_to) > 0 ? PICK_IP6 : PICK_LIKE_IP4;
}

static bool
is_single(const struct set *set, size_t i)
{
	return set->num != NULL ? set->num[i].lo == set->num[i].hi :
	    addr_cmp(&set->addr[i].lo, &set->addr[i].hi) == 0;
}

static void
write_end(struct ch_writer *w, const struct set *set, size_t i, bool hi)
{
	if (set->num != NULL)
		sqlite3_str_appendf(w->s, "%lld", (long long)(hi ?
		    set->num[i].hi : set->num[i].lo));
	else
		ch_addr(w, hi ? &set->addr[i].hi : &set->addr[i].lo);
}

/* All single values of a kind in one IN; returns whether there were any. */
static bool
write_singles(struct ch_writer *w, const char *expr, const struct set *set,
    enum pick pick)
{
	bool any = false;

	for (size_t i = 0; i < set->n; i++) {
		if (pick_of(set, i) != pick || !is_single(set, i))
			continue;
		if (any)
			sqlite3_str_appendall(w->s, ", ");
		else
			sqlite3_str_appendf(w->s, "%s IN (", expr);
		write_end(w, set, i, false);
		any = true;
	}
	if (any)
		sqlite3_str_appendall(w->s, ")");
	return any;
}

static bool
write_ranges(struct ch_writer *w, const char *expr, const struct set *set,
    enum pick pick, bool any)
{
	for (size_t i = 0; i < set->n; i++) {
		if (pick_of(set, i) != pick || is_single(set, i))
			continue;
		sqlite3_str_appendf(w->s, "%s(%s >= ", any ? " OR " : "",
		    expr);
		write_end(w, set, i, false);
		sqlite3_str_appendf(w->s, " AND %s <= ", expr);
		write_end(w, set, i, true);
		sqlite3_str_appendall(w->s, ")");
		any = true;
	}
	return any;
}

static bool
has_pick(const struct set *set, enum pick pick)
{
	for (size_t i = 0; i < set->n; i++) {
		if (pick_of(set, i) == pick)
			return true;
	}
	return false;
}

void
ch_in_set(struct ch_writer *w, const char *expr, const struct set *set,
    unsigned bit)
{
	const char *or = "";

	if (set->text != NULL) {
		sqlite3_str_appendf(w->s, "ifNull(%s = ", expr);
		ch_text(w, set->text, strlen(set->text));
		sqlite3_str_appendall(w->s, ", 0)");
		return;
	}
	sqlite3_str_appendall(w->s, "ifNull(");
	for (int pick = 0; pick < PICKS; pick++) {
		if (!has_pick(set, (enum pick)pick))
			continue;
		sqlite3_str_appendf(w->s, "%s((", or);
		(void)write_ranges(w, expr, set, (enum pick)pick,
		    write_singles(w, expr, set, (enum pick)pick));
		sqlite3_str_appendall(w->s, ")");
		if (pick == PICK_IP4)
			sqlite3_str_appendall(w->s, " AND ");
		else if (pick == PICK_LIKE_IP4)
			sqlite3_str_appendf(w->s, " AND NOT (%s >= "
			    CH_MAPPED_FROM " AND %s <= " CH_MAPPED_TO
			    " AND ", expr, expr);
		if (pick == PICK_IP4 || pick == PICK_LIKE_IP4) {
			ch_mapped(w, bit);
			sqlite3_str_appendall(w->s, " = 0");
		}
		sqlite3_str_appendall(w->s, pick == PICK_LIKE_IP4 ? "))" :
		    ")");
		or = " OR ";
	}
	sqlite3_str_appendall(w->s, ", 0)");
}

/* ---- tests ---- */

/* One subject of a test, 0 or 1. */
static void
write_one(struct ch_writer *w, const struct test *t, enum op op, int subject)
{
	static const char *const signs[] = {
		[OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="
	};
	char *x = ch_subject_text(w, subject, t->word->part);
	unsigned bit = ch_mapped_bit(subject);
	long long v = t->set.num != NULL ? t->set.num[0].lo : 0;

	if (x == NULL)
		return;
	switch (op) {
	case OP_EQ:
		ch_in_set(w, x, &t->set, bit);
		break;
	case OP_NE:
		sqlite3_str_appendf(w->s, "(isNotNull(%s) AND NOT ", x);
		ch_in_set(w, x, &t->set, bit);
		sqlite3_str_appendall(w->s, ")");
		break;
	case OP_ALL_BITS:
		sqlite3_str_appendf(w->s, "ifNull(bitAnd(%s, %lld) = %lld, 0)",
		    x, v, v);
		break;
	case OP_ANY_BITS:
		sqlite3_str_appendf(w->s, "ifNull(bitAnd(%s, %lld) != 0, 0)",
		    x, v);
		break;
	default:
		sqlite3_str_appendf(w->s, "ifNull(%s %s %lld, 0)", x,
		    signs[op], v);
		break;
	}
	sqlite3_free(x);
}

/* "at least one was sent and none is in the set", over several subjects. */
static void
write_none_of(struct ch_writer *w, const struct test *t, size_t from,
    size_t to)
{
	for (size_t i = from; i < to; i++) {
		sqlite3_str_appendall(w->s, i > from ? " AND NOT " : "NOT ");
		write_one(w, t, OP_EQ, t->subject[i]);
	}
	sqlite3_str_appendall(w->s, " AND (");
	for (size_t i = from; i < to; i++) {
		char *x = ch_subject_text(w, t->subject[i], t->word->part);

		sqlite3_str_appendf(w->s, "%sisNotNull(%s)", i > from ?
		    " OR " : "", x);
		sqlite3_free(x);
	}
	sqlite3_str_appendall(w->s, ")");
}

/* Subjects [from, to): one of them passes. */
static void
write_any_of(struct ch_writer *w, const struct test *t, size_t from,
    size_t to)
{
	sqlite3_str_appendall(w->s, "(");
	if (to - from > 1 && t->op == OP_NE) {
		write_none_of(w, t, from, to);
	} else {
		for (size_t i = from; i < to; i++) {
			sqlite3_str_appendall(w->s, i > from ? " OR " : "");
			write_one(w, t, t->op, t->subject[i]);
		}
	}
	sqlite3_str_appendall(w->s, ")");
}

static void
write_test(struct ch_writer *w, const struct test *t)
{
	size_t first = t->all ? t->word->n_subjects : t->n_subjects;

	sqlite3_str_appendall(w->s, "(");
	if (t->word->implies == IMPLIES_TCP)
		sqlite3_str_appendf(w->s, "ifNull(%s = 6, 0) AND ",
		    ch_name(w, COL_proto));
	else if (t->word->implies == IMPLIES_ICMP)
		sqlite3_str_appendf(w->s, "ifNull(%s IN (1, 58), 0) AND ",
		    ch_name(w, COL_proto));
	write_any_of(w, t, 0, first);
	if (first < t->n_subjects) {
		sqlite3_str_appendall(w->s, " AND ");
		write_any_of(w, t, first, t->n_subjects);
	}
	sqlite3_str_appendall(w->s, ")");
}

void
ch_filter(struct ch_writer *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_ANY:
		sqlite3_str_appendall(w->s, "1");
		break;
	case NODE_TEST:
		write_test(w, &n->test);
		break;
	case NODE_NOT:
		sqlite3_str_appendall(w->s, "NOT ");
		ch_filter(w, n->child[0]);
		break;
	case NODE_AND:
	case NODE_OR:
		sqlite3_str_appendall(w->s, "(");
		for (size_t i = 0; i < n->n; i++) {
			if (i > 0)
				sqlite3_str_appendall(w->s,
				    n->kind == NODE_AND ? " AND " : " OR ");
			ch_filter(w, n->child[i]);
		}
		sqlite3_str_appendall(w->s, ")");
		break;
	}
}
