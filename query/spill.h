/*
 * Where sums go that memory has no room for: files without a name in TMPDIR,
 * each holding the keys of one part of the hash space.  All partial sums of a
 * key meet in one part, so each part can be added up alone, within bounds,
 * and the answer stays exact.
 */
#ifndef QUERY_SPILL_H
#define QUERY_SPILL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"
#include "schema/tally.h"

struct spill;

/*
 * tail: bytes at the end of a key that must not decide its part (keys that
 * differ only there meet).  *stop (may be NULL): when it turns true the calls
 * below end with ERR_STOPPED.  NULL: out of memory.  No file is made before
 * one is needed.
 */
struct spill *spill_new(size_t tail, const atomic_bool *stop);
void	spill_free(struct spill *s);

/* Has anything been written? */
bool	spill_used(const struct spill *s);

/* Bytes on the disk. */
uint64_t spill_bytes(const struct spill *s);

/*
 * What to do when tally_put (key, len, sum) or tally_flush (key NULL) found no
 * room: writes all entries to files, empties the table, and does it again.
 * Workers may call it at once, each for its own table.
 */
int	spill_full(struct spill *s, struct tally *t, const void *key,
	    size_t len, const struct tally_sum *sum, struct err *err);

/*
 * Moves all of from to t (tally_take_last); when there is no room, t goes to
 * the files.
 */
int	spill_merge(struct spill *s, struct tally *t, struct tally *from,
	    struct err *err);

/* Writes all entries and empties the table. */
int	spill_all(struct spill *s, struct tally *t, struct err *err);

/*
 * Adds up part after part in t (emptied before each; its limit holds) and
 * hands each to visit.  A part that does not fit is split again.
 */
int	spill_each(struct spill *s, struct tally *t,
	    int (*visit)(void *arg, struct tally *part, struct err *err),
	    void *arg, struct err *err);

#endif
