/*
 * Rows of a page, value by value, of any type: for the small tables of a
 * sealed shard (its schema, meta, path).  btree.h is for the large ones.
 */
#ifndef QUERY_RECORD_H
#define QUERY_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "query/btree.h"
#include "schema/err.h"

#define RECORD_VALUES	32	/* of a row; more are not looked at */

enum record_kind {
	RECORD_NULL, RECORD_NUMBER, RECORD_BLOB, RECORD_TEXT, RECORD_REAL
};

struct record_value {
	enum record_kind	 kind;
	int64_t			 number;
	size_t			 len;	/* of a blob or text */
	const uint8_t		*data;	/* valid during the visit */
};

/*
 * Told of each row; id: its rowid, 0 where it has none.  What the row lacks is
 * NULL.  Other than 0: enough.
 */
typedef int record_visit(void *arg, int64_t id,
	    const struct record_value v[RECORD_VALUES]);

/*
 * The rows of a leaf page, of a table or of an index (as a table WITHOUT ROWID
 * is stored).  Returns what visit gave last, or -1: no such page, damaged, or
 * a row that goes on elsewhere.
 */
int	record_each(const struct btree *t, uint32_t page, record_visit *visit,
	    void *arg, struct err *err);

#endif
