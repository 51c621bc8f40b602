/*
 * What was shipped: ship.sqlite in the data directory.  A shard's row is
 * written before its first byte goes out (so that after a crash it goes to
 * the same node again) and completed when the node has all of it.
 *
 * The ledger is also the lock: one process at a time ships a directory.
 */
#ifndef COLLECTOR_SHIP_LEDGER_H
#define COLLECTOR_SHIP_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/ship_rows.h"
#include "schema/err.h"

#define SHIP_LEDGER_NAME	"ship.sqlite"
#define SHIP_URL_MAX		300

struct ship_ledger;

/* Which file it is: a shard that was replaced is shipped again. */
struct ship_file {
	int64_t	size;
	int64_t	mtime_ns;
};

struct ship_entry {
	char			node[SHIP_URL_MAX];
	bool			done;
	struct ship_file	file;		/* that was sent */
	struct ship_sums	sums;		/* if done */
};

/*
 * Opens, or makes, the ledger of the directory.  read_only: of one that is
 * not there an empty one is shown.  ERR_BUSY: another process is shipping.
 */
struct ship_ledger *ship_ledger_open(const char *dir, bool read_only,
	    struct err *err);
void	ship_ledger_close(struct ship_ledger *l);

/* target: name of the database.  1: it is there, 0: not, -1: failed. */
int	ship_ledger_find(struct ship_ledger *l, const char *target,
	    const char *path, struct ship_entry *out, struct err *err);

/* Before sending; path is relative to the directory. */
int	ship_ledger_begin(struct ship_ledger *l, const char *target,
	    const char *path, const char *node, const char *collector,
	    const struct ship_file *file, struct err *err);
/* The node has it all. */
int	ship_ledger_done(struct ship_ledger *l, const char *target,
	    const char *path, const struct ship_sums *sums, struct err *err);

/* Bytes of the shards that a node was given, or began to be. */
int	ship_ledger_load(struct ship_ledger *l, const char *target,
	    const char *node, int64_t *bytes, struct err *err);

/* Whether anything was ever shipped from here to that database. */
int	ship_ledger_is_empty(struct ship_ledger *l, const char *target,
	    bool *empty, struct err *err);

#endif
