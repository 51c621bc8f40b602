/*
 * Pieces of HTML: text that may come from anywhere, and numbers for people
 * with the exact value behind them.
 */
#ifndef QUERY_HTML_H
#define QUERY_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "query/out.h"

#define HTML_NUMBER_MAX	32

/*
 * Text as content or as a value in quotes: what could end either is escaped,
 * what is no UTF-8 or a control character is U+FFFD.
 */
void	html_text(struct out *o, const char *text);

/* The same, no more than most bytes of it, with an ellipsis when cut. */
void	html_cut(struct out *o, const char *text, size_t most);

/* For markup of our own: format like printf, no text from outside. */
void	html_put(struct out *o, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* "1.53 GB": three digits and a unit by 1000; NUL-terminated, the length. */
size_t	html_scaled(int64_t v, const char *unit, char out[HTML_NUMBER_MAX]);

/* That in <data>, which has the number itself as its value and on hovering. */
void	html_number(struct out *o, int64_t v, const char *unit);

#endif
