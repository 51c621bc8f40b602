/*
 * Filter text -> tokens.  A token is a slice of the text with its offset;
 * nothing is copied.  Words of the language are not known here, but for the
 * operators that are spelt as words (and, or, not, eq, ...).
 */
#ifndef QUERY_LEX_H
#define QUERY_LEX_H

#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOK_END,
	TOK_WORD,	/* letters, digits and - _ . : / + @ */
	TOK_STRING,	/* 'text' or "text"; text and len are what is inside */
	TOK_LPAREN, TOK_RPAREN, TOK_LBRACKET, TOK_RBRACKET, TOK_COMMA,
	TOK_AND, TOK_OR, TOK_NOT,
	TOK_EQ, TOK_NE, TOK_LT, TOK_LE, TOK_GT, TOK_GE,
	TOK_UNCLOSED,	/* a quote that never ends */
	TOK_BAD		/* a character that means nothing */
};

struct token {
	enum token_kind	 kind;
	size_t		 offset;	/* of the first byte, quotes included */
	size_t		 length;
	const char	*text;		/* points into the text */
	size_t		 len;
};

struct lexer {
	const char	*text;
	size_t		 len;
	size_t		 at;		/* first byte not read yet */
};

/* The next token; TOK_END for ever at the end.  '#' to end of line is blank. */
void	lex_next(struct lexer *lx, struct token *out);

/*
 * A number: decimal, decimal with k m g t (times 1000, 10^6 ...), or 0x hex.
 * Returns 0, -1 when it is none, -2 when it is larger than INT64_MAX.
 */
int	lex_number(const char *text, size_t len, int64_t *out);

#endif
