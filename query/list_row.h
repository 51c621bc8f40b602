/*
 * A list under way, for those who read its rows: from shards (list.c), from a
 * server (ch_list.c).  A row is told of at once, or kept until all are there
 * and told of in order.
 */
#ifndef QUERY_LIST_ROW_H
#define QUERY_LIST_ROW_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/datum.h"
#include "query/list.h"
#include "query/sealed.h"
#include "query/side.h"

#define LIST_VALUES_MAX	(COLUMN_COUNT + 8)

/* The values of a row, as lister.values says. */
struct list_cells {
	struct datum	 v[LIST_VALUES_MAX];
	const char	*name;		/* the exporter's; NULL: none */
};

struct lister {
	const struct question	  *q;
	const struct list_options *o;
	struct report		  *report;
	struct tally_sum	  *total;
	int			   values[LIST_VALUES_MAX];
	size_t			   n_values;
	/* path's columns are among the values and counters scaled, by SQL */
	bool			   joined;
	const struct side	  *side;	/* else they are here */
	uint64_t		   path_columns;
	int64_t			   given;	/* rows told of */
	int64_t			   taken;	/* rows counted for -c */
	int64_t			   count_base;
	bool			   enough;
	struct sealed_forms	  *forms;	/* of list_shards */
	sqlite3			  *sorter;
	sqlite3_stmt		  *put;
};

/* To be closed in any case. */
int	list_open(struct lister *l, const struct question *q,
	    const struct list_options *o, bool joined,
	    struct tally_sum *total, struct report *report, struct err *err);
void	list_close(struct lister *l);

/* Does SQL give the rows in the order that is asked for? */
bool	list_sql_orders(const struct lister *l);

/* Most rows worth reading at once from here on; -1: no limit. */
int64_t	list_wanted(const struct lister *l);

/* Nothing more is wanted. */
bool	list_enough(const struct lister *l);

bool	list_stopped(const struct lister *l);

/* Values from columns first and on; valid until the next step. */
void	list_read(const struct lister *l, sqlite3_stmt *st, int first,
	    struct list_cells *cells);
int	list_row(struct lister *l, const struct list_cells *cells,
	    struct err *err);

/* A row that is whole, when there is no order: it is told of at once. */
void	list_give(struct lister *l, const struct row *row);

/* All rows are there: tells of those that were kept. */
int	list_finish(struct lister *l, struct err *err);

/* The rows of an open shard by SQLite; use: how, when that is to be told. */
struct open_shard;
int	list_sql(struct lister *l, struct open_shard *s,
	    struct report_use *use, struct err *err);

/* The rows of shards, in their order; threads read what pages give. */
int	list_shards(struct lister *l, const struct shard_list *list,
	    struct err *err);

#endif
