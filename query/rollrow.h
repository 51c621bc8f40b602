/*
 * The rows of a roll-up as btree.h reads them: which columns, and what their
 * sums are.
 */
#ifndef QUERY_ROLLROW_H
#define QUERY_ROLLROW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "query/btree.h"
#include "query/feed.h"
#include "schema/rollup.h"
#include "schema/tally.h"

#define ROLLROW_NONE	(-1)

/* Columns of the table, in the order of rollup.h. */
enum rollrow { ROLLROW_KEY, ROLLROW_PROTO, ROLLROW_SAMPLING, ROLLROW_FLOWS,
	ROLLROW_PACKETS, ROLLROW_BYTES, ROLLROW_FIRST, ROLLROW_LAST,
	ROLLROW_END };

/*
 * What btree_rows_new is to read (want), and where the columns of flows are
 * (place, by enum column; ROLLROW_NONE: not there).
 */
static inline void
rollrow_columns(enum rollup rollup, bool proto, char want[ROLLROW_END],
    int place[COLUMN_COUNT])
{
	const struct rollup_info *ri = rollup_info(rollup);

	for (int c = 0; c < COLUMN_COUNT; c++)
		place[c] = ROLLROW_NONE;
	place[ri->column] = ROLLROW_KEY;
	if (ri->other != -1)
		place[ri->other] = ROLLROW_KEY;
	place[COL_proto] = ROLLROW_PROTO;
	memset(want, 'n', ROLLROW_END);
	if (!proto)
		want[ROLLROW_PROTO] = 0;
	if (column_info(ri->column)->type == CT_ADDR)
		want[ROLLROW_KEY] = 'b';
}

/* The sums of row i; rate: what they are scaled by.  sign -1: to take away. */
static inline struct tally_sum
rollrow_sum(const struct btree_rows *rows, size_t i, bool scale, int sign,
    uint32_t *rate)
{
	int64_t sampling = rows->value[ROLLROW_SAMPLING][i];

	*rate = scale && sampling > 0 && sampling <= UINT32_MAX ?
	    (uint32_t)sampling : 1;
	return (struct tally_sum){
		.flows = sign * feed_times(rows->value[ROLLROW_FLOWS][i], 1),
		.packets = sign *
		    feed_times(rows->value[ROLLROW_PACKETS][i], *rate),
		.bytes = sign *
		    feed_times(rows->value[ROLLROW_BYTES][i], *rate),
		.first_ms = rows->value[ROLLROW_FIRST][i],
		.last_ms = rows->value[ROLLROW_LAST][i] };
}

#endif
