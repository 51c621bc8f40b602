/*
 * The small tables of a shard in memory while its flows are read: what of
 * table path a question needs, and table exporter.  So a scan reads nothing
 * but table flow, and looks up the rest by number.
 */
#ifndef QUERY_SIDE_H
#define QUERY_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/datum.h"
#include "query/open.h"
#include "query/row.h"
#include "schema/err.h"

struct sqlite3;
struct side;

/*
 * Reads path and exporter of the database attached as schema; columns:
 * flow_bit() of the path columns that will be asked for.  NULL: failed.
 */
struct side *side_load(struct sqlite3 *db, const char *schema,
	    uint64_t columns, struct err *err);
void	side_free(struct side *s);

/*
 * The same of a shard that sealed_open opened, path being its file.  NULL
 * also where it is not for pages: ask SQLite.
 */
struct side *side_load_pages(const char *path, const struct open_shard *s,
	    uint64_t columns);

/* Paths have the numbers 0 to this less 1. */
int64_t	side_paths(const struct side *s);

/* Does any path have a sampling rate above 1? */
bool	side_is_sampled(const struct side *s);

/* Sampling rate of a path, at least 1. */
uint32_t side_rate(const struct side *s, int64_t path);

/* A wanted column of a path; DATUM_NULL when there is no such path. */
const struct datum *side_datum(const struct side *s, int64_t path,
	    enum column c);

/* The exporter of that id, or NULL.  Valid as long as s. */
const struct row_exporter *side_exporter(const struct side *s, int64_t id);

#endif
