/*
 * What answers are ordered by: nfdump's names and what they mean.
 */
#ifndef QUERY_ORDER_H
#define QUERY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

enum metric {
	METRIC_FLOWS, METRIC_PACKETS, METRIC_BYTES,
	METRIC_PPS, METRIC_BPS, METRIC_BPP,
	METRIC_TSTART, METRIC_TEND, METRIC_DURATION
};

/* Whose counters: the flow's own (nfdump: in), or the reverse direction's. */
struct order {
	const char	*name;		/* as nfdump writes it */
	enum metric	 metric;
	bool		 out;		/* reverse direction */
	bool		 ascending;
};

/*
 * "bytes", "tstart:d" from text[0..len); stat: only what a statistic can be
 * ordered by.  0, or -1 with ERR_SYNTAX (offset within text).
 */
int	order_parse(const char *text, size_t len, bool stat,
	    struct order *out, struct err *err);

/* The i-th name, NULL after the last. */
const char *order_at(size_t i);

struct tally_sum;

/* The value that sums are ordered by; larger is first unless ascending. */
int64_t	order_value(enum metric m, const struct tally_sum *s);

#endif
