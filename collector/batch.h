/*
 * Batches: flows on their way from the receiving thread to the writer.
 *
 * A batch is filled in place by the decoder (struct sink), belongs to one
 * slot, and carries what the exporters counted meanwhile.  It may have flows
 * of many folders, which are taken apart when it is stored: so memory does not
 * grow with their number.  It is the only thing that crosses threads; the pool
 * has a fixed number of them, so memory is batches x flows x sizeof(struct
 * flow).  When all are on their way, flows
 * are shed and counted: receiving never waits for the disk.
 */
#ifndef COLLECTOR_BATCH_H
#define COLLECTOR_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exporter_stat.h"
#include "collector/folder.h"
#include "schema/flow.h"

/*
 * So many full ones are 1.3 s at 200 000 flows a second; a commit beside a seal
 * took up to 0.3 s on two cores, and 1 s when others were busy there, too.
 * Those not needed take no memory: see batch_queue_put_back.
 */
#define BATCH_COUNT	16

struct batch {
	struct flow		*flows;
	uint16_t		*folder;	/* number, for each flow */
	size_t			 n;
	size_t			 cap;
	struct exporter_stat	*stats;
	size_t			 n_stats;
	size_t			 cap_stats;
	int64_t			 slot_start_ms;	/* where it is filed */
	int64_t			 slot_end_ms;
	bool			 append;	/* may add to a sealed shard */
	struct batch		*next;		/* in a queue */
};

/* What of a batch goes into one folder. */
struct batch_part {
	uint32_t		 folder;	/* number */
	const struct flow	*flows;
	const uint32_t		*rows;		/* in flows; NULL: 0, 1, 2, ... */
	size_t			 n;
	const struct exporter_stat *stats;
	size_t			 n_stats;
};

/* NULL: out of memory. */
struct batch *batch_new(size_t flows);
void	batch_free(struct batch *b);

/*
 * Most bytes that a batch takes, with what the writer keeps beside it and the
 * reports of that many exporters.
 */
size_t	batch_memory(size_t flows, size_t exporters);

/* Room for one more report; NULL: out of memory. */
struct exporter_stat *batch_stat(struct batch *b);

/*
 * Takes the batch apart; returns how many parts, the batch's lowest folder
 * first.  Sorts its reports.  rows: room for b->n, used by the parts.
 */
size_t	batch_split(struct batch *b, struct batch_part parts[FOLDERS_MAX],
	    uint32_t *rows);

/* Flow i of a part. */
static inline const struct flow *
batch_part_flow(const struct batch_part *p, size_t i)
{
	return &p->flows[p->rows == NULL ? i : p->rows[i]];
}

/*
 * Clears the PATH members of a flow before it is filled, so that the bytes
 * of equal paths are equal (see path_map.h).
 */
void	flow_prepare(struct flow *f);

/* A first-in first-out queue of batches between threads. */
struct batch_queue;

struct batch_queue *batch_queue_new(void);
void	batch_queue_free(struct batch_queue *q);	/* and what is in it */
void	batch_queue_put(struct batch_queue *q, struct batch *b);

/*
 * Puts it in front: what was used last is used again, so that memory never
 * used stays untouched.
 */
void	batch_queue_put_back(struct batch_queue *q, struct batch *b);

/*
 * Takes the first, which is the oldest; NULL when there is none after wait_ms
 * (0: at once, < 0: for ever), or when the queue was woken.
 */
struct batch *batch_queue_take(struct batch_queue *q, int64_t wait_ms);

/* Lets a waiting taker return with NULL; remembered if nobody waits. */
void	batch_queue_wake(struct batch_queue *q);

#endif
