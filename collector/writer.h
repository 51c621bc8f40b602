/*
 * The writing thread: takes batches from the receiving thread and puts each
 * into the shards of its slot, one for each folder that it has flows of
 * (live.h).  It owns the policy of storing: when, and patience.  When the disk
 * is full or a shard locked, what could not be stored is kept and tried again;
 * meanwhile the receiving thread goes on until all batches are taken, and then
 * sheds flows and counts them.
 */
#ifndef COLLECTOR_WRITER_H
#define COLLECTOR_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/batch.h"
#include "collector/live.h"
#include "schema/err.h"

struct writer_counts {
	uint64_t	flows;		/* committed */
	uint64_t	lost;		/* could not be stored until the end */
	uint64_t	commits;
	uint64_t	commit_us;	/* sum over all commits */
	uint64_t	commit_us_max;
	uint64_t	retries;	/* failed attempts */
	int64_t		last_commit_ms;	/* Unix time; 0: none yet */
	uint64_t	waiting;	/* flows handed over, not stored yet */
	bool		trouble;	/* the last attempt failed */
	struct live_counts live;
};

struct writer;

/*
 * live becomes the writer's; when NULL is returned it stays the caller's.
 * batches x flows is the memory it takes.
 */
struct writer *writer_start(struct live *live, size_t batches, size_t flows,
	    struct err *err);

/*
 * An empty batch to fill.  NULL: all are on their way, also after wait_ms (0:
 * at once, < 0: for ever).
 */
struct batch *writer_batch(struct writer *w, int64_t wait_ms);

/* Hands a filled batch over. */
void	writer_put(struct writer *w, struct batch *b);

/*
 * Ends the slot: what was handed over before is stored, then shards of slots
 * that end at or before now_ms are closed and go to the sealer.
 */
void	writer_rotate(struct writer *w, int64_t now_ms);

void	writer_counts(struct writer *w, struct writer_counts *out);

/*
 * Stores all that was handed over, closes the shards and ends the thread.
 * seal: also those that are open go to the sealer (after a capture).
 * *last: the counts at the end.  Returns -1 when flows could not be stored.
 */
int	writer_stop(struct writer *w, bool seal, struct writer_counts *last,
	    struct err *err);

#endif
