/*
 * What geo.c and geo_walk.c share: open databases.  Not for others.
 */
#ifndef QUERY_GEO_FILE_H
#define QUERY_GEO_FILE_H

#include <maxminddb.h>

#include "query/geo.h"

#define GEO_FILES_MAX	2	/* one for each of what is known */
#define GEO_NAME_MAX	255	/* bytes of a name, as NAMES_MAX_NAME */

/* A value and where the database has its record; name is made when asked. */
struct geo_named {
	uint32_t	 value;
	uint32_t	 offset;
	char		*name;
};

struct geo {
	MMDB_s			 db[GEO_FILES_MAX];
	size_t			 n;
	const MMDB_s		*of[GEO_KINDS];	/* of db; NULL: none */
	struct geo_named	*named[GEO_KINDS];	/* by value; owned */
	size_t			 n_named[GEO_KINDS];
	bool			 walked[GEO_KINDS];	/* named is complete */
};

/* The value in a record, 0: it has none. */
uint32_t geo_value(const MMDB_s *db, enum geo_what what, uint32_t offset);

/*
 * Calls visit for each network of a family, rising, whether the database has
 * a record of it or not.  visit ends the walk with a number other than 0,
 * which is returned; -1: the tree is damaged.
 */
struct geo_leaf {
	struct addr	lo;
	struct addr	hi;
	bool		has_record;
	uint32_t	offset;
};

int	geo_walk(const MMDB_s *db, int len,
	    int (*visit)(void *arg, const struct geo_leaf *leaf), void *arg,
	    struct err *err);

/* Fills named: the first record of each value. */
void	geo_collect(struct geo *g, enum geo_what what);

#endif
