/*
 * Roll-ups: in a sealed shard, table roll_<column> holds for each value of
 * one column, protocol and sampling rate the sums of its flows.  Sums are of
 * raw counters; sampling (NULL: none) is part of the key so that scaled sums
 * stay exact.  A statistic or filter on that column, proto and nothing else
 * can be answered from it, with the same digits as a scan.
 *
 * CREATE TABLE roll_dst_addr(dst_addr, proto, sampling, flows, packets,
 *	bytes, first_ms, last_ms)
 *
 * For the columns that come in pairs a third table roll_same_<pair> (addr,
 * port, as, if) holds the flows whose both sides are equal: "ip" counts such
 * a flow once, so its answer is src + dst - same.
 */
#ifndef SCHEMA_ROLLUP_H
#define SCHEMA_ROLLUP_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "schema/column.h"
#include "schema/err.h"

enum rollup {
	ROLLUP_src_addr, ROLLUP_dst_addr, ROLLUP_same_addr,
	ROLLUP_src_port, ROLLUP_dst_port, ROLLUP_same_port,
	ROLLUP_src_as, ROLLUP_dst_as, ROLLUP_same_as,
	ROLLUP_in_if, ROLLUP_out_if, ROLLUP_same_if,
	ROLLUP_COUNT
};

struct rollup_info {
	const char	*table;		/* "roll_dst_addr" */
	enum column	 column;	/* its key; for same: the src or in side */
	int		 other;		/* same: the column it must equal; -1 */
};

const struct rollup_info *rollup_info(enum rollup r);

/* The roll-up keyed by this column (not the same_ ones), or -1. */
int	rollup_find(enum column c);

/*
 * Builds all roll-ups of the open shard in one pass over its flows, which must
 * not change meanwhile; each is written in a transaction.  A roll-up with more
 * rows than a quarter of the flows (and more than 10000) does not pay and is
 * left out; so the presence of the table decides.  stop (may be NULL) is polled; when it turns true the work
 * ends with ERR_STOPPED.  memory: most bytes for the hash tables; a roll-up
 * that would not fit is left out.
 */
int	rollup_build(sqlite3 *db, size_t memory, const atomic_bool *stop,
	    struct err *err);

#endif
