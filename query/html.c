/* Pieces of HTML: see html.h. */
#include "query/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "query/utf8.h"

#define PUT_MAX		1024	/* of one html_put: our own words */

static void
escaped(struct out *o, char c)
{
	switch (c) {
	case '&':
		out_text(o, "&amp;");
		break;
	case '<':
		out_text(o, "&lt;");
		break;
	case '>':
		out_text(o, "&gt;");
		break;
	case '"':
		out_text(o, "&quot;");
		break;
	case '\'':
		out_text(o, "&#39;");
		break;
	default:
		out_char(o, c);
		break;
	}
}

/* One character, or what stands for it; returns its length in text. */
static size_t
put_one(struct out *o, const char *text, size_t left)
{
	char one[5] = "", clean[8];
	size_t len = utf8_length(text, left);

	if (len == 0)
		len = 1;
	memcpy(one, text, len);
	(void)utf8_clean(one, 1, clean, sizeof(clean));
	for (const char *c = clean; *c != '\0'; c++)
		escaped(o, *c);
	return len;
}

void
html_cut(struct out *o, const char *text, size_t most)
{
	size_t left = strlen(text), at = 0;

	while (at < left && at < most)
		at += put_one(o, text + at, left - at);
	if (at < left)
		out_text(o, "\xe2\x80\xa6");
}

void
html_text(struct out *o, const char *text)
{
	html_cut(o, text, SIZE_MAX);
}

void
html_put(struct out *o, const char *fmt, ...)
{
	char buf[PUT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	out_text(o, buf);
}

size_t
html_scaled(int64_t v, const char *unit, char out[HTML_NUMBER_MAX])
{
	static const char prefix[] = " kMGTPE";
	const char *space = *unit == '\0' ? "" : "\xc2\xa0";
	double d = (double)v;
	size_t i = 0;
	int n;

	if (v < 1000) {
		n = snprintf(out, HTML_NUMBER_MAX, "%" PRId64 "%s%s", v,
		    space, unit);
		return (size_t)n;
	}
	/* what would be rounded to 1000 is 1.00 of the next */
	for (; d >= 999.5 && prefix[i + 1] != '\0'; i++)
		d /= 1000;
	n = snprintf(out, HTML_NUMBER_MAX, "%.*f\xc2\xa0%c%s",
	    d < 9.995 ? 2 : d < 99.95 ? 1 : 0, d, prefix[i], unit);
	return (size_t)n;
}

void
html_number(struct out *o, int64_t v, const char *unit)
{
	char text[HTML_NUMBER_MAX];

	(void)html_scaled(v, unit, text);
	if (v < 1000)
		html_put(o, "<data value=%" PRId64 ">%s</data>", v, text);
	else
		html_put(o, "<data value=%" PRId64 " title=\"%" PRId64
		    "\">%s</data>", v, v, text);
}
