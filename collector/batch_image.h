/*
 * A part of a batch as the tables flow and extra of a database in memory, so
 * that SQLite takes its rows over as they are (schema/image.h).  A virtual
 * table over the batch takes 1.6 times the instructions, a statement per row,
 * bound and stepped, more than twice as many again (measured).
 */
#ifndef COLLECTOR_BATCH_IMAGE_H
#define COLLECTOR_BATCH_IMAGE_H

#include <stdint.h>

#include "collector/batch.h"
#include "schema/err.h"
#include "schema/image.h"

/* An image with tables flow and extra.  NULL: failed. */
struct image *batch_image_new(struct err *err);

/* Most bytes that it takes with so many flows. */
size_t	batch_image_memory(size_t flows);

/*
 * Fills it with the flows of the part; extra has rows only for flows with one
 * of its columns.  paths: path.id of each flow; first_id: flow.id of the first
 * one.
 */
int	batch_image_fill(struct image *im, const struct batch_part *p,
	    const int64_t *paths, int64_t first_id, struct err *err);

#endif
