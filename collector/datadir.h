/*
 * The data directory: made when missing, locked against a second collector,
 * and what an earlier run left there.
 */
#ifndef COLLECTOR_DATADIR_H
#define COLLECTOR_DATADIR_H

#include <stdint.h>

#include "collector/sealer.h"
#include "schema/err.h"

/*
 * Makes dir (0750) when its parent exists, checks that we may write there,
 * and takes its lock.  Returns the lock's descriptor, to be kept open; or -1.
 */
int	datadir_open(const char *dir, struct err *err);

/* Process number of the flowdbd that writes to dir; 0: none, or not known. */
long	datadir_owner(const char *dir);

struct live;

/*
 * Finishes what was interrupted, in sub-folders as well: shards of slots that
 * are over go to the sealer, those of others to live, half-made ones go away.
 * *next_ms: raised to the first slot start that is not sealed yet.
 */
int	datadir_recover(const char *dir, int64_t now_ms, int64_t slot_ms,
	    struct sealer *sealer, struct live *live, int64_t *next_ms,
	    struct err *err);

#endif
