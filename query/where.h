/*
 * Which shards are asked: the texts of -R, -r and -M into a list of files.
 *
 *	-R DIR			all shards below DIR
 *	-R DIR/flows.A:flows.B	from slot A to slot B; neither need exist
 *	-R DIR/flows.A		from slot A on
 *	-r FILE			one shard; a folder: all below it
 *	-M DIR/a:b:c		the folders DIR/a, DIR/b, DIR/c; -R and -r are
 *				then taken within each of them
 */
#ifndef QUERY_WHERE_H
#define QUERY_WHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/err.h"
#include "schema/shard.h"

struct where {
	const char	*range;		/* -R, or NULL */
	const char	*file;		/* -r, or NULL */
	const char	*dirs;		/* -M, or NULL */
	const char	*fallback;	/* the folder when none of them is given */
	bool		 may_be_empty;	/* no shards yet is no error */
};

/*
 * The shards, ordered by slot; free with shard_list_clear.  named: single
 * files were asked for, so that one that vanishes is an error.  A folder or
 * file that is not there, and a folder without any shard, are errors; a range
 * without shards is not.
 */
int	where_list(const struct where *w, struct shard_list *out, bool *named,
	    struct err *err);

/*
 * Leaves out what the name decides: shards whose slot ended more than a day
 * before from_ms.  A flow is dated after its arrival only where the
 * exporter's clock is wrong; more than a day of that is not looked for.
 * Returns how many were left out.
 */
size_t	where_cut(struct shard_list *list, int64_t from_ms);

/* Is it one of those? */
bool	where_is_old(const struct shard_ref *shard, int64_t from_ms);

#endif
