/* The SQL that makes the tables in ClickHouse: see clickhouse.h. */
#include "schema/clickhouse.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "schema/sqltext.h"

/*
 * A time slice before the exporter: what is asked for a few minutes reads only
 * those, and what is asked for one exporter a part of each.
 */
#define FLOWS_KEY	"toStartOfFiveMinute(ts), exporter_addr, ts"
#define ROLL_KEY	"side, value, proto, sampling, nulls"
#define ROLL_SUMS	"flows, packets, bytes"

/* Columns of every table: its partition. */
static const char part_columns[] =
    "  collector String,\n"
    "  shard UInt32,\n";

static const char flow_columns[] =
    "  flow_id UInt64,\n"
    "  ts DateTime,\n"
    "  exporter_addr FixedString(16),\n"
    "  exporter_version UInt8,\n"
    "  exporter_domain UInt32,\n"
    "  exporter_name String,\n"
    "  mapped UInt8,\n";

static const char roll_columns[] =
    "  proto UInt8,\n"
    "  sampling UInt32,\n"
    "  nulls UInt8,\n"
    "  flows Int64,\n"
    "  packets Int64,\n"
    "  bytes Int64,\n"
    "  first_ms Int64,\n"
    "  last_ms Int64\n";

static const char exporter_columns[] =
    "  id UInt32,\n"
    "  address FixedString(16),\n"
    "  mapped UInt8,\n"
    "  version UInt8,\n"
    "  source_id UInt32,\n"
    "  name Nullable(String),\n"
    "  packets Int64,\n"
    "  flows Int64,\n"
    "  lost Int64,\n"
    "  sampling Nullable(Int64),\n"
    "  first_heard_ms Nullable(Int64),\n"
    "  last_heard_ms Nullable(Int64)\n";

static const char shard_columns[] =
    "  slot_start_ms Int64,\n"
    "  slot_end_ms Int64,\n"
    "  first_ms Nullable(Int64),\n"
    "  last_ms Nullable(Int64),\n"
    "  flows Int64,\n"
    "  packets Int64,\n"
    "  bytes Int64,\n"
    "  max_sampling Int64,\n"
    "  shipped DateTime\n";

static const struct {
	const char	*name;
	const char	*columns;	/* NULL: generated */
	const char	*value;		/* type of a roll-up's value */
	const char	*key;
	enum column	 sides[2];	/* of a roll-up */
} tables[CLICKHOUSE_TABLES] = {
	{ "flows", NULL, NULL, FLOWS_KEY, { 0, 0 } },
	{ "roll_addr", roll_columns, "FixedString(16)", ROLL_KEY,
	    { COL_src_addr, COL_dst_addr } },
	{ "roll_port", roll_columns, "UInt16", ROLL_KEY,
	    { COL_src_port, COL_dst_port } },
	{ "roll_as", roll_columns, "UInt32", ROLL_KEY,
	    { COL_src_as, COL_dst_as } },
	{ "roll_if", roll_columns, "UInt32", ROLL_KEY,
	    { COL_in_if, COL_out_if } },
	{ "exporters", exporter_columns, NULL, "id", { 0, 0 } },
	{ "shards", shard_columns, NULL, "slot_start_ms", { 0, 0 } },
};

const char *
clickhouse_table(enum clickhouse_table t)
{
	return tables[t].name;
}

int
clickhouse_roll_of(enum column c, unsigned *side)
{
	for (int t = CLICKHOUSE_ROLL_ADDR; t <= CLICKHOUSE_ROLL_IF; t++) {
		for (*side = 0; *side < 2; (*side)++) {
			if (tables[t].sides[*side] == c)
				return t;
		}
	}
	return -1;
}

