/*
 * All that one flowdbd ships: the data directory with what is below, and the
 * folders of sources that lie elsewhere.  Each of these has a ledger of its
 * own, and the name of the source behind the collector's.
 */
#ifndef COLLECTOR_SHIP_PLACES_H
#define COLLECTOR_SHIP_PLACES_H

#include <stddef.h>

#include "collector/config.h"
#include "collector/ship.h"
#include "schema/clickhouse.h"
#include "schema/err.h"

struct ship_place {
	char	dir[CONFIG_PATH_MAX];
	char	collector[CLICKHOUSE_NAME_MAX + 1];
};

struct ship_places {
	struct ship_place	*v;	/* the data directory first */
	size_t			 n;
};

/*
 * By the configuration.  -1: the name of a source cannot be a collector's, or
 * is one already; nothing to clear then.
 */
int	ship_places_make(const struct config *c, struct ship_places *out,
	    struct err *err);
void	ship_places_clear(struct ship_places *p);

/* As ship_run, for each of the places; counts are those of all. */
int	ship_places_run(const struct ship_options *o,
	    const struct ship_places *p, const struct ship_mode *mode,
	    const struct ship_calls *calls, struct ship_counts *counts,
	    struct err *err);

#endif
