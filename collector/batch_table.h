/*
 * A batch as two SQLite virtual tables, so that one statement moves all its
 * flows: INSERT INTO flow SELECT * FROM temp.batch_flow.  Binding and
 * stepping a statement per row costs more than twice as much.
 */
#ifndef COLLECTOR_BATCH_TABLE_H
#define COLLECTOR_BATCH_TABLE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/batch.h"
#include "schema/err.h"

/* What the tables show; the writer puts the part of the moment there. */
struct batch_view {
	struct batch_part	 part;
	const int64_t		*paths;		/* path.id of each flow */
	int64_t			 first_id;	/* flow.id of the first flow */
};

/*
 * Makes temp.batch_flow (id, the FLOW columns, path) and temp.batch_extra (id,
 * the EXTRA columns; only flows that have one) on the connection.  view must
 * live as long as the connection.
 */
int	batch_table_create(sqlite3 *db, const struct batch_view *view,
	    struct err *err);

#endif
