/*
 * One open shard that takes batches, a transaction each.  No thread, no
 * clock, no policy: writer.h decides which shard, when, and what to do when
 * the disk is full.
 */
#ifndef COLLECTOR_SHARD_WRITER_H
#define COLLECTOR_SHARD_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/batch.h"
#include "schema/err.h"

struct image;
struct shard_writer;

/*
 * Creates the shard at path or opens the live one there (see shard_create).
 * image (of batch_image_new) is borrowed while a part is stored, so shards of
 * one thread share it.  NULL: failed; ERR_VERSION when a sealed or foreign file
 * is in the way.
 */
struct shard_writer *shard_writer_open(const char *path, int64_t start_ms,
	    int64_t end_ms, struct image *image, struct err *err);

/*
 * Stores all flows and reports of the part in one transaction, and the
 * shard's new meta with them: all or nothing.  -1: nothing was stored and the
 * same part can be tried again.
 */
int	shard_writer_store(struct shard_writer *w,
	    const struct batch_part *p, struct err *err);

/* Was the file removed or replaced behind our back? */
int	shard_writer_vanished(const struct shard_writer *w);

/*
 * Most bytes that one takes, without SQLite's, for batches of that many flows
 * and so many exporters that report to it.
 */
size_t	shard_writer_memory(size_t flows, size_t exporters);

const char *shard_writer_path(const struct shard_writer *w);
int64_t	shard_writer_flows(const struct shard_writer *w);

/*
 * Closes the shard.  plain: when no reader holds it, it becomes one file out
 * of WAL mode, which also a user who may not write there can open; it stays
 * so until it is opened again.  Otherwise it is left for the sealer, which
 * goes on in WAL mode.  Frees w (which may be NULL) in any case.
 */
void	shard_writer_close(struct shard_writer *w, bool plain);

#endif
