/*
 * From the configuration to the parts of the collector: what they take of it,
 * at the start and again after each reload.
 */
#ifndef COLLECTOR_APPLY_H
#define COLLECTOR_APPLY_H

#include "collector/config.h"
#include "collector/folder.h"
#include "collector/packet.h"
#include "collector/sealer.h"
#include "schema/err.h"

/*
 * Sampling rates; the first that fits wins: what is said by address, then the
 * sources', of these the longest prefix.
 */
void	apply_sampling(struct decoder *d, const struct config *c);

/* Hook, limits and names; NULL: out of memory. */
struct sealer_options *apply_sealer_options(const struct config *c);

/* Makes the sources' folders known, makes what is missing, and locks them. */
int	apply_folders(struct folders *folders, const struct config *c,
	    struct err *err);

/* Logs each key that differs and that needs a new process. */
void	apply_tell_restart(const struct config *o, const struct config *n);

#endif
