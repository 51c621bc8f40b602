/* Errors with a caret: see caret.h. */
#include "query/caret.h"

#include <string.h>

#define WIDTH	72	/* most bytes shown of a line */

/* A byte that is safe on a terminal and one column wide. */
static int
shown(char c)
{
	return (unsigned char)c < ' ' || (unsigned char)c > '~' ? ' ' : c;
}

static void
print_place(FILE *out, const char *line, size_t len, size_t at, size_t mark)
{
	size_t from = 0, n;

	/* a long line is shown from a little before the place */
	if (at > WIDTH * 2 / 3)
		from = at - WIDTH / 2;
	n = len - from > WIDTH ? WIDTH : len - from;
	fputs(from > 0 ? "  ..." : "  ", out);
	for (size_t i = 0; i < n; i++)
		putc(shown(line[from + i]), out);
	fputs(from + n < len ? "...\n" : "\n", out);
	fprintf(out, "%*s^", (int)(at - from + (from > 0 ? 5 : 2)), "");
	for (size_t i = 1; i < mark && at - from + i < n; i++)
		putc('~', out);
	putc('\n', out);
}

void
caret_print_at(FILE *out, const char *who, const char *name, size_t line,
    const char *text, const struct err *err)
{
	size_t len = strlen(text), at = err->offset, begin, end;

	if (err->code != ERR_SYNTAX) {
		fprintf(out, "%s: %s\n", who, err->msg);
		return;
	}
	if (at > len)
		at = len;
	for (begin = at; begin > 0 && text[begin - 1] != '\n';)
		begin--;
	end = begin + strcspn(text + begin, "\n");
	if (name != NULL)
		fprintf(out, "%s: %s:%zu: %s\n", who, name, line, err->msg);
	else
		fprintf(out, "%s: %s\n", who, err->msg);
	print_place(out, text + begin, end - begin, at - begin, err->length);
}

void
caret_print(FILE *out, const char *who, const char *name, const char *text,
    const struct err *err)
{
	size_t line = 1;

	for (size_t i = 0; i < err->offset && text[i] != '\0'; i++)
		line += text[i] == '\n';
	caret_print_at(out, who, name, line, text, err);
}
