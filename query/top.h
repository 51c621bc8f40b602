/*
 * --top: who fills the line now.  A screen of the first keys of a statistic
 * by the rates of the last minute, renewed every 2 s, until the user has
 * enough: keys change the order, the statistic, or go into what is selected.
 */
#ifndef QUERY_TOP_H
#define QUERY_TOP_H

#include "query/filter.h"
#include "query/question.h"
#include "query/request.h"
#include "schema/err.h"

/*
 * The words of the command line begin with a statistic: its name, and they are
 * no filter as they stand ("port 53" is one, "port" and "dstip tcp" are not).
 */
bool	top_begins_with_stat(const char *words);

/* What --top cannot do is told before anything is opened: -1. */
int	top_accept(const struct request *r, struct err *err);

/*
 * filter: text that parses in env; q: scale, memory, stop.  where: with the
 * folder to fall back to.  0 when the user ended it.  ERR_SYNTAX: there is no
 * terminal.
 */
struct top_options {
	const struct question	*q;
	const struct where	*where;
	const char		*filter;
	const struct filter_env	*env;
	const struct group	*group;		/* NULL: dstip */
	const struct geo	*geo;		/* for countries; or NULL */
};

int	top_run(const struct top_options *o, struct err *err);

#endif
