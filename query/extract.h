/*
 * --extract: the flows that a question asks for as one new shard, which
 * flowq, flowdb.so and anything that reads SQLite can open.
 *
 * It is made beside its place under another name and put there when it is
 * whole and on disk: sealed, with roll-ups and indexes, mode 0440.  Whatever
 * goes wrong, there is either the whole file or the one that was there before.
 */
#ifndef QUERY_EXTRACT_H
#define QUERY_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "query/question.h"
#include "query/report.h"
#include "query/work.h"
#include "schema/err.h"

struct extract_options {
	const char		*path;
	bool			 force;		/* a file may be replaced */
	int64_t			 limit;		/* flows; 0: all */
	struct work_options	 work;
};

/* flows: how many were written.  ERR_STOPPED: the user interrupted. */
int	extract_flows(const struct question *q, const struct shard_list *list,
	    const struct extract_options *o, int64_t *flows,
	    struct report *report, struct err *err);

#endif
