/*
 * Text from outside (names of tables and exporters) on its way out: quoted for
 * the format, UTF-8 whatever it was, cut after FOREIGN_MAX bytes.
 */
#ifndef QUERY_FOREIGN_H
#define QUERY_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "query/out.h"

#define FOREIGN_MAX	765

/*
 * A field of CSV with its quotes.  guard: a ' goes before what a spreadsheet
 * would run as a formula or take for a number, a date or a truth value.
 */
void	foreign_csv(struct out *o, const char *text, bool guard);

/*
 * Puts a ' before an address such as 192.168.100.200, which is a number where
 * points group thousands.  text has room for one byte more; the new length.
 */
size_t	foreign_guard_address(char *text, size_t len);

/* A string of JSON with its quotes. */
void	foreign_json(struct out *o, const char *text);

#endif
