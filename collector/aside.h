/*
 * A file that is in the way of ours: damaged, or somebody else's.  It may be
 * evidence, or just what the admin wants back, so it is never deleted: it gets
 * the next free name FILE.bad-N, and what belongs to it goes with it.
 */
#ifndef COLLECTOR_ASIDE_H
#define COLLECTOR_ASIDE_H

#include "schema/err.h"

#define ASIDE_MAX	1000	/* names tried */
#define ASIDE_PATH_MAX	(4096 + 16)

/*
 * Renames path, and -wal, -shm and -journal beside it; to: its new name.  -1:
 * it is still there, err says why.
 */
int	aside_move(const char *path, char to[ASIDE_PATH_MAX], struct err *err);

#endif
