/*
 * A sealed shard as rows of the tables of schema/clickhouse.h, in RowBinary
 * and piece by piece: memory does not grow with the shard.
 */
#ifndef COLLECTOR_SHIP_ROWS_H
#define COLLECTOR_SHIP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"
#include "schema/shard.h"

struct ship_rows;

/* Of the rows given out so far; the same as SQL's sum() there. */
struct ship_sums {
	int64_t	flows;
	int64_t	packets;
	int64_t	bytes;
};

/*
 * path: a sealed shard; collector is borrowed.  NULL: failed, ERR_VERSION or
 * ERR_CORRUPT when the file is none that can be read.
 */
struct ship_rows *ship_rows_open(const char *path, const char *collector,
	    struct err *err);
void	ship_rows_close(struct ship_rows *r);

const struct shard_meta *ship_rows_meta(const struct ship_rows *r);

/* The shard's number in the tables: Unix seconds of its slot. */
uint32_t ship_rows_shard(const struct ship_rows *r);

/*
 * Fills up to size bytes with flows; *got 0: there are no more.  -1: the file
 * could not be read.
 */
int	ship_rows_read(struct ship_rows *r, void *buf, size_t size,
	    size_t *got, struct err *err);

/* What ship_rows_read gave so far. */
struct ship_sums ship_rows_sums(const struct ship_rows *r);

/* All rows of table exporters at once; malloc'd.  -1: failed. */
int	ship_rows_exporters(struct ship_rows *r, uint8_t **out, size_t *len,
	    struct err *err);

/* Bytes at most, without those of SQLite's connection. */
size_t	ship_rows_memory(void);

#endif
