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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/ast.h"
#include "query/lex.h"
#include "query/value.h"
#include "query/words.h"
#include "schema/proto.h"

#define PHRASE_TOKENS	(WORD_MAX + 2)	/* "src" "or" "dst" instead of one */

struct parser {
	struct lexer		 lex;	/* behind tok */
	struct token		 tok;
	size_t			 last_end;	/* end of the token before */
	struct filter		*f;
	const struct filter_env	*env;
	struct err		*err;
	unsigned		 depth;
	bool			 negated;	/* odd number of nots */
};

/* A phrase found in the text. */
struct phrase {
	const struct word	*word;
	const struct word	*pair;
	bool			 all;
	size_t			 n_tokens;
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

/* The token can't stand here. */
static int
unexpected(struct parser *p, const char *expected)
{
	const struct token *t = &p->tok;
	char quote[VALUE_QUOTE_MAX];

	if (t->kind == TOK_UNCLOSED)
		return err_at(p->err, t->offset, t->length,
		    "this quote is never closed");
	if (t->kind == TOK_BAD && t->text[0] == '%')
		return err_at(p->err, t->offset, t->length,
		    "flow labels are not stored");
	if (t->kind == TOK_BAD && (t->text[0] == '&' || t->text[0] == '|'))
		return err_at(p->err, t->offset, t->length,
		    "expected %s, got \"%c\": did you mean \"%c%c\"?",
		    expected, t->text[0], t->text[0], t->text[0]);
	return err_at(p->err, t->offset, t->length, "expected %s, got %s",
	    expected, token_quote(t, quote));
}

static bool
is_word(const struct token *t, const char *word)
{
	return t->kind == TOK_WORD && strlen(word) == t->len &&
	    strncasecmp(word, t->text, t->len) == 0;
}

/* The words from the current token on, up to PHRASE_TOKENS; how many. */
static size_t
look_ahead(const struct parser *p, struct token t[PHRASE_TOKENS])
{
	struct lexer lx = p->lex;
	size_t n = 1;

	t[0] = p->tok;
	while (n < PHRASE_TOKENS) {
		lex_next(&lx, &t[n]);
		if (t[n].kind != TOK_WORD && t[n].kind != TOK_OR &&
		    t[n].kind != TOK_AND)
			break;
		n++;
	}
	return n;
}

/* "src or dst", "dst and src", ... */
static bool
is_both_sides(const struct token *t, size_t n)
{
	return n >= 3 && (t[1].kind == TOK_OR || t[1].kind == TOK_AND) &&
	    ((is_word(&t[0], "src") && is_word(&t[2], "dst")) ||
	    (is_word(&t[0], "dst") && is_word(&t[2], "src")));
}

/*
 * Says which word of a phrase is wrong: v[begun], which is token shift +
 * begun, or what follows the n words.
 */
static int
bad_phrase(struct parser *p, const struct token *t, size_t shift,
    const struct slice *v, size_t n, size_t begun)
{
	char near[32], follow[200], quote[VALUE_QUOTE_MAX];
	const struct token *bad = &t[shift + begun];
	const char *proto;

	if (begun == n) {
		words_follow(v, begun, follow, sizeof(follow));
		for (size_t i = 0; i < shift + n; i++)
			next(p);
		return unexpected(p, follow);
	}
	if (words_suggest(v, begun, near, sizeof(near)) != NULL)
		return err_at(p->err, bad->offset, bad->length,
		    "unknown word %s: did you mean \"%s\"?",
		    token_quote(bad, quote), near);
	if (begun > 0) {
		words_follow(v, begun, follow, sizeof(follow));
		return err_at(p->err, bad->offset, bad->length,
		    "expected %s, got %s", follow, token_quote(bad, quote));
	}
	proto = words_near_proto(bad->text, bad->len);
	if (proto != NULL)
		return err_at(p->err, bad->offset, bad->length,
		    "unknown word %s: did you mean \"%s\"?",
		    token_quote(bad, quote), proto);
	if (memchr(bad->text, '.', bad->len) != NULL ||
	    memchr(bad->text, ':', bad->len) != NULL)
		return err_at(p->err, bad->offset, bad->length,
		    "expected a filter word before %s, such as "
		    "\"ip %.*s\"", token_quote(bad, quote),
		    (int)(bad->len > 60 ? 60 : bad->len), bad->text);
	return err_at(p->err, bad->offset, bad->length,
	    "unknown word %s: expected ip, net, port, proto or another "
	    "filter word", token_quote(bad, quote));
}

/* phrase: finds the row; reads nothing yet.  0 or -1. */
static int
find_phrase(struct parser *p, struct phrase *out)
{
	struct token t[PHRASE_TOKENS];
	struct slice v[PHRASE_TOKENS];
	size_t n = look_ahead(p, t), used, m = 0;

	*out = (struct phrase){ .word = NULL };
	if (is_both_sides(t, n)) {
		static const struct slice sides[2] = {
			{ "src", 3 }, { "dst", 3 }
		};

		for (m = 1; m + 2 < n && t[m + 2].kind == TOK_WORD; m++)
			v[m] = (struct slice){ t[m + 2].text, t[m + 2].len };
		v[0] = sides[0];
		out->word = words_find(v, m, &used);
		if (out->word == NULL)
			return bad_phrase(p, t, 2, v, m, used);
		v[0] = sides[1];
		out->pair = words_find(v, m, &used);
		if (out->pair == NULL)
			return bad_phrase(p, t, 2, v, m, used);
		out->all = t[1].kind == TOK_AND;
		out->n_tokens = used + 2;
		return 0;
	}
	for (; m < n && t[m].kind == TOK_WORD; m++)
		v[m] = (struct slice){ t[m].text, t[m].len };
	out->word = words_find(v, m, &used);
	if (out->word == NULL)
		return bad_phrase(p, t, 0, v, m, used);
	out->n_tokens = used;
	return 0;
}

/* Is there a row for the plain word that means the same as "src or dst"? */
static const struct word *
plain_word(const struct phrase *ph)
{
	const char *rest = strchr(ph->word->phrase, ' ') + 1;
	const struct word *w, *d = ph->pair;

	for (size_t i = 0; (w = words_at(i)) != NULL; i++) {
		if (strcmp(w->phrase, rest) == 0 && w->n_subjects == 2 &&
		    w->subject[0] == ph->word->subject[0] &&
		    w->subject[1] == d->subject[0])
			return w;
	}
	return NULL;
}

static void
set_subjects(struct test *t, const struct phrase *ph)
{
	const struct word *plain = NULL;

	if (ph->pair != NULL && !ph->all && ph->word->n_subjects == 1)
		plain = plain_word(ph);
	t->word = plain != NULL ? plain : ph->word;
	t->pair = plain != NULL ? NULL : ph->pair;
	t->all = ph->all;
	memcpy(t->subject, t->word->subject, t->word->n_subjects);
	t->n_subjects = t->word->n_subjects;
	if (t->pair != NULL) {
		memcpy(t->subject + t->n_subjects, t->pair->subject,
		    t->pair->n_subjects);
		t->n_subjects = (uint8_t)(t->n_subjects +
		    t->pair->n_subjects);
	}
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

/* list, behind its bracket. */
static int
parse_list(struct parser *p, const struct value_ask *ask,
    struct set_builder *b)
{
	struct value_ask in_list = *ask;
	size_t open = p->last_end - 1;

	in_list.list = true;
	while (p->tok.kind != TOK_RBRACKET) {
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
	struct token value = p->tok;

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
		.filter = p->f, .max = INT64_MAX };
	struct token first = p->tok;
	bool list;

	for (size_t i = 0; i < t->n_subjects; i++) {
		int64_t max = subject_max(t->subject[i], t->word->part);

		if (max < ask.max)
			ask.max = max;
	}
	list = is_word(&p->tok, "in");
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
	if (t->op >= OP_LT && t->op <= OP_GE && b->num[0].lo != b->num[0].hi &&
	    t->word->value != VALUE_TIME)
		return err_at(p->err, first.offset, first.length,
		    "a range can't be compared by size");
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

	if (find_phrase(p, &ph) == -1)
		return NULL;
	for (size_t i = 0; i < ph.n_tokens; i++)
		next(p);
	if (ph.word->value == VALUE_REFUSED) {
		(void)err_at(p->err, start, p->last_end - start, "%s",
		    ph.word->refuse);
		return NULL;
	}
	set_subjects(&t, &ph);
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
	struct test t = { .op = OP_EQ };
	struct phrase ph = { .word = NULL };
	struct node *n;
	size_t used;

	ph.word = words_find(&word, 1, &used);
	set_subjects(&t, &ph);
	t.set.num = ast_alloc(p->f, sizeof(*t.set.num));
	if (t.set.num == NULL)
		return no_memory(p);
	t.set.num[0] = (struct num_range){ proto, proto };
	t.set.n = 1;
	n = ast_test(p->f, &t);
	if (n == NULL)
		return no_memory(p);
	n->offset = p->tok.offset;
	n->length = p->tok.length;
	next(p);
	return n;
}

/* Is the current token a protocol name and no other word's beginning? */
static int
bare_protocol(const struct parser *p)
{
	struct token t[PHRASE_TOKENS];
	struct slice v[PHRASE_TOKENS];
	size_t n = look_ahead(p, t), used, m;

	for (m = 0; m < n && t[m].kind == TOK_WORD; m++)
		v[m] = (struct slice){ t[m].text, t[m].len };
	if (words_find(v, m, &used) != NULL)
		return -1;
	return proto_find(p->tok.text, p->tok.len);
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
	if (is_word(&p->tok, "any")) {
		n = ast_any(p->f);
		if (n == NULL)
			return no_memory(p);
		next(p);
		return n;
	}
	proto = bare_protocol(p);
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
