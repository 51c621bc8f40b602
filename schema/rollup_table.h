/*
 * The table of one roll-up, from the tally of its sums.
 *
 * A tally's key is the roll-up row's: [length][value][proto, 2][sampling, 4].
 * Numbers are host order inside the process; NULL value has length 255, NULL
 * proto is 0xffff, NULL sampling is 0 (no rate is 0).
 */
#ifndef SCHEMA_ROLLUP_TABLE_H
#define SCHEMA_ROLLUP_TABLE_H

#include <sqlite3.h>

#include "schema/err.h"
#include "schema/rollup.h"
#include "schema/tally.h"

#define ROLLUP_NULL_LEN		255
#define ROLLUP_NULL_PROTO	0xffffU
#define ROLLUP_KEY_TAIL		6	/* proto and sampling */

/*
 * Makes the table, its rows in the order of their keys; one transaction.  What
 * was there of that name goes.
 */
int	rollup_table_write(sqlite3 *db, const struct rollup_info *ri,
	    struct tally *t, struct err *err);

#endif
