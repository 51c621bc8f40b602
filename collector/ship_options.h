/*
 * Where shards are shipped to: from section ship of flowdb.conf and from the
 * command line.
 */
#ifndef COLLECTOR_SHIP_OPTIONS_H
#define COLLECTOR_SHIP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define SHIP_NODES_MAX	64

struct ship_options {
	char	*nodes[SHIP_NODES_MAX];	/* URLs; none: no shipping */
	size_t	 n_nodes;
	char	*cluster;		/* NULL: a single node */
	char	*database;
	char	*collector;		/* our name there */
	char	*user;			/* NULL: from the environment */
	char	*password;
	char	*ca_file;		/* NULL: the system's */
	bool	 gzip;
	int64_t	 max_age_sec;		/* there; 0: kept for ever */
};

/* Default names: the database's, this host's.  -1: out of memory. */
int	ship_options_init(struct ship_options *o);
void	ship_options_clear(struct ship_options *o);

/* A URL more; -1 and err when it is none. */
int	ship_options_add(struct ship_options *o, const char *url,
	    struct err *err);
/* "http://a:8123,http://b:8123": all of them, instead of what was there. */
int	ship_options_nodes(struct ship_options *o, const char *list,
	    struct err *err);

bool	ship_options_equal(const struct ship_options *a,
	    const struct ship_options *b);

/* what: "cluster" or "database".  -1 and err when the text is none. */
int	ship_options_check_name(const char *what, const char *text,
	    struct err *err);
int	ship_options_check_collector(const char *text, struct err *err);

/* What must hold of the whole. */
int	ship_options_check(const struct ship_options *o, struct err *err);

#endif
