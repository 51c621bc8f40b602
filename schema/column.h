/*
 * What is known about each column of columns.def, as data: the enum, the
 * types and the descriptor table.
 */
#ifndef SCHEMA_COLUMN_H
#define SCHEMA_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"

/*
 * A type decides the C type of the member, the SQL type, and how a value is
 * read from and printed as text.  TIME: Unix ms; SPAN: ms; MAC: 48 bits in
 * a number; FLAGS: the TCP flags byte; PROTO: number with a name.
 */
enum coltype {
	CT_TIME, CT_SPAN, CT_ADDR, CT_MAC, CT_PROTO, CT_FLAGS, CT_COUNT,
	CT_U8, CT_U16, CT_U32
};

enum colhome { HOME_FLOW, HOME_PATH, HOME_EXTRA };

enum column {
#define COLUMN(id, type, home, since, doc) COL_##id,
#include "schema/columns.def"
#undef COLUMN
	COLUMN_COUNT
};

_Static_assert(COLUMN_COUNT <= 64, "struct flow.set has a bit per column");

struct column_info {
	const char	*name;
	enum coltype	 type;
	enum colhome	 home;
	int		 since;		/* schema version */
	size_t		 offset;	/* in struct flow */
	const char	*doc;
};

/* The descriptor of a column; valid for ever. */
const struct column_info *column_info(enum column c);

/* The column of that SQL name, or -1. */
int	column_find(const char *name, size_t len);

/* "INTEGER" or "BLOB". */
const char *coltype_sql(enum coltype type);

/* Largest value of a number type; INT64_MAX for TIME, SPAN. */
uint64_t coltype_max(enum coltype type);

#endif
