/*
 * The rows of --exporters as text: a table, CSV, JSON, ndjson.
 */
#ifndef QUERY_EXPORTERS_ROWS_H
#define QUERY_EXPORTERS_ROWS_H

#include <sqlite3.h>

#include "query/exporters.h"

enum exporters_form {
	EXPORTERS_TABLE, EXPORTERS_CSV, EXPORTERS_JSON, EXPORTERS_NDJSON
};

/* The text of -o; NULL is the table.  -1: ERR_SYNTAX. */
int	exporters_form(const char *format, enum exporters_form *out,
	    struct err *err);

/* Columns of the statement that gives the rows, in this order. */
enum {
	EXP_ADDRESS, EXP_VERSION, EXP_DOMAIN, EXP_NAME, EXP_PACKETS, EXP_FLOWS,
	EXP_LOST, EXP_SAMPLING, EXP_FIRST, EXP_LAST, EXP_END
};

/*
 * Steps st through (twice for a table) and writes its rows to a->out.  Lost are
 * what sequence numbers count: packets of NetFlow v9, flows of v5 and IPFIX.
 */
int	exporters_rows(const struct answer *a, enum exporters_form form,
	    sqlite3_stmt *st, struct err *err);

/* The row that st stands on. */
void	exporters_sum(const struct answer *a, sqlite3_stmt *st,
	    struct exporter_sum *out);

#endif
