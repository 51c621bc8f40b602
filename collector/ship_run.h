/*
 * A run of shipping as the files ship.c and ship_send.c share it.  Not for
 * others.
 */
#ifndef COLLECTOR_SHIP_RUN_H
#define COLLECTOR_SHIP_RUN_H

#include <pthread.h>

#include "collector/ship.h"
#include "collector/ship_ledger.h"
#include "collector/ship_list.h"
#include "collector/ship_node.h"

struct ship {
	const struct ship_options *options;
	const struct ship_mode	*mode;
	const struct ship_calls	*calls;
	struct ship_list	 list;
	int64_t			 bytes;		/* of those pending */
	int64_t			 load[SHIP_NODES_MAX];	/* bytes given */
	struct err		 lost[SHIP_NODES_MAX];	/* why, not told yet */

	/*
	 * While several threads are at it, one holds this for all that is
	 * below, and for calls.  nodes[i] and the shards that go there are
	 * those of thread i.
	 */
	pthread_mutex_t		 lock;
	struct ship_counts	*counts;
	struct ship_ledger	*ledger;
	struct ship_node	*nodes[SHIP_NODES_MAX];	/* NULL: away */
	bool			 any_away;
	bool			 broken;	/* no ledger can be kept */
	int64_t			 bytes_done;
	struct err		 first;		/* trouble */
};

bool	ship_stopped(const struct ship *s);

void	ship_lock(struct ship *s);
void	ship_unlock(struct ship *s);

/* By thread i: its node is away from now on. */
void	ship_lost_node(struct ship *s, size_t i, const struct err *why);

/* fn for each node at once; then those lost are told, always in one order. */
void	ship_each_node(struct ship *s, void (*fn)(void *arg, size_t i));

/*
 * With the lock held, or in the only thread.  Trouble does not end the run; the
 * first is its result.
 */
void	ship_trouble(struct ship *s, const struct err *why);
void	ship_tell_sent(struct ship *s, const struct ship_item *it,
	    int64_t flows);
void	ship_tell_progress(struct ship *s);

/* arg: the ship.  All that goes to node i, as long as that is there. */
void	ship_send_part(void *arg, size_t i);

#endif
