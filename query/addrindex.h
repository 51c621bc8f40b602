/*
 * Indexes by address of a sealed shard read from their pages: which flows a
 * test of addresses names.
 */
#ifndef QUERY_ADDRINDEX_H
#define QUERY_ADDRINDEX_H

#include <stddef.h>
#include <stdint.h>

#include "query/open.h"
#include "query/question.h"

/* Ids of flows, ascending; of a file that lies, any numbers. */
struct addrindex_ids {
	int64_t	*id;			/* owned */
	size_t	 n;
	bool	 src;			/* the index that was read */
	bool	 dst;
};

/*
 * The flows among which all that pass the filter are, when the indexes know
 * them and they are few enough to be read one by one.  path is the file of s,
 * which sealed_open opened.  False: read all flows, or ask SQLite.
 */
bool	addrindex_find(const struct question *q, const char *path,
	    const struct open_shard *s, struct addrindex_ids *out);

#endif
