/*
 * The sealed shards of a data directory, with the names that they have in the
 * cluster.
 */
#ifndef COLLECTOR_SHIP_LIST_H
#define COLLECTOR_SHIP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ship_ledger.h"
#include "collector/ship_options.h"
#include "schema/clickhouse.h"
#include "schema/err.h"
#include "schema/shard.h"

struct ship_item {
	const char	*path;
	const char	*below;		/* of it: relative to the directory */
	uint32_t	 shard;		/* its number there */
	struct ship_file file;
	char		 collector[CLICKHOUSE_NAME_MAX + 1];
	bool		 pending;	/* to be sent */
	bool		 failed;	/* cannot be read */
	int		 home;		/* node that has of it; -1: none known */
	int		 node;		/* that it goes to; -1: none now */
};

struct ship_list {
	struct shard_list	 files;
	struct ship_item	*v;	/* by time, then path */
	size_t			 n;
};

/* Told of a shard whose folder can be no name of a collector. */
typedef void ship_list_bad(void *arg, const struct err *why);

/*
 * Those that start at oldest (Unix seconds) or later.  -1: failed, nothing to
 * clear.
 */
int	ship_list_read(const struct ship_options *o, const char *dir,
	    int64_t oldest, ship_list_bad *bad, void *arg,
	    struct ship_list *out, struct err *err);
void	ship_list_clear(struct ship_list *l);

#endif
