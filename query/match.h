/*
 * Does a filter match a flow?  The plain meaning of the language, evaluated
 * over a struct flow without a database: for sums (-P), for what is asked of
 * a path, and the truth that tests hold the SQL against.
 */
#ifndef QUERY_MATCH_H
#define QUERY_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "query/filter.h"
#include "schema/addr.h"
#include "schema/flow.h"

/* A row of table exporter; NULL name: it has none. */
struct match_exporter {
	struct addr	 address;
	int		 version;
	const char	*name;
};

struct match_env {
	bool	scale;		/* counters times sampling */
	int64_t	count;		/* running number of the flow */
	/* The exporter of that id, or NULL. */
	const struct match_exporter *(*exporter)(void *arg, uint32_t id);
	void	*arg;
};

struct node;

/* The same for a part of a filter. */
bool	match_node(const struct node *n, const struct flow *flow,
	    const struct match_env *env);

bool	filter_match(const struct filter *f, const struct flow *flow,
	    const struct match_env *env);

#endif
