/*
 * The daemon's thread that ships: looks at its folders now and then,
 * sends what was sealed since, and waits longer and longer while the engine is
 * away.  It shares nothing with who collects but the files.
 */
#ifndef COLLECTOR_SHIPPER_H
#define COLLECTOR_SHIPPER_H

#include <stdint.h>

#include "collector/ship_options.h"
#include "collector/ship_places.h"
#include "schema/err.h"

struct shipper;

struct shipper_counts {
	uint64_t	shards;		/* sent since the start */
	uint64_t	flows;
	uint64_t	backlog;	/* sealed, and not there */
	uint64_t	failures;	/* runs that left a backlog */
	int64_t		last_sec;	/* Unix time of the last good run, 0 */
};

/*
 * o is borrowed until shipper_stop; places are owned from now on, also when it
 * fails (NULL).
 */
struct shipper *shipper_start(const struct ship_options *o,
	    struct ship_places *places, struct err *err);
void	shipper_counts(struct shipper *s, struct shipper_counts *out);

/* Breaks off what is under way; NULL is fine. */
void	shipper_stop(struct shipper *s);

#endif
