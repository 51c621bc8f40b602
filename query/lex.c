/* Tokens of the filter language: see lex.h. */
#include "query/lex.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char	*word;
	enum token_kind	 kind;
} operators[] = {
	{ "and", TOK_AND }, { "or", TOK_OR }, { "not", TOK_NOT },
	{ "eq", TOK_EQ }, { "ne", TOK_NE }, { "lt", TOK_LT },
	{ "le", TOK_LE }, { "gt", TOK_GT }, { "ge", TOK_GE }
};

/* Longer spellings first. */
static const struct {
	const char	*sign;
	enum token_kind	 kind;
} signs[] = {
	{ "&&", TOK_AND }, { "||", TOK_OR }, { "==", TOK_EQ },
	{ "!=", TOK_NE }, { "<=", TOK_LE }, { ">=", TOK_GE },
	{ "(", TOK_LPAREN }, { ")", TOK_RPAREN }, { "[", TOK_LBRACKET },
	{ "]", TOK_RBRACKET }, { ",", TOK_COMMA }, { "!", TOK_NOT },
	{ "=", TOK_EQ }, { "<", TOK_LT }, { ">", TOK_GT }
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') ||
	    (c != '\0' && strchr("-_.:/+@", c) != NULL);
}

static void
skip_blanks(struct lexer *lx)
{
	while (lx->at < lx->len) {
		if (lx->text[lx->at] == '#') {
			while (lx->at < lx->len && lx->text[lx->at] != '\n')
				lx->at++;
		} else if (is_blank(lx->text[lx->at])) {
			lx->at++;
		} else {
			break;
		}
	}
}

static void
lex_word(struct lexer *lx, struct token *t)
{
	t->kind = TOK_WORD;
	while (lx->at + t->len < lx->len && is_word(t->text[t->len]))
		t->len++;
	t->length = t->len;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strlen(operators[i].word) == t->len &&
		    strncasecmp(operators[i].word, t->text, t->len) == 0)
			t->kind = operators[i].kind;
	}
}

static void
lex_string(struct lexer *lx, struct token *t)
{
	const char *end = memchr(t->text + 1, t->text[0],
	    lx->len - lx->at - 1);

	if (end == NULL) {
		t->kind = TOK_UNCLOSED;
		t->length = 1;
		return;
	}
	t->kind = TOK_STRING;
	t->length = (size_t)(end - t->text) + 1;
	t->text++;
	t->len = t->length - 2;
}

static void
lex_sign(struct lexer *lx, struct token *t)
{
	t->kind = TOK_BAD;
	t->length = 1;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t n = strlen(signs[i].sign);

		if (n <= lx->len - lx->at &&
		    memcmp(signs[i].sign, t->text, n) == 0) {
			t->kind = signs[i].kind;
			t->length = n;
			break;
		}
	}
	t->len = t->length;
}

void
lex_next(struct lexer *lx, struct token *out)
{
	struct token t = { .kind = TOK_END };

	skip_blanks(lx);
	t.offset = lx->at;
	t.text = lx->text + lx->at;
	if (lx->at < lx->len) {
		if (is_word(t.text[0]))
			lex_word(lx, &t);
		else if (t.text[0] == '\'' || t.text[0] == '"')
			lex_string(lx, &t);
		else
			lex_sign(lx, &t);
	}
	lx->at += t.length;
	*out = t;
}

static int
digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int
lex_number(const char *text, size_t len, int64_t *out)
{
	static const char suffix[] = "kmgtKMGT";
	int64_t v = 0, scale = 1, base = 10;
	bool over = false;
	const char *p;

	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		len -= 2;
	} else if (len > 1 && text[len - 1] != '\0' &&
	    (p = strchr(suffix, text[len - 1])) != NULL) {
		for (int i = (int)(p - suffix) % 4; i >= 0; i--)
			scale *= 1000;
		len--;
	}
	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int d = digit_value(text[i]);

		if (d >= base)
			return -1;
		if (v > (INT64_MAX - d) / base)
			over = true;
		else
			v = v * base + d;
	}
	if (over || v > INT64_MAX / scale)
		return -2;
	*out = v * scale;
	return 0;
}
