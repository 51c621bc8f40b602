/*
 * --sql: the question as a script that a plain sqlite3 (3.40, no extension of
 * ours) runs to the same rows as flowq -o csv.
 *
 * SQLite attaches ten databases at most, so the script attaches one shard
 * after the other, read-only, takes partial sums or rows of it into temporary
 * tables, and reads the answer from these.  Nothing of the user's text is SQL:
 * literals are quoted, paths are percent-encoded, comments are one line.
 */
#ifndef QUERY_SCRIPT_H
#define QUERY_SCRIPT_H

#include "query/answer.h"

/*
 * Can plain SQL say it?  -1: err names what it cannot; ERR_SYNTAX: a place in
 * the text of -o.
 */
int	script_accept(const struct request *r, const struct filter *filter,
	    struct err *err);

/* Writes the script to a->out, not yet flushed.  Call after script_accept. */
int	script_print(struct answer *a, struct err *err);

#endif
