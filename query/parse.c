/*
 * Filter text -> AST, by recursive descent: one function per production, one
 * token ahead (a phrase looks further, over a copy of the lexer).
 *
 *	filter	= [ or ] .
 *	or	= and { ( "or" | "||" ) and } .
 *	and	= unary { ( "and" | "&&" ) unary } .
 *	unary	= { "not" | "!" } primary .
 *	primary	= "(" or ")" | "any" | protocol | test .
 *	test	= phrase [ relation ] .
 *	phrase	= a row of words.c,
 *		| ( "src" "or" "dst" | "src" "and" "dst" | ... ) rest of one .
 *	relation = [ comparator ] value | "in" list .
 *	comparator = "=" | "==" | "eq" | "!=" | "ne" | "<" | "lt" | "<=" | "le"
 *		| ">" | "gt" | ">=" | "ge" .
 *	value	= a word or quoted string, read by value.c: number, a-b, address,
 *		address/length, name, ... | list  (behind = and !=) .
 *	list	= "[" { value [ "," ] } "]" .
 *
 * "in" is part of a phrase before its word and the list operator behind it:
 * the position decides.
 *
 * "flags SA" asks for all of the bits, "not flags SA" for none of them, as
 * nfdump 1.7.1 does: the parser counts the nots around a test, and an odd
 * number makes the test "any of the bits".
 */
#include "query/filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"
#include "query/geo.h"
#include "query/lex.h"
#include "query/phrase.h"
#include "query/value.h"
#include "query/words.h"
#include "schema/proto.h"

struct parser {
	struct lexer		 lex;	/* behind tok */
	struct token		 tok;
	size_t			 last_end;	/* end of the token before */
	struct filter		*f;
	const struct filter_env	*env;
	const struct geo	*geo;		/* opened, when a word needs it */
	struct err		*err;
	unsigned		 depth;
	bool			 negated;	/* odd number of nots */
};

static struct node *parse_or(struct parser *);

static void
next(struct parser *p)
{
	p->last_end = p->tok.offset + p->tok.length;
	lex_next(&p->lex, &p->tok);
}

static struct node *
no_memory(struct parser *p)
{
	(void)err_set(p->err, "out of memory");
	return NULL;
}

static int
unexpected(struct parser *p, const char *expected)
{
	return token_unexpected(&p->tok, expected, p->err);
}

/* comparator; OP_EQ when there is none. */
static enum op
parse_comparator(struct parser *p)
{
	static const struct {
		enum token_kind	kind;
		enum op		op;
	} ops[] = {
		{ TOK_EQ, OP_EQ }, { TOK_NE, OP_NE }, { TOK_LT, OP_LT },
		{ TOK_LE, OP_LE }, { TOK_GT, OP_GT }, { TOK_GE, OP_GE }
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (p->tok.kind == ops[i].kind) {
			next(p);
			return ops[i].op;
		}
	}
	return OP_EQ;
}

/* A word, or an operator that is written as one. */
static bool
is_country(const struct token *t)
{
	return (t->kind == TOK_WORD ||
	    (t->kind >= TOK_EQ && t->kind <= TOK_GE)) &&
	    geo_code_parse(t->text, t->length) > 0;
}

/*
 * IN is India, NE Niger, LT Lithuania: where a country must stand (must), or
 * where nothing follows that the word could belong to, it is the country.
 */
static void
country_word(struct parser *p, bool must)
{
	struct lexer ahead = p->lex;
	struct token next;

	lex_next(&ahead, &next);
	if (is_country(&p->tok) && (must || (!token_is_value(&next) &&
	    next.kind != TOK_LBRACKET && !is_country(&next))))
		p->tok.kind = TOK_STRING;
}

/* list, behind its bracket. */
static int
parse_list(struct parser *p, const struct value_ask *ask,
    struct set_builder *b)
{
	struct value_ask in_list = *ask;
	size_t open = p->last_end - 1;

	in_list.list = true;
	while (p->tok.kind != TOK_RBRACKET) {
		if (ask->word->value == VALUE_COUNTRY)
			country_word(p, true);
		if (p->tok.kind == TOK_END)
			return err_at(p->err, open, 1,
			    "this list is never closed with \"]\"");
		if (!token_is_value(&p->tok))
			return unexpected(p, value_expected(ask->word->value));
		if (value_add(b, &in_list, &p->tok, p->err) == -1)
			return -1;
		next(p);
		if (p->tok.kind == TOK_COMMA)
			next(p);
	}
	if (b->n == 0)
		return err_at(p->err, open, p->tok.offset + 1 - open,
		    "expected %s in the list",
		    value_expected(ask->word->value));
	next(p);
	return 0;
}

/* value, with the dotted mask that may follow an address. */
static int
parse_value(struct parser *p, const struct value_ask *ask,
    struct set_builder *b)
{
	struct token value;

