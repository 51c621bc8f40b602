/*
 * Statements of a script for sqlite3 (--sql): plain SQL, to which nothing of
 * ours need be registered.  A script gathers, shard by shard, partial sums or
 * rows in temporary tables, and reads the answer from them as text.
 *
 * All functions return 0, or -1 with err; *out is cleared by sql_clear.
 */
#ifndef QUERY_SQL_SCRIPT_H
#define QUERY_SQL_SCRIPT_H

#include "query/group.h"
#include "query/sheet.h"
#include "query/sql.h"

/*
 * SELECT k1, ..., kn, flows, packets, bytes, first_ms, last_ms (and tcp_flags
 * of GROUP_RECORD) of one side of a group, for each key one row.  The group
 * has neither prefix lengths nor both directions.
 */
int	sql_group(struct sql *out, const struct group *g, unsigned side,
	    const struct filter *f, const struct sql_shape *shape,
	    struct err *err);

/* CREATE TEMP TABLE table with these columns. */
int	sql_group_table(struct sql *out, const struct group *g,
	    const char *table, struct err *err);

/* CREATE TEMP TABLE table: the rows of parts added up. */
int	sql_group_total(struct sql *out, const struct group *g,
	    const char *table, const char *parts, struct err *err);

/*
 * INSERT INTO table what sql_list with these values gives, and its CREATE TEMP
 * TABLE; its first column seq tells the order.
 */
int	sql_list_table(struct sql *out, const char *table, const int *values,
	    size_t n_values, struct err *err);
int	sql_list_insert(struct sql *out, const char *table, const int *values,
	    size_t n_values, struct err *err);

/* What an answer is read from. */
struct sql_answer {
	const char		*table;
	const struct group	*group;		/* NULL: a list of flows */
	const struct order	*order;		/* NULL: in the order of seq */
	int64_t			 first;		/* rows by seq; 0: all */
	int64_t			 limit;		/* of those in order; 0: all */
};

/* SELECT the columns of a sheet as CSV shows them. */
int	sql_sheet(struct sql *out, const struct sheet *sheet,
	    const struct sql_answer *from, struct err *err);

#endif
