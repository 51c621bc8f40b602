/* Rows from text, and what a printer makes of them, for tests of printers. */
#ifndef TESTS_PRINTED_H
#define TESTS_PRINTED_H

#include <stddef.h>

#include "query/print.h"

/*
 * "first_ms=1795585975000 src_addr=192.168.1.10 proto=6": columns by name,
 * numbers in decimal or 0x hex.  exporter=ADDRESS is its address (id 1,
 * version 9, domain 7), rows=N how many flows were added.
 */
struct row row_of(const char *text);

/* A printer that writes into memory.  Aborts when anything fails. */
struct printed {
	struct out	 out;
	struct print	*p;
};

/* malloc'd: struct out is large.  o NULL: utc and nothing else. */
struct printed *printed_new(const char *format, const struct print_options *o);

/* Prints a row of that text. */
void	printed_row(struct printed *t, const char *row);

/* Ends the answer and frees t.  s NULL: one flow passed, nothing else known. */
char	*printed_end(struct printed *t, const struct print_summary *s);

/* The whole text of a list of flows, one text each, NULL behind the last. */
char	*printed_list(const char *format, const struct print_options *o,
	    const struct print_flows *head, const char *const *rows);

#endif
