/*
 * Sealing: a shard whose slot is over gets its roll-ups and indexes, becomes
 * one plain file, and is never written again.  Every step can be repeated, so
 * one that was interrupted is simply done again at the next start.
 */
#ifndef COLLECTOR_SEAL_H
#define COLLECTOR_SEAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

struct seal_options {
	bool	indexes;	/* by source and by destination address */
	size_t	memory;		/* most bytes for building roll-ups */
};

/*
 * Seals the shard at path; one that is sealed already is fine.  ERR_BUSY: a
 * reader holds it, try again later.  ERR_STOPPED: *stop became true.
 */
int	seal_shard(const char *path, const struct seal_options *o,
	    const atomic_bool *stop, struct err *err);

/* Does the file look sealed (nobody may write it)? */
bool	seal_is_done(const char *path);

/*
 * Copies a sealed shard to copy and opens it up again there: for adding
 * flows.  seal_shard(copy) and rename make it take the old one's place.
 */
int	seal_reopen_copy(const char *path, const char *copy, struct err *err);

#endif
