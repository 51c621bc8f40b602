/*
 * The indexes on addresses of a sealed shard: flow_src_addr, flow_dst_addr.
 * They are SQLite's as if made by CREATE INDEX, which spends most of its time
 * comparing records; here numbers are sorted by radix, and the records copied
 * in order (image.h).
 */
#ifndef SCHEMA_ADDRINDEX_H
#define SCHEMA_ADDRINDEX_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "schema/err.h"

/*
 * Makes those that are not there.  The flows must not change meanwhile.
 * memory: most bytes, about 60 a flow, more for IPv6; SQLite makes them when
 * that is not enough.  stop (may be NULL) is polled; when it turns true the
 * work ends with ERR_STOPPED.
 */
int	addrindex_build(sqlite3 *db, size_t memory, const atomic_bool *stop,
	    struct err *err);

#endif
