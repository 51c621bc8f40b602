/*
 * Shipping: every sealed shard of a data directory that is not yet in the
 * cluster goes to one of its nodes, to all nodes at once.  Which is there, the
 * ledger and the nodes tell; so what was shipped before, by whatever run, is
 * not shipped again, and what a broken run left half is done anew at the same
 * node.
 */
#ifndef COLLECTOR_SHIP_H
#define COLLECTOR_SHIP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/ship_options.h"
#include "schema/err.h"

struct ship_counts {
	uint64_t	shards;		/* sent by this run */
	uint64_t	flows;		/* sent by this run */
	uint64_t	there;		/* were there before */
	uint64_t	waiting;	/* still to be sent */
	uint64_t	failed;		/* of waiting: cannot be read or named */
	uint64_t	expired;	/* dropped there */
};

/*
 * What a run is told and tells; each may be NULL.  Calls come from several
 * threads, one at a time.
 */
struct ship_calls {
	/* a shard is there now; dry: would be sent */
	void	(*sent)(void *arg, const char *path, const char *node,
		    int64_t flows);
	void	(*trouble)(void *arg, const char *text);
	/* part of the bytes of all that is to be sent */
	void	(*progress)(void *arg, double part, uint64_t flows);
	void	*arg;
	const atomic_bool *stop;
};

struct ship_mode {
	bool	dry;		/* only tell */
	bool	trust_ledger;	/* what it has is there: no word to a node
				 * when that is everything */
};

/*
 * One run.  0: all sealed shards are there.  -1: some are not (counts), err
 * says why: the first trouble; ERR_STOPPED: by stop.
 */
int	ship_run(const struct ship_options *o, const char *dir,
	    const struct ship_mode *mode, const struct ship_calls *calls,
	    struct ship_counts *counts, struct err *err);

#endif
