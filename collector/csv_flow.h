/*
 * Rows of CSV as flows: our own flow CSV and those of nfdump, 1.7.1's 48
 * columns, 1.7.5's with chosen columns, and csv-fast.  Columns are known by
 * their names in the header, in any order; so a file with fewer or further
 * ones is read, too.
 *
 * An empty field was not sent.  nfdump writes 0 for what was not sent; that
 * is believed for what nearly every exporter sends (ports, counters, TCP
 * flags, tos, interfaces, AS numbers, masks), and taken as not sent elsewhere.
 * Counters are taken as they are, without a sampling rate: both programs
 * write them multiplied.
 */
#ifndef COLLECTOR_CSV_FLOW_H
#define COLLECTOR_CSV_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/csv_rows.h"
#include "collector/csv_value.h"
#include "schema/err.h"
#include "schema/flow.h"

#define CSV_FLOW_TOLD	300	/* bytes of names of columns left out */

struct csv_flow_row {
	struct flow	flow;		/* exporter is not set */
	struct addr	exporter;	/* len 0: none */
	int64_t		end_ms;		/* of the flow */
	int64_t		received_ms;	/* by the collector; 0: not known */
};

/* A header that was understood.  All zero, but for clock.utc, to begin. */
struct csv_flow {
	struct csv_clock clock;
	uint8_t		 word[CSV_ROWS_FIELDS];	/* of each field */
	size_t		 n;
	uint64_t	 columns;	/* flow_bit() of those that are there */
	uint64_t	 kinds;		/* of the other values that are there */
	/* columns that have no place in a shard, "a, b"; "": none */
	char		 left_out[CSV_FLOW_TOLD];
};

/* Reads the header.  -1: it is none of a list of flows. */
int	csv_flow_header(struct csv_flow *c, const struct csv_field *fields,
	    size_t n, struct err *err);

/* Is this row the header once more?  So it is in files put together. */
bool	csv_flow_is_header(const struct csv_flow *c,
	    const struct csv_field *fields, size_t n);

/* Does the block begin here that nfdump 1.7.1 ends its list with? */
bool	csv_flow_is_summary(const struct csv_flow *c,
	    const struct csv_field *fields, size_t n);

/* One row; -1: err says which column is wrong, and what it should be. */
int	csv_flow_read(struct csv_flow *c, const struct csv_field *fields,
	    size_t n, struct csv_flow_row *row, struct err *err);

#endif
