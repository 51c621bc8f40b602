/*
 * What flows can be grouped by: nfdump's names for -s and -A as data.  A
 * statistic with several sides ("ip": source and destination) counts a flow
 * once under each different value.
 */
#ifndef QUERY_STATS_H
#define QUERY_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "query/geo.h"
#include "schema/column.h"

#define STAT_SIDES	4

/* A key that is no column: the address of the flow's exporter. */
#define STAT_EXPORTER	COLUMN_COUNT

struct stat_info {
	const char	*name;
	const char	*heading;	/* of nfdump's tables */
	uint8_t		 n_sides;
	uint8_t		 side[STAT_SIDES];	/* enum column, STAT_EXPORTER */
	enum geo_what	 place;		/* of the address in that column */
};

/* The statistic of that name (any case), or NULL. */
const struct stat_info *stat_find(const char *name, size_t len);

/* The i-th, NULL after the last: for help, completion and tests. */
const struct stat_info *stat_at(size_t i);

/* Why there is none of that name, which nfdump has; or NULL. */
const char *stat_missing(const char *name, size_t len);

/* The name nearest in spelling, or NULL. */
const char *stat_suggest(const char *name, size_t len);

#endif
