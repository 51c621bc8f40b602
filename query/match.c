/* Evaluates a filter over one flow: see match.h. */
#include "query/match.h"

#include <string.h>

#include "query/ast.h"
#include "query/words.h"

/* A subject's value; neither is set when the flow lacks it. */
struct value {
	bool		 has_number;
	int64_t		 number;
	struct addr	 addr;		/* len 0: none */
	const char	*text;
};

static struct value
number(int64_t v)
{
	return (struct value){ .has_number = true, .number = v };
}

/* A counter as the SQL scales it: at most INT64_MAX. */
static int64_t
counter(const struct flow *f, enum column c, const struct match_env *env)
{
	__extension__ unsigned __int128 v = flow_number(f, c);

	if (env->scale && flow_has(f, COL_sampling) && f->sampling > 0)
		v *= f->sampling;
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static struct value
rate(const struct flow *f, enum column c, int factor,
    const struct match_env *env)
{
	__extension__ __int128 v;

	if (!flow_has(f, c) || !flow_has(f, COL_duration_ms))
		return (struct value){ .text = NULL };
	if (f->duration_ms <= 0)
		return number(0);
	v = counter(f, c, env);
	v = v * factor / f->duration_ms;
	return number(v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

static struct value
bytes_per_packet(const struct flow *f, const struct match_env *env)
{
	if (!flow_has(f, COL_bytes) || !flow_has(f, COL_packets))
		return (struct value){ .text = NULL };
	if (f->packets == 0)
		return number(0);
	return number(counter(f, COL_bytes, env) /
	    counter(f, COL_packets, env));
}

static struct value
exporter_value(const struct flow *f, int subject, const struct match_env *env)
{
	const struct match_exporter *e = NULL;

	if (flow_has(f, COL_exporter) && env->exporter != NULL)
		e = env->exporter(env->arg, f->exporter);
	if (e == NULL)
		return (struct value){ .text = NULL };
	if (subject == SUBJECT_EXPORTER_ADDR)
		return (struct value){ .addr = e->address };
	if (subject == SUBJECT_EXPORTER_VERSION)
		return number(e->version);
	return (struct value){ .text = e->name };
}

static struct value
column_value(const struct flow *f, enum column c, const struct match_env *env)
{
	const struct column_info *info = column_info(c);

	if (!flow_has(f, c))
		return (struct value){ .text = NULL };
	switch (info->type) {
	case CT_ADDR:
		return (struct value){ .addr =
		    *(const struct addr *)((const char *)f + info->offset) };
	case CT_TIME:
	case CT_SPAN:
		return number(
		    *(const int64_t *)((const char *)f + info->offset));
	default:
		if (c == COL_packets || c == COL_bytes ||
		    c == COL_out_packets || c == COL_out_bytes)
			return number(counter(f, c, env));
		return number((int64_t)flow_number(f, c));
	}
}

static struct value
subject_value(const struct flow *f, int subject, const struct match_env *env)
{
	const struct value none = { .text = NULL };

	if (subject < COLUMN_COUNT)
		return column_value(f, (enum column)subject, env);
	switch (subject) {
	case SUBJECT_LAST:
		return flow_has(f, COL_first_ms) &&
		    flow_has(f, COL_duration_ms) ?
		    number(f->first_ms + f->duration_ms) : none;
	case SUBJECT_PPS:
		return rate(f, COL_packets, 1000, env);
	case SUBJECT_BPS:
		return rate(f, COL_bytes, 8000, env);
	case SUBJECT_BPP:
		return bytes_per_packet(f, env);
	case SUBJECT_FLOWS:
		return number(flow_has(f, COL_flows) ? f->flows : 1);
	case SUBJECT_TTL_SPREAD:
		return flow_has(f, COL_min_ttl) && flow_has(f, COL_max_ttl) ?
		    number(f->max_ttl - f->min_ttl) : none;
	case SUBJECT_COUNT:
		return number(env->count);
	default:
		return exporter_value(f, subject, env);
	}
}

static struct value
take_part(struct value v, enum part part)
{
	switch (part) {
	case PART_VALUE:
		return v;
	case PART_FAMILY:
		return v.addr.len > 0 ? number(v.addr.len) : v;
	case PART_HIGH:
		v.number >>= 8;
		return v;
	case PART_LOW:
		v.number &= 255;
		return v;
	case PART_LABEL:
		v.number >>= 4;
		return v;
	case PART_EXP:
		v.number = v.number >> 1 & 7;
		return v;
	case PART_EOS:
		v.has_number = v.has_number && (v.number & 1) != 0;
		v.number >>= 4;
		return v;
	}
	return v;
}

static bool
is_missing(const struct value *v)
{
	return !v->has_number && v->addr.len == 0 && v->text == NULL;
}

/* A value that was sent, against the test's set. */
static bool
passes(const struct value *v, enum op op, const struct set *set)
{
	bool in;

	if (op == OP_EQ || op == OP_NE) {
		in = set->text != NULL ? strcmp(v->text, set->text) == 0 :
		    set->addr != NULL ? set_has_addr(set, &v->addr) :
		    set_has_number(set, v->number);
		return in == (op == OP_EQ);
	}
	switch (op) {
	case OP_LT:
		return v->number < set->num[0].lo;
	case OP_LE:
		return v->number <= set->num[0].lo;
	case OP_GT:
		return v->number > set->num[0].lo;
	case OP_GE:
		return v->number >= set->num[0].lo;
	case OP_ALL_BITS:
		return (v->number & set->num[0].lo) == set->num[0].lo;
	default:
		return (v->number & set->num[0].lo) != 0;
	}
}

/* Subjects [from, to): does one pass (!=: does none that was sent fail)? */
static bool
any_passes(const struct test *t, size_t from, size_t to,
    const struct flow *f, const struct match_env *env)
{
	bool passed = false, failed = false;

	for (size_t i = from; i < to; i++) {
		struct value v = take_part(subject_value(f, t->subject[i],
		    env), t->word->part);

		if (is_missing(&v))
			continue;
		if (passes(&v, t->op, &t->set))
			passed = true;
		else
			failed = true;
	}
	return passed && (t->op != OP_NE || !failed);
}

static bool
test_match(const struct test *t, const struct flow *f,
    const struct match_env *env)
{
	size_t first = t->all ? t->word->n_subjects : t->n_subjects;

	if (t->word->implies != IMPLIES_NOTHING) {
		if (!flow_has(f, COL_proto))
			return false;
		if (t->word->implies == IMPLIES_TCP ? f->proto != 6 :
		    f->proto != 1 && f->proto != 58)
			return false;
	}
	return any_passes(t, 0, first, f, env) && (first == t->n_subjects ||
	    any_passes(t, first, t->n_subjects, f, env));
}

bool
match_node(const struct node *n, const struct flow *f,
    const struct match_env *env)
{
	switch (n->kind) {
	case NODE_ANY:
		return true;
	case NODE_TEST:
		return test_match(&n->test, f, env);
	case NODE_NOT:
		return !match_node(n->child[0], f, env);
	case NODE_AND:
	case NODE_OR:
		for (size_t i = 0; i < n->n; i++) {
			if (match_node(n->child[i], f, env) !=
			    (n->kind == NODE_AND))
				return n->kind == NODE_OR;
		}
		return n->kind == NODE_AND;
	}
	return false;
}

bool
filter_match(const struct filter *f, const struct flow *flow,
    const struct match_env *env)
{
	return match_node(ast_root(f), flow, env);
}
