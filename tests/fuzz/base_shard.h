/*
 * A sealed shard of random flows, for targets that damage it.  Made by the
 * program itself, so inputs for it are patches (fuzz_patch) and may mean
 * something else once the schema changes; an input that is to stay as it is
 * holds the whole file.
 */
#ifndef TESTS_FUZZ_BASE_SHARD_H
#define TESTS_FUZZ_BASE_SHARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * The input as a shard in a file of that name in fuzz_folder: data that
 * begins as an SQLite file is one; else its first byte says what the rest
 * is: 0 .. 127 patches, above SQL that is run on the shard.  Path until the
 * next call.
 */
const char *base_shard(const char *name, const uint8_t *data, size_t size);

#endif
