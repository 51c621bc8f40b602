/*
 * Text from outside (names of tables and exporters) on its way out: quoted for
 * the format, UTF-8 whatever it was, cut after FOREIGN_MAX bytes.
 */
#ifndef QUERY_FOREIGN_H
#define QUERY_FOREIGN_H

#include <stdbool.h>

#include "query/out.h"

#define FOREIGN_MAX	765

/*
 * A field of CSV with its quotes.  guard: a ' goes before what a spreadsheet
 * would run as a formula or turn into a date.
 */
void	foreign_csv(struct out *o, const char *text, bool guard);

/* A string of JSON with its quotes. */
void	foreign_json(struct out *o, const char *text);

#endif
