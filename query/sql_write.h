/*
 * What the files that write SQL share: a statement under construction with
 * its shape, and the texts of columns.  Not for others.
 */
#ifndef QUERY_SQL_WRITE_H
#define QUERY_SQL_WRITE_H

#include <sqlite3.h>

#include "query/ast.h"
#include "query/sql.h"
#include "schema/rollup.h"

/* Where an expression stands: the table its bare columns belong to. */
enum scope { SCOPE_FLOW, SCOPE_PATH, SCOPE_EXTRA };

struct sql_writer {
	sqlite3_str		*s;
	struct sql		*out;
	const struct sql_shape	*shape;
	const struct rollup_info *roll;	/* read instead of flow; NULL */
	bool			 joined;	/* path AS p is in FROM */
	size_t			 n_tests;	/* of the filter */
	struct err		*err;
	bool			 failed;	/* err is filled */
};

/* Every statement: begin, write, end.  -1: err is filled, out is empty. */
void	sql_begin(struct sql_writer *w, struct sql *out,
	    const struct sql_shape *shape, struct err *err);
int	sql_end(struct sql_writer *w);

/* What is joined to the flows: path AS p, extra AS x, exporter AS e. */
struct sql_joins {
	bool	path;
	bool	extra;
	bool	exporter;
};

struct sql_joins sql_joins(const struct sql_shape *shape, const int *values,
	    size_t n);

/* One of values[]; joined is to be set before. */
void	sql_value(struct sql_writer *w, int value);

/* FROM flow AS f and what is joined WHERE window AND filter. */
void	sql_from(struct sql_writer *w, const struct sql_joins *j,
	    const struct filter *f);

/* Adds a bind; returns its number. */
size_t	sql_bind_int(struct sql_writer *w, int64_t v);
size_t	sql_bind_addr(struct sql_writer *w, const struct addr *a);
size_t	sql_bind_text(struct sql_writer *w, const char *text);
/* data is malloc'd and becomes the statement's. */
size_t	sql_bind_owned(struct sql_writer *w, enum sql_kind kind, void *data,
	    size_t len);

/* Writes the expression of a subject (or column, or packets, scaled). */
void	sql_subject(struct sql_writer *w, int subject, enum scope scope);
/* A counter of the flow, scaled by its sampling rate. */
void	sql_scaled(struct sql_writer *w, enum column c);

/*
 * "x is in the set", x being expr (SQL text).  base: the set's first bind, 0
 * to add them; returns the base to use for another expr of the same set.
 */
size_t	sql_in_set(struct sql_writer *w, const char *expr,
	    const struct set *set, size_t base);

/* Writes the filter as an operand of AND. */
void	sql_filter(struct sql_writer *w, const struct node *n);

#endif
