/*
 * The live shards: one for each folder that got flows in this slot, of which a
 * bounded number is open, so that many folders cost neither descriptors nor
 * memory without end.  Here is decided which file a part of a batch goes into,
 * and what becomes of a file that cannot be gone on with; when to store, and
 * patience, are writer.h's.
 *
 * Live traffic only moves forward.  A capture may touch many slots in any
 * order, and each of them again, so what it touched is sealed at the end.
 */
#ifndef COLLECTOR_LIVE_H
#define COLLECTOR_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/batch.h"
#include "collector/folder.h"
#include "collector/sealer.h"
#include "schema/err.h"

#define LIVE_OPEN_MAX	128	/* three descriptors each */

struct shard_writer;
struct live;

/* folders and sealer must live as long.  NULL: failed. */
struct live *live_new(const struct folders *folders, struct sealer *sealer,
	    struct err *err);

/*
 * Closes all.  seal: also shards of slots that are not over go to the sealer
 * (after a capture).  l may be NULL.
 */
void	live_free(struct live *l, bool seal);

/*
 * The open shard that flows of the batch for this folder go into.  What is in
 * the way of a live one is moved aside and told.  NULL: err says why; it may
 * be tried again.
 */
struct shard_writer *live_shard(struct live *l, uint32_t folder,
	    const struct batch *b, struct err *err);

/* Is there a shard for that already?  Reports alone make none. */
bool	live_exists(const struct live *l, uint32_t folder,
	    const struct batch *b);

/* Storing failed: the shard is closed if err says that this may help. */
void	live_failed(struct live *l, uint32_t folder, const struct err *why);

/* Slots that ended at or before now_ms: their shards go to the sealer. */
void	live_rotate(struct live *l, int64_t now_ms);

/*
 * A shard of an earlier run whose slot is not over: it goes to the sealer
 * then, also when nothing more comes for it.  -1: out of memory.
 */
int	live_adopt(struct live *l, const char *path, int64_t end_ms);

struct live_counts {
	uint64_t	open;		/* shards */
	uint64_t	flows;		/* in these */
	uint64_t	bytes;		/* of their files */
	uint64_t	log_bytes;	/* of their write-ahead logs */
	uint64_t	longest_log;	/* bytes, of the shard at path */
	char		path[1024];	/* "": none is open */
	uint64_t	moved_aside;	/* files, since the start */
};

void	live_counts(const struct live *l, struct live_counts *out);

#endif
