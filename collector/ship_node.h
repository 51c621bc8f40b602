/*
 * One node of the cluster: makes the tables there, knows which shards it has,
 * and takes one.
 *
 * A shard goes into staging tables of a name never used before; row count and
 * sums are compared there; then its partition takes the place of the one of
 * before in each table, the row in table shards last.  So whatever breaks off,
 * and however often it is repeated, a flow is there once.
 */
#ifndef COLLECTOR_SHIP_NODE_H
#define COLLECTOR_SHIP_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ship_options.h"
#include "collector/ship_rows.h"
#include "schema/err.h"

struct ship_node;

enum ship_has {
	SHIP_HAS_NONE,
	SHIP_HAS_PART,		/* broken off before the end */
	SHIP_HAS_ALL
};

/* o, and stop (may be NULL), are borrowed.  NULL: failed. */
struct ship_node *ship_node_new(const struct ship_options *o, const char *url,
	    const atomic_bool *stop, struct err *err);
void	ship_node_free(struct ship_node *n);

/*
 * Connects, makes what is missing unless look_only, checks the version, and
 * learns which shards are there.  ERR_VERSION: tables of another one.
 */
int	ship_node_prepare(struct ship_node *n, bool look_only,
	    struct err *err);

enum ship_has ship_node_has(const struct ship_node *n, const char *collector,
	    uint32_t shard);

/*
 * Sends all of rows, which must be fresh.  *sums: what is there now.  The codes
 * of http_run; ERR_FAIL also when what arrived is not what was sent.
 */
int	ship_node_send(struct ship_node *n, struct ship_rows *rows,
	    const char *collector, struct ship_sums *sums, struct err *err);

/* Drops our shards that start before that Unix second; *dropped: how many. */
int	ship_node_expire(struct ship_node *n, uint32_t before,
	    uint64_t *dropped, struct err *err);

/* Bytes at most, for a node and the shard on its way there. */
size_t	ship_node_memory(void);

#endif
