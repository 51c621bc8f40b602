/*
 * Templates over a restart: templates.sqlite in the data directory.  Routers
 * send templates only every few minutes; without this the first minutes after
 * a restart could not be decoded.
 *
 * The receiving thread takes a snapshot, which costs microseconds; another
 * thread writes it (template_saver.h), since a commit may take long.
 */
#ifndef COLLECTOR_TEMPLATE_STORE_H
#define COLLECTOR_TEMPLATE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "collector/packet.h"
#include "schema/err.h"

#define TEMPLATE_STORE_NAME	"templates.sqlite"

/* A copy of all templates of a decoder, plain data. */
struct template_snapshot;

/* NULL: out of memory. */
struct template_snapshot *template_snapshot_take(const struct decoder *d);
void	template_snapshot_free(struct template_snapshot *s);
size_t	template_snapshot_count(const struct template_snapshot *s);
/* Most bytes of one, when the decoder's templates have that many. */
uint64_t template_snapshot_memory(uint64_t templates);

/*
 * Replaces what is stored in dir by the snapshot, in one transaction.  A store
 * that is damaged, somebody else's or a newer program's is renamed to
 * templates.sqlite.bad-N before; then err says so, and its code is not
 * ERR_NONE although 0 is returned.
 */
int	template_store_write(const char *dir, const struct template_snapshot *s,
	    struct err *err);

/*
 * Gives the stored templates heard at or after oldest_ms to the decoder.
 * loaded, refused: how many.  A store that is absent is empty.  One that is
 * damaged or not ours is moved aside as above.  -1: it cannot be read, but
 * that may pass, or it cannot be moved aside.
 */
int	template_store_load(const char *dir, struct decoder *d,
	    int64_t oldest_ms, size_t *loaded, size_t *refused,
	    struct err *err);

#endif
