/*
 * One value of a row on its way from a shard to a key or a struct flow.
 */
#ifndef QUERY_DATUM_H
#define QUERY_DATUM_H

#include <sqlite3.h>
#include <stdint.h>

#include "schema/flow.h"

enum datum_kind { DATUM_NULL, DATUM_NUMBER, DATUM_ADDR };

struct datum {
	enum datum_kind	 kind;
	uint8_t		 len;		/* DATUM_ADDR: 4 or 16 */
	int64_t		 number;
	const uint8_t	*addr;		/* borrowed; network order */
};

/*
 * The value of a column, valid until the next step.  What is neither a number
 * nor of an address's length is as if it were not there.
 */
void	datum_read(struct datum *d, sqlite3_stmt *st, int col);

/*
 * Puts the datum into the flow's column; one of another kind than the column's
 * (a shard may come from anywhere) is left unset.
 */
void	datum_to_flow(const struct datum *d, struct flow *f, enum column c);

/* Bytes that a number of this column needs. */
unsigned datum_width(enum column c);

#endif
