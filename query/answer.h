/*
 * From a request to printed rows: opens nothing itself, wires the parts.
 */
#ifndef QUERY_ANSWER_H
#define QUERY_ANSWER_H

#include <stdatomic.h>

#include "query/backend.h"
#include "query/filter.h"
#include "query/names.h"
#include "query/out.h"
#include "query/question.h"
#include "query/report.h"
#include "query/request.h"
#include "query/work.h"
#include "schema/err.h"
#include "schema/shard.h"

/* Everything that a request needs, ready to be run. */
struct answer {
	const struct request	*request;
	struct question		 q;
	const struct filter	*having;	/* -P, or NULL */
	struct shard_list	 list;
	struct backend		*backend;	/* who answers */
	struct work_options	 work;
	struct report		 report;
	struct out		*out;
	int64_t			 extracted;	/* flows */
	int64_t			 rows;		/* printed */
	const struct names	*names;
	const struct geo	*geo;		/* opened when it is needed */
	const char		*filter_text;	/* for --report, or NULL */
};

/*
 * Can the format print what is asked for?  -1: ERR_SYNTAX, the place in the
 * text of -o.
 */
int	answer_accepts(const struct request *r, struct out *out,
	    struct err *err);

/*
 * Statistics, aggregates or a list of flows.  What was printed is in out, not
 * yet flushed.
 */
int	answer_run(struct answer *a, struct err *err);

/* -I: totals by protocol, as lines "Key: value". */
int	answer_info(struct answer *a, struct err *err);

/* --bin: a time series. */
int	answer_series(struct answer *a, struct err *err);

/* --extract: a new shard, of a->extracted flows. */
int	answer_extract(struct answer *a, struct err *err);

/* --report: a page to look at. */
int	answer_page(struct answer *a, struct err *err);

/* ---- for the files answer*.c ---- */

/* Seconds of the steady clock, for began below. */
double	answer_clock(void);
void	answer_summary(const struct answer *a, const struct tally_sum *total,
	    double began, struct print_summary *s);

#endif
