/*
 * A node as the files ship_node.c and ship_stage.c share it.  Not for others.
 */
#ifndef COLLECTOR_SHIP_STAGE_H
#define COLLECTOR_SHIP_STAGE_H

#include "collector/ship_node.h"
#include "schema/clickhouse.h"
#include "schema/http.h"

#define SHIP_SQL_MAX	1200
#define SHIP_TEXT_MAX	400

struct there;

struct ship_node {
	const struct ship_options *options;
	const atomic_bool	*stop;
	struct http		*http;
	char			*url;
	struct there		*there;		/* sorted */
	size_t			 n_there;
	char			 mark[20];	/* of our staging tables */
	char			 run[40];	/* of those of this process */
	unsigned		 sent;
};

/* A statement whose answer is of no interest. */
int	ship_node_run(struct ship_node *n, const char *sql, struct err *err);
/* Drops a staging table. */
int	ship_node_drop(struct ship_node *n, const char *name,
	    struct err *err);

#endif
