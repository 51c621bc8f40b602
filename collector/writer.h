/*
 * The writing thread: takes batches from the receiving thread and puts each
 * into the shard of its slot.  It owns the policy of storing: which shard,
 * rotation, and patience.  When the disk is full or the shard locked, the
 * batch is kept and tried again; meanwhile the receiving thread goes on until
 * all batches are taken, and then sheds flows and counts them.
 */
#ifndef COLLECTOR_WRITER_H
#define COLLECTOR_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/batch.h"
#include "collector/sealer.h"
#include "schema/err.h"

struct writer_counts {
	uint64_t	flows;		/* committed */
	uint64_t	lost;		/* could not be stored until the end */
	uint64_t	commits;
	uint64_t	commit_us;	/* sum over all commits */
	uint64_t	commit_us_max;
	uint64_t	retries;	/* failed attempts */
	uint64_t	moved_aside;	/* damaged shards */
	int64_t		last_commit_ms;	/* Unix time; 0: none yet */
	int64_t		shard_flows;	/* of the open shard */
	bool		trouble;	/* the last attempt failed */
	char		path[1024];	/* of the open shard, "" */
};

struct writer;

/*
 * dir: where the shards lie, must live as long.  Finished shards go to the
 * sealer.  batches x flows is the memory it takes.
 */
struct writer *writer_start(const char *dir, struct sealer *sealer,
	    size_t batches, size_t flows, struct err *err);

/*
 * An empty batch to fill.  NULL: all are on their way; with wait it comes
 * when one is free.
 */
struct batch *writer_batch(struct writer *w, bool wait);

/* Hands a filled batch over. */
void	writer_put(struct writer *w, struct batch *b);

/*
 * Ends the slot: what was handed over before is stored, then the open shard
 * is closed and goes to the sealer, if its slot ends at or before now_ms.
 */
void	writer_rotate(struct writer *w, int64_t now_ms);

void	writer_counts(struct writer *w, struct writer_counts *out);

/*
 * Stores all that was handed over, closes the shard and ends the thread.
 * seal: also the shard that is open goes to the sealer (after a capture).
 * *last: the counts at the end.  Returns -1 when flows could not be stored.
 */
int	writer_stop(struct writer *w, bool seal, struct writer_counts *last,
	    struct err *err);

#endif
