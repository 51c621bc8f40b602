/* Phrases of the filter language: see phrase.h. */
#include "query/phrase.h"

#include <string.h>

#include "query/value.h"

#define TOKENS	(WORD_MAX + 2)	/* "src" "or" "dst" instead of one word */

/* Tokens from tok on, and those of them that are words in a row. */
struct ahead {
	struct token	 t[TOKENS];
	size_t		 n;	/* words, and, or */
	struct slice	 v[TOKENS];
	size_t		 n_words;
};

/* t[n], where there is room, is the token that ended the row. */
static void
look_ahead(const struct lexer *lex, const struct token *tok, struct ahead *a)
{
	struct lexer lx = *lex;

	a->t[0] = *tok;
	for (a->n = 1; a->n < TOKENS; a->n++) {
		struct token *t = &a->t[a->n];

		lex_next(&lx, t);
		if (t->kind != TOK_WORD && t->kind != TOK_OR &&
		    t->kind != TOK_AND)
			break;
	}
	for (a->n_words = 0; a->n_words < a->n &&
	    a->t[a->n_words].kind == TOK_WORD; a->n_words++)
		a->v[a->n_words] = (struct slice){ a->t[a->n_words].text,
			a->t[a->n_words].len };
}

/* "src or dst", "dst and src", ... */
static bool
is_both_sides(const struct ahead *a)
{
	const struct token *t = a->t;

	return a->n >= 3 && (t[1].kind == TOK_OR || t[1].kind == TOK_AND) &&
	    ((token_is(&t[0], "src") && token_is(&t[2], "dst")) ||
	    (token_is(&t[0], "dst") && token_is(&t[2], "src")));
}

/* The phrase is right so far, but ends too early. */
static int
incomplete(const struct token *t, const struct slice *v, size_t n,
    struct err *err)
{
	char follow[200];

	words_follow(v, n, follow, sizeof(follow));
	return token_unexpected(t, follow, err);
}

/* What could the user have meant by this word? */
static int
bad_word(const struct token *t, const struct slice *v, size_t at,
    struct err *err)
{
	char near[32], quote[VALUE_QUOTE_MAX];
	const char *proto = at > 0 ? NULL : words_near_proto(t->text, t->len);

	if (words_suggest(v, at, near, sizeof(near)) != NULL)
		return err_at(err, t->offset, t->length,
		    "unknown word %s: did you mean \"%s\"?",
		    token_quote(t, quote), near);
	if (at > 0)
		return incomplete(t, v, at, err);
	if (proto != NULL)
		return err_at(err, t->offset, t->length,
		    "unknown word %s: did you mean \"%s\"?",
		    token_quote(t, quote), proto);
	if (memchr(t->text, '.', t->len) != NULL ||
	    memchr(t->text, ':', t->len) != NULL)
		return err_at(err, t->offset, t->length,
		    "expected a filter word before %s, such as "
		    "\"ip %.*s\"", token_quote(t, quote),
		    (int)(t->len > 60 ? 60 : t->len), t->text);
	return err_at(err, t->offset, t->length,
	    "unknown word %s: expected ip, net, port, proto or another "
	    "filter word", token_quote(t, quote));
}

/* Looks up n words whose first is token shift of a. */
static const struct word *
look_up(const struct ahead *a, size_t shift, const struct slice *v, size_t n,
    size_t *used, struct err *err)
{
	const struct word *w = words_find(v, n, used);

	if (w == NULL && *used < n)
		(void)bad_word(&a->t[shift + *used], v, *used, err);
	else if (w == NULL)
		(void)incomplete(&a->t[shift + n], v, n, err);
	return w;
}

int
phrase_find(const struct lexer *lex, const struct token *tok,
    struct phrase *out, struct err *err)
{
	struct ahead a;
	struct slice v[TOKENS];
	size_t used, n;

	look_ahead(lex, tok, &a);
	*out = (struct phrase){ .word = NULL };
	if (!is_both_sides(&a)) {
		out->word = look_up(&a, 0, a.v, a.n_words, &used, err);
		out->n_tokens = used;
		return out->word == NULL ? -1 : 0;
	}
	for (n = 1; n + 2 < a.n && a.t[n + 2].kind == TOK_WORD; n++)
		v[n] = (struct slice){ a.t[n + 2].text, a.t[n + 2].len };
	v[0] = (struct slice){ "src", 3 };
	out->word = look_up(&a, 2, v, n, &used, err);
	if (out->word == NULL)
		return -1;
	v[0] = (struct slice){ "dst", 3 };
	out->pair = look_up(&a, 2, v, n, &used, err);
	if (out->pair == NULL)
		return -1;
	out->all = a.t[1].kind == TOK_AND;
	out->n_tokens = used + 2;
	return 0;
}

bool
phrase_begins(const struct lexer *lex, const struct token *tok)
{
	struct ahead a;
	size_t used;

	look_ahead(lex, tok, &a);
	return words_find(a.v, a.n_words, &used) != NULL;
}

/* The row for the word without side, when that means "src or dst". */
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

void
phrase_subjects(const struct phrase *ph, struct test *t)
{
	const struct word *plain = NULL;

	if (ph->pair != NULL && !ph->all && ph->word->n_subjects == 1)
		plain = plain_word(ph);
	t->word = plain != NULL ? plain : ph->word;
	t->pair = plain != NULL ? NULL : ph->pair;
	t->all = ph->all;
	memcpy(t->subject, t->word->subject, t->word->n_subjects);
	t->n_subjects = t->word->n_subjects;
	if (t->pair == NULL)
		return;
	memcpy(t->subject + t->n_subjects, t->pair->subject,
	    t->pair->n_subjects);
	t->n_subjects = (uint8_t)(t->n_subjects + t->pair->n_subjects);
}