const char *
clickhouse_type(enum coltype type)
{
	switch (type) {
	case CT_TIME:
	case CT_SPAN:
	case CT_COUNT:		/* signed, as SQLite calculates */
		return "Nullable(Int64)";
	case CT_MAC:
		return "Nullable(UInt64)";
	case CT_PROTO:
	case CT_FLAGS:
	case CT_U8:
		return "Nullable(UInt8)";
	case CT_U16:
		return "Nullable(UInt16)";
	case CT_U32:
		return "Nullable(UInt32)";
	case CT_ADDR:
		break;
	}
	return "Nullable(FixedString(16))";
}

unsigned
clickhouse_mapped_bit(enum column c)
{
	unsigned bit = 1;

	if (column_info(c)->type != CT_ADDR)
		return 0;
	for (unsigned i = 0; i < (unsigned)c; i++) {
		if (column_info((enum column)i)->type == CT_ADDR)
			bit <<= 1;
	}
	return bit;
}

unsigned
clickhouse_mapped_exporter(void)
{
	return 0x80;
}

static bool
is_made_of(const char *text, const char *also)
{
	size_t len = strlen(text);

	return len > 0 && len <= CLICKHOUSE_NAME_MAX && strspn(text, also) ==
	    len;
}

#define LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

bool
clickhouse_is_name(const char *text)
{
	return is_made_of(text, LETTERS DIGITS "_") &&
	    strchr(DIGITS, text[0]) == NULL;
}

bool
clickhouse_is_collector(const char *text)
{
	return is_made_of(text, LETTERS DIGITS "_.-/");
}

static void
put_columns(sqlite3_str *s, enum clickhouse_table t)
{
	sqlite3_str_appendall(s, part_columns);
	if (tables[t].value != NULL)
		sqlite3_str_appendf(s, "  side UInt8,\n  value %s,\n",
		    tables[t].value);
	if (tables[t].columns != NULL) {
		sqlite3_str_appendall(s, tables[t].columns);
		return;
	}
	sqlite3_str_appendall(s, flow_columns);
	for (unsigned c = 0; c < COLUMN_COUNT; c++) {
		const struct column_info *ci = column_info((enum column)c);

		sqlite3_str_appendf(s, "  %s %s%s\n", ci->name,
		    clickhouse_type(ci->type),
		    c + 1 < COLUMN_COUNT ? "," : "");
	}
}

static char *
create_table(const char *database, enum clickhouse_table t, const char *name,
    bool if_missing)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	sqlite3_str_appendf(s, "CREATE TABLE %s%s.%s (\n",
	    if_missing ? "IF NOT EXISTS " : "", database, name);
	put_columns(s, t);
	if (tables[t].value != NULL)
		sqlite3_str_appendall(s, ") ENGINE = SummingMergeTree(("
		    ROLL_SUMS "))\n");
	else
		sqlite3_str_appendall(s, ") ENGINE = MergeTree\n");
	sqlite3_str_appendf(s, "PARTITION BY (collector, shard) ORDER BY (%s)",
	    tables[t].key);
	return sqltext_finish(s);
}

char *
clickhouse_stage(const char *database, enum clickhouse_table t,
    const char *name)
{
	return create_table(database, t, name, false);
}

/* What is asked: over the cluster, or over the one node. */
static char *
create_front(const char *database, const char *cluster,
    enum clickhouse_table t)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	const char *name = tables[t].name;

	sqlite3_str_appendf(s, "CREATE TABLE IF NOT EXISTS %s.%s AS "
	    "%s.%s_local\nENGINE = ", database, name, database, name);
	if (cluster != NULL)
		sqlite3_str_appendf(s, "Distributed(%s, %s, %s_local, "
		    "rand())", cluster, database, name);
	else
		sqlite3_str_appendf(s, "Merge(%s, '^%s_local$')", database,
		    name);
	return sqltext_finish(s);
}

unsigned
clickhouse_statements(void)
{
	return 2 + 2 * CLICKHOUSE_TABLES;
}

