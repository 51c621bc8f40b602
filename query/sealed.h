/*
 * A sealed shard opened by its pages, without SQLite, which spends more time
 * on reading the schema than a question on the sums of an hour.
 *
 * Only where nothing can be misunderstood: no log or journal beside the file,
 * and each table made by the very text that this program makes it with.  All
 * else (older and newer shards, tables altered by hand, triggers) is
 * SQLite's to open, and to refuse.
 */
#ifndef QUERY_SEALED_H
#define QUERY_SEALED_H

#include "query/btree.h"
#include "query/open.h"

struct sealed_forms;

/* The texts of the tables; NULL: out of memory.  Threads may share them. */
struct sealed_forms *sealed_forms_new(void);
void	sealed_forms_free(struct sealed_forms *f);

/*
 * Fills out but for db, which is NULL, and max_id, which is as many flows as
 * meta tells of.  False: it is not for pages, or there is no such file.
 */
bool	sealed_open(const struct sealed_forms *f, const char *path,
	    struct open_shard *out);

/*
 * A table of that shard, path being its file; btree_close.  NULL: it cannot be
 * read, or another file has that name by now.
 */
struct btree *sealed_table(const char *path, const struct open_shard *s,
	    uint32_t root);

#endif
