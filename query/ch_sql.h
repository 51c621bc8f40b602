/*
 * The second printer beside sql.h: the same AST and the same questions as SQL
 * of ClickHouse (18.16 and later), over the tables of schema/clickhouse.h.
 *
 * It has no parameters there, so every literal is printed from a number, or
 * from bytes as \xHH; nothing of the user's text is SQL.  An alias is never
 * the name of a column: there it would win over it.
 *
 * All functions return the text (malloc'd), or NULL with err.
 */
#ifndef QUERY_CH_SQL_H
#define QUERY_CH_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/ch_client.h"
#include "query/filter.h"
#include "query/group.h"
#include "query/sql.h"

/* A shard as table shards has it. */
struct ch_shard {
	char		*collector;
	uint32_t	 number;	/* start of its slot, Unix seconds */
	int64_t		 slot_start_ms;
	int64_t		 slot_end_ms;
	int64_t		 flows;
	int64_t		 count_base;	/* flows of those before it */
	int64_t		 first_ms;
	int64_t		 last_ms;
	bool		 has_range;
};

/*
 * A roll-up that stands for the flows: sums by a value of one column, or of
 * both of a pair, and by protocol.
 */
struct ch_roll {
	enum clickhouse_table	 table;
	unsigned		 side;	/* of it: 0 or 1 */
	bool			 both;	/* 0 and 1, equal ones once */
	enum column		 column;	/* whose values they are */
};

#define CH_CUT_MAX	64

/* How a statement reads the tables. */
struct ch_shape {
	const char		*database;
	bool			 scale;	/* times sampling, where there is any */
	bool			 wide;	/* sums of counters may pass 63 bits */
	bool			 has_window;
	bool			 within;
	int64_t			 from_ms;	/* INT64_MIN: open */
	int64_t			 to_ms;		/* INT64_MAX: open */
	bool			 has_shards;	/* only these numbers */
	uint32_t		 shard_from;
	uint32_t		 shard_to;
	const struct ch_shard	*shards;	/* for count_base; by number */
	size_t			 n_shards;
	/* Those not to be read: they are, or were, read here. */
	const struct ch_shard	*except;
	size_t			 n_except;
	int64_t			 first;		/* -c: flows by storage; 0 all */
	/*
	 * Roll-ups may stand for flows, but of shards with these numbers: the
	 * window cuts them.
	 */
	bool			 rolls;
	uint32_t		 cut[CH_CUT_MAX];
	size_t			 n_cut;
};

/*
 * Partial sums: a row for each key of one side of a group.  With a series,
 * what lies in one cell of time is added up; what does not comes as it is.
 */
struct ch_sums {
	int		keys[CH_FIELDS_MAX];	/* enum column, STAT_EXPORTER */
	size_t		n_keys;
	bool		mapped;		/* a column behind the keys says which */
	bool		halves;		/* counters in two columns */
	bool		series;
	bool		flags;
	struct ch_field	fields[CH_FIELDS_MAX];
	size_t		n_fields;
};

struct ch_part {
	const struct group	*group;
	int			 side;	/* < 0: all in one key (series) */
	bool			 nulls;	/* also what the group leaves out */
	int64_t			 most;	/* rows, by ch_can_limit; 0: all */
	/*
	 * Read instead of the flows, all but those cut; NULL: the flows.  cut:
	 * the flows of those that are cut, alone or (roll) with the rest in one
	 * statement.
	 */
	const struct ch_roll	*roll;
	bool			 cut;
};

char	*ch_sql_sums(struct ch_sums *out, const struct ch_part *part,
	    const struct filter *f, const struct ch_shape *shape,
	    struct err *err);

/*
 * Can the server put the sums of the group in the order that they are printed
 * in, ties and all, if one statement has them all?
 */
bool	ch_can_limit(const struct group *g, const struct ch_shape *shape);

/*
 * Flows with these values (SQL_VALUE_...; no PATH, ID or RAW) and mapped
 * behind them, in the order; ties, and SQL_ORDER_NONE, by storage.
 */
char	*ch_sql_list(struct ch_field fields[CH_FIELDS_MAX],
	    const int *values, size_t n, const struct filter *f,
	    const struct ch_shape *shape, enum sql_order order,
	    bool ascending, int64_t limit, struct err *err);

/* How many flows pass the filter. */
char	*ch_sql_count(const struct filter *f, const struct ch_shape *shape,
	    struct err *err);

/* Does this row's address column hold an IPv4 address? */
bool	ch_is_ip4(const struct ch_value *v, int column, int64_t mapped);

#endif
