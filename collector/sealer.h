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

struct sealer_options {
	const char		*dir;		/* data directory */
	struct seal_options	 seal;
	const char		*hook;		/* NULL: none */
	int			 hook_limit_sec;
	struct retain_limits	 retain;
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

/* What the configuration says; its directory and hook are borrowed. */
void	sealer_options_set(struct sealer_options *o, const struct config *c);

/* Copies o; dir must live as long, hook until sealer_configure. */
struct sealer *sealer_start(const struct sealer_options *o, struct err *err);

/*
 * Seals the shard at path soon.  target: the name it takes when it is done
 * (a copy that replaces a sealed shard), or NULL for its own.
 */
int	sealer_add(struct sealer *s, const char *path, const char *target);

/*
 * Hook and limits of a new configuration, from the next shard on; o as in
 * sealer_start.  The old hook's text may go then.
 */
void	sealer_configure(struct sealer *s, const struct sealer_options *o);

void	sealer_counts(struct sealer *s, struct sealer_counts *out);

/*
 * finish: seals all that waits first.  Otherwise the work under way is
 * interrupted, to be done again at the next start.  Returns -1 when a shard
 * could not be sealed (err: the last reason).  *last: the counts at the end.
 */
int	sealer_stop(struct sealer *s, int finish, struct sealer_counts *last,
	    struct err *err);

#endif
