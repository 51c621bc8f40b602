/*
 * The thread that seals shards, runs the hook and expires old ones: what may
 * take long and must not hold up the writer.
 */
#ifndef COLLECTOR_SEALER_H
#define COLLECTOR_SEALER_H

#include <stddef.h>
#include <stdint.h>

#include "collector/retain.h"
#include "collector/seal.h"
#include "schema/err.h"

#define SEALER_MEMORY	(512U << 20)	/* most, for roll-ups or indexes */

/* From calloc; the sealer's once it is handed over. */
struct sealer_options {
	struct retain_plan	 plan;		/* folders, names, limits */
	struct seal_options	 seal;
	char			*hook;		/* NULL: none */
	int			 hook_limit_sec;
};

struct sealer_counts {
	uint64_t	sealed;
	uint64_t	failed;		/* given up until the next start */
	uint64_t	hook_failed;
	uint64_t	expired;	/* shards removed */
	uint64_t	waiting;	/* shards still to be sealed */
};

struct config;
struct sealer;

/* NULL: o stays the caller's. */
struct sealer *sealer_start(struct sealer_options *o, struct err *err);

/*
 * Seals the shard at path soon; one that is sealed already by then is left
 * alone.  target: the name it takes when it is done (a copy that replaces a
 * sealed shard), or NULL for its own.  -1: out of memory; it counts as failed.
 */
int	sealer_add(struct sealer *s, const char *path, const char *target);

/* Hook and limits of a new configuration, from the next shard on. */
void	sealer_configure(struct sealer *s, struct sealer_options *o);

/* Frees what was not handed over; o may be NULL. */
void	sealer_options_free(struct sealer_options *o);

void	sealer_counts(struct sealer *s, struct sealer_counts *out);

/*
 * finish: seals all that waits first.  Otherwise the work under way is
 * interrupted, to be done again at the next start.  Returns -1 when a shard
 * could not be sealed (err: the last reason).  *last: the counts at the end.
 */
int	sealer_stop(struct sealer *s, int finish, struct sealer_counts *last,
	    struct err *err);

#endif
