/*
 * Flows from CSV files into shards (csv_flow.h says which files).
 *
 * A shard holds what arrived in its slot, and a CSV does not tell when that
 * was, but for nfdump's time of reception, which is used where it is there.
 * Else the end of a flow stands in, since exporters send soon after it.
 */
#ifndef COLLECTOR_IMPORT_H
#define COLLECTOR_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/config.h"
#include "schema/err.h"

struct import_counts {
	uint64_t	accepted;	/* rows */
	uint64_t	refused;
};

/*
 * Imports the files that c names, and seals every shard that got flows.
 * Headers are read first: when one is wrong, nothing is written.  A wrong row
 * is logged (the first of each file) and counted, and the next is read.
 * -1: a file could not be read to its end, or storing failed; what was read
 * before is stored, if that is possible.
 */
int	import_csv(const struct config *c, bool progress,
	    struct import_counts *counts, struct err *err);

#endif
