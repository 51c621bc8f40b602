/*
 * What the command line asks for, read and checked; nothing has been opened
 * yet.  request_parse is the only reader of options.
 */
#ifndef QUERY_REQUEST_H
#define QUERY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/group.h"
#include "query/order.h"
#include "query/print.h"
#include "query/where.h"
#include "schema/err.h"

enum request_task {
	TASK_ANSWER,		/* statistics, aggregates or a list */
	TASK_INFO,		/* -I */
	TASK_EXPORTERS,		/* --exporters */
	TASK_SCRIPT,		/* --sql */
	TASK_SERIES,		/* --bin */
	TASK_EXTRACT,		/* --extract */
	TASK_PAGE,		/* --report */
	TASK_SHELL,		/* --shell */
	TASK_TOP,		/* --top */
	TASK_CHECK,		/* -Z: read the filter and end */
	TASK_HELP,		/* help [TOPIC] */
	TASK_VERSION
};

struct request {
	enum request_task	 task;
	struct where		 where;
	const char		*backend;	/* --backend; NULL: shards */
	bool			 partial;	/* --allow-partial */
	const char		*window;	/* -t, or NULL */
	char			*filter;	/* words of the command line, owned */
	const char		*filter_file;	/* -f, or NULL */
	const char		*having;	/* -P, or NULL */
	struct group		*groups;	/* owned */
	size_t			 n_groups;
	bool			 to_server;	/* -B */
	bool			 has_order;	/* -O was given */
	struct order		 order;
	bool			 has_limit;	/* -n was given */
	int64_t			 limit;		/* 0: all */
	int64_t			 most_flows;	/* -c; 0: all */
	const char		*format;	/* of -o, or NULL */
	struct print_options	 print;
	const char		*names;		/* --names: "" none, NULL default */
	const char		*geo;		/* --geo PATH, or NULL */
	int64_t			 bin_ms;	/* --bin */
	bool			 no_spread;
	const char		*extract;	/* --extract FILE */
	const char		*page;		/* --report FILE */
	bool			 force;		/* either may be replaced */
	char			**shell_args;	/* words; NULL at the end */
	bool			 within;
	bool			 no_rollup;
	bool			 no_index;
	bool			 no_dns;	/* in filters */
	bool			 dns;		/* names in the answer */
	bool			 skip_bad;
	bool			 explain;
	int64_t			 memory;	/* bytes */
	int			 workers;	/* 0: a thread per processor */
	const char		*topic;		/* of help, or NULL */
};

/*
 * Strings point into argv.  -1: a usage error, err says which; with ERR_SYNTAX
 * *text is the option's value that offset refers to (else NULL).
 */
int	request_parse(struct request *r, int argc, char **argv,
	    const char **text, struct err *err);
void	request_clear(struct request *r);

#endif
