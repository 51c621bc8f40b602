/*
 * The SQL that makes a shard, generated from columns.def.  schema/shard.sql
 * is a golden copy for readers; a test keeps it current.
 */
#ifndef SCHEMA_DDL_H
#define SCHEMA_DDL_H

#include "schema/column.h"

#define SHARD_APPLICATION_ID	0x666c6f77	/* "flow" */
#define SHARD_VERSION		1

/*
 * Pragmas, tables and the view, as one script for an empty database.
 * malloc'd, ours to free; NULL when out of memory.
 */
char	*ddl_shard(void);

/* The table of one home alone. */
char	*ddl_table(enum colhome home);

/*
 * Comma-separated names of the columns of one home in storage order, each
 * behind prefix ("" or "f."), for INSERT and SELECT.  malloc'd.
 */
char	*ddl_columns(enum colhome home, const char *prefix);

#endif
