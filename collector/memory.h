/*
 * How much memory the daemon takes at most, from its configuration: a sum of
 * products, each of which is a bound that the code keeps.  Whatever is sent to
 * it, resident memory stays below the sum; `flowdbd -n -v` prints it.
 *
 * What the kernel keeps (socket buffers, page cache) is not in it, nor are the
 * modes that end by themselves (-r, --import, --expire, --check).
 */
#ifndef COLLECTOR_MEMORY_H
#define COLLECTOR_MEMORY_H

#include <stdint.h>
#include <stdio.h>

#include "collector/config.h"

enum memory_part {
	MEMORY_EXPORTERS,
	MEMORY_TEMPLATES,
	MEMORY_HELD,
	MEMORY_SAVED,
	MEMORY_DATAGRAMS,
	MEMORY_BATCHES,
	MEMORY_SHARDS,
	MEMORY_ROWS,
	MEMORY_SEALING,
	MEMORY_SHIPPING,
	MEMORY_REST,
	MEMORY_PARTS
};

/* Bytes of each part; returns their sum. */
uint64_t memory_bound(const struct config *c, uint64_t part[MEMORY_PARTS]);

/* The formula with its numbers, a line a part; the stream keeps its error. */
void	memory_print(const struct config *c, FILE *out);

#endif
