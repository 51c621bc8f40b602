/*
 * Finds the phrase that stands at a place of the text: one of words.c, or one
 * for both sides ("src or dst port").  Looks ahead over a copy of the lexer.
 */
#ifndef QUERY_PHRASE_H
#define QUERY_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "query/ast.h"
#include "query/lex.h"
#include "query/words.h"
#include "schema/err.h"

struct phrase {
	const struct word	*word;	/* with pair: the src side */
	const struct word	*pair;	/* dst side, or NULL */
	bool			 all;	/* "src and dst" */
	size_t			 n_tokens;
};

/*
 * The phrase that begins with tok, lex standing behind it.  0, or -1 and the
 * first word that is wrong.
 */
int	phrase_find(const struct lexer *lex, const struct token *tok,
	    struct phrase *out, struct err *err);

/* Does a phrase stand here? */
bool	phrase_begins(const struct lexer *lex, const struct token *tok);

/* Sets word, pair, all and the subjects of the test. */
void	phrase_subjects(const struct phrase *ph, struct test *t);

#endif
