/*
 * The only place where SQL over flows is written: filter and request in, text
 * and binds out.  Literals of the user are only ever bound.
 *
 * The same text runs on every shard: the shard is attached under a constant
 * alias.  Two dialects of the same SQL: for flowq itself, which registers C
 * functions, and for --sql, which must run in a plain sqlite3 shell (there
 * the binds are written as ".parameter set" lines).
 */
#ifndef QUERY_SQL_H
#define QUERY_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/filter.h"
#include "schema/addr.h"
#include "schema/column.h"
#include "schema/err.h"

enum sql_kind { SQL_INT, SQL_BLOB, SQL_TEXT };

struct sql_bind {
	enum sql_kind	kind;
	int64_t		number;
	size_t		len;		/* SQL_BLOB, SQL_TEXT */
	const void	*data;		/* borrowed from the filter */
	struct addr	addr;		/* SQL_BLOB of an address: data is NULL */
};

/* A statement under construction; binds are ?1, ?2, ... in order. */
struct sql {
	char		*text;		/* owned */
	size_t		 len;
	struct sql_bind	*binds;		/* owned */
	size_t		 n_binds;
	bool		 failed;	/* out of memory */
	void		**owned;	/* bind data that is not the filter's */
	size_t		 n_owned;
};

void	sql_clear(struct sql *s);

/* How the statement reads a shard. */
struct sql_shape {
	const char	*schema;	/* alias: "shard", or "main" for a script */
	int		 rollup;	/* enum rollup to read instead of flow; -1 */
	bool		 scale;		/* counters times sampling */
	bool		 no_index;	/* keep SQLite from using an index */
	bool		 plain;		/* no C functions (--sql) */
	bool		 has_window;
	bool		 within;	/* window: wholly inside, not overlap */
	int64_t		 from_ms;	/* window, inclusive */
	int64_t		 to_ms;
	bool		 rowids;	/* only flow.id in [id_from, id_to] */
	int64_t		 id_from;
	int64_t		 id_to;
	int64_t		 count_base;	/* "count": flows before this shard */
};

struct sqlite3;
struct sqlite3_stmt;

/*
 * Registers the C function that statements over very long lists use
 * (shape->plain: they do without).  Once per connection.
 */
int	sql_register(struct sqlite3 *db, struct err *err);

/* Binds everything; the sql must live until the last step. */
int	sql_bind_all(struct sqlite3_stmt *st, const struct sql *s,
	    struct err *err);

/*
 * The statement with the binds written as SQL literals (x'0a000001', 53,
 * 'text'), safe to paste into sqlite3.  malloc'd; NULL: out of memory.
 */
char	*sql_plain(const struct sql *s);

/*
 * The filter alone, as an expression over "flow AS f" (or the roll-up); "1"
 * when it matches everything.
 */
int	sql_where(struct sql *out, const struct filter *f,
	    const struct sql_shape *shape, struct err *err);

/*
 * SELECT count(*) of the flows that pass this part of the filter, most at
 * the most: a look at an index before it is used.
 */
struct node;
int	sql_probe(struct sql *out, const struct node *n,
	    const struct sql_shape *shape, int64_t most, struct err *err);

/*
 * A value that a statement reads from each row.  column < COLUMN_COUNT: that
 * column; packets and bytes are scaled when shape->scale.  The others are
 * particular.
 */
enum {
	SQL_VALUE_PATH = COLUMN_COUNT,	/* flow.path */
	SQL_VALUE_ID,			/* flow.id */
	SQL_VALUE_RAW_PACKETS,		/* never scaled */
	SQL_VALUE_RAW_BYTES,
	SQL_VALUE_FLOWS,		/* 1, or the roll-up's flows */
	SQL_VALUE_EXPORTER_ADDR,	/* of the flow's row in exporter */
	SQL_VALUE_EXPORTER_VERSION,
	SQL_VALUE_EXPORTER_DOMAIN,
	SQL_VALUE_EXPORTER_NAME,
	SQL_VALUE_END
};

/*
 * SELECT func(v1, ..., vn) FROM the shard's flows WHERE window AND filter:
 * one row, the aggregate function func is called for each flow.  Columns of
 * home PATH and EXTRA are fetched by join only when asked for.
 */
int	sql_scan(struct sql *out, const char *func, const int *values,
	    size_t n_values, const struct filter *f,
	    const struct sql_shape *shape, struct err *err);

/*
 * SELECT v1, ..., vn FROM the shard's flows WHERE window AND filter ORDER BY
 * order LIMIT limit.  order: SQL_ORDER of flows, 0 for storage order; limit
 * < 0: none.
 */
enum sql_order {
	SQL_ORDER_NONE, SQL_ORDER_TSTART, SQL_ORDER_TEND, SQL_ORDER_DURATION,
	SQL_ORDER_PACKETS, SQL_ORDER_BYTES, SQL_ORDER_PPS, SQL_ORDER_BPS,
	SQL_ORDER_BPP, SQL_ORDER_FLOWS
};

int	sql_list(struct sql *out, const int *values, size_t n_values,
	    const struct filter *f, const struct sql_shape *shape,
	    enum sql_order order, bool ascending, int64_t limit,
	    struct err *err);

#endif