	if (ask->word->value == VALUE_COUNTRY)
		country_word(p, true);
	value = p->tok;
	if (!token_is_value(&value))
		return unexpected(p, value_expected(ask->word->value));
	next(p);
	if (ask->word->value == VALUE_NET && token_is_ipv4(&value) &&
	    token_is_ipv4(&p->tok)) {
		if (value_add_masked(b, &value, &p->tok, p->err) == -1)
			return -1;
		next(p);
		return 0;
	}
	return value_add(b, ask, &value, p->err);
}

/* "flags SA" without comparator is about bits, with one about the byte. */
static enum op
flags_op(const struct parser *p, const struct token *value)
{
	if (words_flags(value->text, value->len) == -1)
		return OP_EQ;
	return p->negated ? OP_ANY_BITS : OP_ALL_BITS;
}

/* relation */
static int
parse_relation(struct parser *p, struct test *t, struct set_builder *b)
{
	struct value_ask ask = { .word = t->word, .env = p->env,
		.geo = p->geo, .filter = p->f, .max = INT64_MAX };
	struct token first = p->tok;
	bool list;

	for (size_t i = 0; i < t->n_subjects; i++) {
		int64_t max = subject_max(t->subject[i], t->word->part);

		if (max < ask.max)
			ask.max = max;
	}
	if (t->word->value == VALUE_COUNTRY)
		country_word(p, false);
	list = token_is(&p->tok, "in");
	if (list) {
		t->op = OP_EQ;
		next(p);
	} else {
		t->op = parse_comparator(p);
	}
	if (t->op >= OP_LT && !value_ordered(t->word->value))
		return err_at(p->err, first.offset, first.length,
		    "%s knows only = and !=", t->word->phrase);
	if (p->tok.kind == TOK_LBRACKET && t->op <= OP_NE &&
	    (list || p->tok.offset != first.offset)) {
		next(p);
		return parse_list(p, &ask, b);
	}
	if (list)
		return unexpected(p, "\"[\" and a list");
	if (t->word->value == VALUE_FLAGS && p->tok.kind == TOK_WORD &&
	    p->tok.offset == first.offset)
		t->op = flags_op(p, &p->tok);
	first = p->tok;
	if (parse_value(p, &ask, b) == -1)
		return -1;
	if (t->op >= OP_LT && t->op <= OP_GE && t->word->value != VALUE_TIME) {
		assert(b->num != NULL);		/* what is ordered has them */
		if (b->num[0].lo != b->num[0].hi)
			return err_at(p->err, first.offset, first.length,
			    "a range can't be compared by size");
	}
	return 0;
}

/* Value words need no place of their own in the grammar. */
static int
fixed_value(struct test *t, struct set_builder *b, struct err *err)
{
	t->op = OP_EQ;
	b->num = malloc(sizeof(*b->num));
	if (b->num == NULL)
		return err_set(err, "out of memory");
	b->num[0] = (struct num_range){ t->word->fixed, t->word->fixed };
	b->n = 1;
	return 0;
}

/* The database, for the word that began at start. */
static int
open_geo(struct parser *p, size_t start)
{
	struct err why;

	if (p->geo != NULL)
		return 0;
	if (p->env->geo == NULL)
		return err_at(p->err, start, p->last_end - start,
		    "geo needs a country database");
	p->geo = p->env->geo(p->env->arg, &why);
	return p->geo != NULL ? 0 : err_at(p->err, start,
	    p->last_end - start, "%s", why.msg);
}

/* test */
static struct node *
parse_test(struct parser *p)
{
	struct test t = { .op = OP_EQ };
	struct set_builder b = { .n = 0 };
	struct phrase ph;
	struct node *n = NULL;
	size_t start = p->tok.offset;
	int rc;

	if (phrase_find(&p->lex, &p->tok, &ph, p->err) == -1)
		return NULL;
	for (size_t i = 0; i < ph.n_tokens; i++)
		next(p);
	if (ph.word->value == VALUE_REFUSED) {
		(void)err_at(p->err, start, p->last_end - start, "%s",
		    ph.word->refuse);
		return NULL;
	}
	phrase_subjects(&ph, &t);
	if (value_needs_geo(t.word->value) && open_geo(p, start) == -1)
		return NULL;
	rc = t.word->value == VALUE_NONE ? fixed_value(&t, &b, p->err) :
	    parse_relation(p, &t, &b);
	if (rc == 0 && set_build(&b, p->f, &t.set, p->err) == 0) {
		/* a time compares from the beginning of its unit */
		if (t.op >= OP_LT && t.op <= OP_GE)
			t.set.num[0].hi = t.set.num[0].lo;
		n = ast_test(p->f, &t);
		if (n == NULL)
			(void)no_memory(p);
	}
	set_builder_clear(&b);
	if (n != NULL) {
		n->offset = start;
		n->length = p->last_end - start;
	}
	return n;
}

