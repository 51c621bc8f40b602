/*
 * The filter language: text -> tokens -> AST with columns resolved.  The
 * grammar stands at the top of parse.c.  Knows no SQL and no database.
 */
#ifndef QUERY_FILTER_H
#define QUERY_FILTER_H

#include <stdint.h>

#include "schema/err.h"

struct filter;

/*
 * Parses text (NUL-terminated).  "" and "any" match everything.  On failure
 * NULL, with ERR_SYNTAX, the offset and length of the place, and what was
 * expected.  Free with filter_free.
 */
struct filter *filter_parse(const char *text, struct err *err);
void	filter_free(struct filter *f);

/* Canonical text: filter_parse(filter_print(f)) is f again.  malloc'd. */
char	*filter_print(const struct filter *f);

/* flow_bit() of every column that the filter tests. */
uint64_t filter_columns(const struct filter *f);

/* True when the filter matches every flow. */
int	filter_is_any(const struct filter *f);

#endif
