/*
 * The flows in ClickHouse: databases and tables, generated from columns.def.
 * Only SQL that runs on 18.16 and on today's releases.
 *
 * Who reads asks the tables without an ending; on each node their rows are in
 * the table of that name with _local.  With a cluster they are Distributed
 * over it, else of engine Merge over the one _local table.
 *
 *	flows		a flow a row: collector, shard, flow_id, ts, exporter_*,
 *			mapped, then every column of columns.def
 *	roll_addr, roll_port, roll_as, roll_if
 *			schema/rollup.h: sums of raw counters by side (0
 *			source or input, 1 destination or output, 2 flows whose
 *			both sides are equal), value, proto, sampling
 *	exporters	table exporter of each shard
 *	shards		a row per shard, written last: with it, all the
 *			rest of the shard is there
 *
 * collector names the data directory the shard came from, shard is the start
 * of its slot in Unix seconds; together they are the partition of every table,
 * so that a shard is replaced or dropped as one.
 *
 * Each column of columns.def is Nullable: what was not sent stays NULL, and a
 * comparison with it has three values as in SQLite.  Those that make the
 * sorting key are not: ts (first_ms in seconds, within what DateTime holds; the
 * slot's start where there is none) and exporter_addr (zeros: none).
 *
 * Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d.  An IPv6 address that looks
 * so has its bit set in mapped; it is next to never seen.
 *
 * Where roll-ups have no value they say so in nulls, and the column holds
 * zeros: a sorting key cannot be Nullable.
 */
#ifndef SCHEMA_CLICKHOUSE_H
#define SCHEMA_CLICKHOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/column.h"

#define CLICKHOUSE_VERSION	1	/* view schema_version says it */
#define CLICKHOUSE_DATABASE	"flowdb"
#define CLICKHOUSE_PORT		8123
#define CLICKHOUSE_NAME_MAX	64

enum clickhouse_table {
	CLICKHOUSE_FLOWS,
	CLICKHOUSE_ROLL_ADDR, CLICKHOUSE_ROLL_PORT, CLICKHOUSE_ROLL_AS,
	CLICKHOUSE_ROLL_IF,
	CLICKHOUSE_EXPORTERS, CLICKHOUSE_SHARDS,
	CLICKHOUSE_TABLES
};

/* Bits of nulls of a roll-up. */
#define CLICKHOUSE_NULL_VALUE		1
#define CLICKHOUSE_NULL_PROTO		2
#define CLICKHOUSE_NULL_SAMPLING	4
#define CLICKHOUSE_ROLL_MAPPED		8	/* as mapped of flows */

/* "flows": the name that is asked. */
const char *clickhouse_table(enum clickhouse_table t);

/* The roll-up that a column is a side of, and which; -1: of none. */
int	clickhouse_roll_of(enum column c, unsigned *side);

/* "Nullable(UInt16)" */
const char *clickhouse_type(enum coltype type);

/* Bit of an address column in mapped of flows; 0: not an address. */
unsigned clickhouse_mapped_bit(enum column c);
/* Bit of exporter_addr, address of exporters has bit 1. */
unsigned clickhouse_mapped_exporter(void);

/*
 * Whether the text can be the name of a database or cluster (letters, digits,
 * _), or of a collector (also . - /): then it needs no quoting in SQL.
 */
bool	clickhouse_is_name(const char *text);
bool	clickhouse_is_collector(const char *text);

/*
 * Statement number i (from 0) of those that make database and tables where
 * they are missing; NULL behind the last, and when out of memory.  cluster:
 * NULL for a single node.  malloc'd, without semicolon.
 */
unsigned clickhouse_statements(void);
char	*clickhouse_statement(const char *database, const char *cluster,
	    unsigned i);

/*
 * CREATE TABLE of an empty table like t_local, of any name, whose partitions
 * can take the place of those of t_local.  malloc'd; NULL: out of memory.
 */
char	*clickhouse_stage(const char *database, enum clickhouse_table t,
	    const char *name);

/*
 * INSERT of the roll-up t (into a table of that name) from the flows of one
 * shard in table from.  malloc'd.
 */
char	*clickhouse_roll_fill(const char *database, enum clickhouse_table t,
	    const char *from, const char *into);

#endif
