/* Text from outside: see foreign.h. */
#include "query/foreign.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>

#include "query/utf8.h"

#define CLEAN_MAX	(FOREIGN_MAX + 2)
#define QUOTED_MAX	(2 * CLEAN_MAX + 2)

/*
 * "=1+1", "-1", "@sum" are formulas, "1/2", "3-4", "1.5" become dates.  The
 * look of it decides: too many quotes are harmless.
 */
static bool
spreadsheet_runs(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
		return true;
	return digits > 0 && text[digits] != '\0' &&
	    strchr("/.-", text[digits]) != NULL &&
	    text[digits + 1] >= '0' && text[digits + 1] <= '9';
}

void
foreign_csv(struct out *o, const char *text, bool guard)
{
	char clean[CLEAN_MAX], *at = clean;
	size_t n;

	if (guard && spreadsheet_runs(text))
		*at++ = '\'';
	n = (size_t)(at - clean);
	n += utf8_clean(text, 0, at, sizeof(clean) - n);
	out_used(o, csv_write(out_room(o, QUOTED_MAX), QUOTED_MAX, clean, n));
}

void
foreign_json(struct out *o, const char *text)
{
	char clean[CLEAN_MAX];
	size_t n = utf8_clean(text, 0, clean, sizeof(clean));

	out_char(o, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)clean[i];
		char buf[8];

		if (ch == '"' || ch == '\\') {
			out_char(o, '\\');
			out_char(o, (char)ch);
		} else if (ch < 0x20 || ch == 0x7f) {
			(void)snprintf(buf, sizeof(buf), "\\u%04x", ch);
			out_text(o, buf);
		} else
			out_char(o, (char)ch);
	}
	out_char(o, '"');
}
