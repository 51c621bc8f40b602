/*
 * Flows on their way into shards, sorted by slot.  They come in any order and
 * lie in a temporary file (where SQLite puts such: TMPDIR, /var/tmp, /tmp),
 * so that each shard is opened once for all of its flows.
 */
#ifndef COLLECTOR_SPOOL_H
#define COLLECTOR_SPOOL_H

#include <stdint.h>

#include "schema/err.h"
#include "schema/flow.h"

struct spool;

struct spool *spool_new(struct err *err);
void	spool_free(struct spool *s);

int	spool_put(struct spool *s, int64_t slot_ms, const struct flow *f,
	    struct err *err);

/* How many flows are in it; each takes about 250 bytes of the disk. */
uint64_t spool_flows(const struct spool *s);

/*
 * Gives back all flows, slot by slot, those of a slot in the order in which
 * they came, and is empty then.  f is valid during the call.  -1: failed, or
 * visit returned -1.
 */
int	spool_drain(struct spool *s, int (*visit)(void *arg, int64_t slot_ms,
	    const struct flow *f, struct err *err), void *arg,
	    struct err *err);

#endif
