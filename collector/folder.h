/*
 * Folders: where shards lie.  Number 0 is the data directory; the others are
 * those of sources and of unknown senders, below it or elsewhere.
 *
 * A folder never changes and lives until the end, and its number names it in
 * batches and as the group of its exporters: so every thread may look at those
 * whose numbers it was handed.  Adding is the receiving thread's alone.
 */
#ifndef COLLECTOR_FOLDER_H
#define COLLECTOR_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "collector/exporter_stat.h"
#include "schema/err.h"

#define FOLDERS_MAX	EXPORTER_GROUPS

struct folder {
	uint32_t	number;		/* below FOLDERS_MAX */
	size_t		base;		/* length of the data directory's path
					 * in front; 0: elsewhere */
	char		path[];
};

struct folders;

/* With dir as number 0.  NULL: out of memory. */
struct folders *folders_new(const char *dir);
/* Frees all folders and gives their locks back. */
void	folders_free(struct folders *f);

/* The folder of that path, made known when it is not.  NULL: err says why. */
const struct folder *folders_get(struct folders *f, const char *path,
	    struct err *err);

uint32_t folders_count(const struct folders *f);
/* number was handed out by this table. */
const struct folder *folders_at(const struct folders *f, uint32_t number);

/*
 * Makes the folder when it is missing, checks that we may write there, and
 * locks it against a second collector; once is enough.
 */
int	folders_lock(struct folders *f, uint32_t number, struct err *err);

/* Makes what is missing of it below the data directory. */
int	folder_make(const struct folder *folder, struct err *err);

/* A copy of text that lives as long as the folders; NULL: out of memory. */
const char *folders_name(struct folders *f, const char *text);

#endif
