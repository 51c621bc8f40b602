/*
 * A shard opened for reading.  Files may come from anywhere: nothing in them
 * is trusted, what is no plain table of ours is refused.
 */
#ifndef QUERY_OPEN_H
#define QUERY_OPEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "schema/err.h"
#include "schema/rollup.h"
#include "schema/shard.h"

struct sqlite3;

struct open_shard {
	struct sqlite3		*db;		/* schema "main"; NULL: not yet */
	struct shard_meta	 meta;
	int64_t			 max_id;	/* of flows, 0: none */
	bool			 rollup[ROLLUP_COUNT];	/* is there */
	bool			 indexed;	/* by both addresses */
	uint32_t		 flow_root;	/* page where table flow begins */
	/* by sealed_open alone: tables are as this program makes them */
	bool			 by_pages;
	uint32_t		 path_root;
	uint32_t		 exporter_root;
	uint32_t		 extra_root;
	uint32_t		 src_root;	/* of indexes; 0: not there */
	uint32_t		 dst_root;
	uint32_t		 roll_root[ROLLUP_COUNT];	/* 0: not there */
	uint64_t		 device;	/* of the file, before it was */
	uint64_t		 inode;		/* opened */
};

/*
 * Opens path read-only and begins a read transaction: everything asked
 * through it is of one moment.  Work ends with ERR_STOPPED soon after *stop
 * turns true.
 */
int	shard_open(const char *path, const atomic_bool *stop,
	    struct open_shard *out, struct err *err);
void	shard_close(struct open_shard *s);

/* Opens db of what sealed_open (sealed.h) opened; it is the same file. */
int	shard_need_db(struct open_shard *s, const char *path,
	    const atomic_bool *stop, struct err *err);

/* Is there no such file (any more)? */
bool	shard_is_gone(const char *path);

#endif