char *
clickhouse_statement(const char *database, const char *cluster, unsigned i)
{
	sqlite3_str *s;
	char name[CLICKHOUSE_NAME_MAX];
	unsigned t = (i - 2) / 2;

	if (i >= clickhouse_statements())
		return NULL;
	if (i >= 2 && i % 2 == 1)
		return create_front(database, cluster,
		    (enum clickhouse_table)t);
	if (i >= 2) {
		(void)sqlite3_snprintf(sizeof(name), name, "%s_local",
		    tables[t].name);
		return create_table(database, (enum clickhouse_table)t, name,
		    true);
	}
	s = sqlite3_str_new(NULL);
	if (i == 0)
		sqlite3_str_appendf(s, "CREATE DATABASE IF NOT EXISTS %s",
		    database);
	else
		/* a view: made as one, and nobody can insert a second row */
		sqlite3_str_appendf(s, "CREATE VIEW IF NOT EXISTS "
		    "%s.schema_version AS\nSELECT toUInt32(%d) AS version",
		    database, CLICKHOUSE_VERSION);
	return sqltext_finish(s);
}

/* One side of a roll-up; which: the column, or its src one for side 2. */
static void
put_side(sqlite3_str *s, const char *database, enum clickhouse_table t,
    unsigned side, const char *from)
{
	const char *src = column_info(tables[t].sides[0])->name;
	const char *dst = column_info(tables[t].sides[1])->name;
	const char *value = side == 1 ? dst : src;
	unsigned bit = clickhouse_mapped_bit(tables[t].sides[side == 1]);

	/* aliases are never names of columns: there they would win */
	sqlite3_str_appendf(s, "SELECT collector, shard, toUInt8(%u) AS k_side, "
	    "assumeNotNull(ifNull(%s, %s)) AS k_value, "
	    "assumeNotNull(ifNull(proto, toUInt8(0))) AS k_proto, "
	    "assumeNotNull(ifNull(sampling, toUInt32(0))) AS k_sampling, "
	    "toUInt8(isNull(%s) * %u + isNull(proto) * %u + isNull(sampling) "
	    "* %u", side, value, t == CLICKHOUSE_ROLL_ADDR ?
	    "toFixedString('', 16)" : t == CLICKHOUSE_ROLL_PORT ?
	    "toUInt16(0)" : "toUInt32(0)", value, CLICKHOUSE_NULL_VALUE,
	    CLICKHOUSE_NULL_PROTO, CLICKHOUSE_NULL_SAMPLING);
	if (bit != 0)
		sqlite3_str_appendf(s, " + (bitAnd(mapped, %u) != 0) * %u",
		    bit, CLICKHOUSE_ROLL_MAPPED);
	sqlite3_str_appendf(s, ") AS k_nulls, toInt64(count()), "
	    "sum(ifNull(packets, 0)), sum(ifNull(bytes, 0)), "
	    "min(ifNull(first_ms, 0)), "
	    "max(ifNull(first_ms, 0) + ifNull(duration_ms, 0))\n"
	    "FROM %s.%s", database, from);
	if (side == 2) {
		sqlite3_str_appendf(s, " WHERE %s = %s", src, dst);
		if (bit != 0)
			sqlite3_str_appendf(s, " AND (bitAnd(mapped, %u) != 0)"
			    " = (bitAnd(mapped, %u) != 0)", bit,
			    clickhouse_mapped_bit(tables[t].sides[1]));
	}
	sqlite3_str_appendall(s, "\nGROUP BY collector, shard, k_side, "
	    "k_value, k_proto, k_sampling, k_nulls");
}

char *
clickhouse_roll_fill(const char *database, enum clickhouse_table t,
    const char *from, const char *into)
{
	sqlite3_str *s = sqlite3_str_new(NULL);

	sqlite3_str_appendf(s, "INSERT INTO %s.%s\n", database, into);
	for (unsigned side = 0; side < 3; side++) {
		if (side > 0)
			sqlite3_str_appendall(s, "\nUNION ALL\n");
		put_side(s, database, t, side, from);
	}
	return sqltext_finish(s);
}
