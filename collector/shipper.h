/*
 * The daemon's thread that ships: looks at the data directory now and then,
 * sends what was sealed since, and waits longer and longer while the engine is
 * away.  It shares nothing with who collects but the files.
 */
#ifndef COLLECTOR_SHIPPER_H
#define COLLECTOR_SHIPPER_H

#include <stdint.h>

#include "collector/ship_options.h"
#include "schema/err.h"

struct shipper;

struct shipper_counts {
	uint64_t	shards;		/* sent since the start */
	uint64_t	flows;
	uint64_t	backlog;	/* sealed, and not there */
	uint64_t	failures;	/* runs that left a backlog */
	int64_t		last_sec;	/* Unix time of the last good run, 0 */
};

/* o and dir are borrowed until shipper_stop.  NULL: failed. */
struct shipper *shipper_start(const struct ship_options *o, const char *dir,
	    struct err *err);
void	shipper_counts(struct shipper *s, struct shipper_counts *out);

/* Breaks off what is under way; NULL is fine. */
void	shipper_stop(struct shipper *s);

#endif