/* protocol: a name alone is short for "proto NAME" */
static struct node *
parse_protocol(struct parser *p, int proto)
{
	static const struct slice word = { "proto", 5 };
	struct num_range range = { proto, proto };
	struct set_builder b = { .num = &range, .n = 1 };
	struct test t = { .op = OP_EQ };
	struct phrase ph = { .word = NULL };
	struct node *n;
	size_t used;

	ph.word = words_find(&word, 1, &used);
	phrase_subjects(&ph, &t);
	if (set_build(&b, p->f, &t.set, p->err) == -1)
		return NULL;
	n = ast_test(p->f, &t);
	if (n == NULL)
		return no_memory(p);
	n->offset = p->tok.offset;
	n->length = p->tok.length;
	next(p);
	return n;
}

/* primary */
static struct node *
parse_primary(struct parser *p)
{
	struct node *n;
	int proto;

	if (p->tok.kind == TOK_LPAREN) {
		size_t open = p->tok.offset;

		next(p);
		if (++p->depth > FILTER_NEST_MAX) {
			(void)err_at(p->err, open, 1,
			    "more than %d parentheses inside each other",
			    FILTER_NEST_MAX);
			return NULL;
		}
		n = parse_or(p);
		if (n == NULL)
			return NULL;
		p->depth--;
		if (p->tok.kind == TOK_END) {
			(void)err_at(p->err, open, 1,
			    "this parenthesis is never closed");
			return NULL;
		}
		if (p->tok.kind != TOK_RPAREN) {
			(void)unexpected(p, "and, or, or \")\"");
			return NULL;
		}
		next(p);
		return n;
	}
	if (p->tok.kind != TOK_WORD) {
		(void)unexpected(p, "a filter word such as ip, net, port");
		return NULL;
	}
	if (token_is(&p->tok, "any")) {
		n = ast_any(p->f);
		if (n == NULL)
			return no_memory(p);
		next(p);
		return n;
	}
	proto = phrase_begins(&p->lex, &p->tok) ? -1 :
	    proto_find(p->tok.text, p->tok.len);
	return proto != -1 ? parse_protocol(p, proto) : parse_test(p);
}

/* unary */
static struct node *
parse_unary(struct parser *p)
{
	bool outer = p->negated;
	struct node *n;

	while (p->tok.kind == TOK_NOT) {
		p->negated = !p->negated;
		next(p);
	}
	n = parse_primary(p);
	if (n != NULL && p->negated != outer) {
		n = ast_not(p->f, n);
		if (n == NULL)
			return no_memory(p);
	}
	p->negated = outer;
	return n;
}

/* Children of an and/or while they come. */
struct children {
	struct node	**v;
	size_t		  n;
	size_t		  room;
};

static struct node *
parse_chain(struct parser *p, enum node_kind kind, enum token_kind sign,
    struct node *(*operand)(struct parser *))
{
	struct children c = { .n = 0 };
	struct node *n = NULL;

	for (;;) {
		struct node *one = operand(p);

		if (one == NULL)
			goto out;
		if (c.n == c.room) {
			size_t room = c.room == 0 ? 8 : c.room * 2;
			void *v = realloc(c.v, room * sizeof(*c.v));

			if (v == NULL) {
				(void)no_memory(p);
				goto out;
			}
			c.v = v;
			c.room = room;
		}
		c.v[c.n++] = one;
		if (p->tok.kind != sign)
			break;
		next(p);
	}
	n = ast_join(p->f, kind, c.v, c.n);
	if (n == NULL)
		(void)no_memory(p);
out:
	free(c.v);
	return n;
}

/* and */
static struct node *
parse_and(struct parser *p)
{
	return parse_chain(p, NODE_AND, TOK_AND, parse_unary);
}

/* or */
static struct node *
parse_or(struct parser *p)
{
	return parse_chain(p, NODE_OR, TOK_OR, parse_and);
}

/* filter */
static int
parse_filter(struct parser *p)
{
	struct node *root;

	next(p);
	root = p->tok.kind == TOK_END ? ast_any(p->f) : parse_or(p);
	if (root == NULL)
		return -1;
	if (p->tok.kind != TOK_END)
		return unexpected(p, "and, or, or end of filter");
	ast_set_root(p->f, root);
	return 0;
}

struct filter *
filter_parse_env(const char *text, const struct filter_env *env,
    struct err *err)
{
	struct parser p = { .env = env, .err = err };

	p.lex.text = text;
	p.lex.len = strlen(text);
	if (p.lex.len > FILTER_TEXT_MAX) {
		(void)err_at(err, FILTER_TEXT_MAX, 1,
		    "a filter may be %u bytes long", FILTER_TEXT_MAX);
		return NULL;
	}
	p.f = ast_new();
	if (p.f == NULL) {
		(void)no_memory(&p);
		return NULL;
	}
	if (parse_filter(&p) == -1) {
		filter_free(p.f);
		return NULL;
	}
	return p.f;
}

struct filter *
filter_parse(const char *text, struct err *err)
{
	static const struct filter_env none;

	return filter_parse_env(text, &none, err);
}
