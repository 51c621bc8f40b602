/*
 * The filter language: text -> tokens -> AST with columns resolved.  The
 * grammar stands at the top of parse.c.  Knows no SQL and no database.
 */
#ifndef QUERY_FILTER_H
#define QUERY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/err.h"

/*
 * Bounds on what a user can ask: bytes of text (room for a list of 100000 IPv6
 * addresses; so they bound the lists too) and parentheses in each other.
 */
#define FILTER_TEXT_MAX		(4U << 20)
#define FILTER_NEST_MAX		100

struct addr;
struct filter;
struct geo;

/* What the parser needs from outside; all may be left zero. */
struct filter_env {
	bool	utc;	/* zone of "first seen" times without one; else TZ */
	/*
	 * Looks up a host name: writes up to max addresses, returns how many;
	 * 0 when there are none.  NULL: names are an error.
	 */
	size_t	(*resolve)(void *arg, const char *name, struct addr *out,
		    size_t max);
	/*
	 * The database of countries and AS numbers, asked for when a test
	 * needs it; NULL and err when there is none.  NULL: they are an error.
	 */
	const struct geo *(*geo)(void *arg, struct err *err);
	void	*arg;
};

/*
 * Parses text (NUL-terminated).  "" and "any" match everything.  On failure
 * NULL, with ERR_SYNTAX, the offset and length of the place, and what was
 * expected.  Free with filter_free.
 */
struct filter *filter_parse(const char *text, struct err *err);
struct filter *filter_parse_env(const char *text,
	    const struct filter_env *env, struct err *err);
void	filter_free(struct filter *f);

/* Canonical text: filter_parse(filter_print(f)) is f again.  malloc'd. */
char	*filter_print(const struct filter *f);

/* flow_bit() of every column that the filter tests. */
uint64_t filter_columns(const struct filter *f);

/* True when the filter matches every flow. */
int	filter_is_any(const struct filter *f);

/* True when it tests the running number of the flow ("count"). */
bool	filter_counts(const struct filter *f);

#endif
