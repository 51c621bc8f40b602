/*
 * What flowq must answer, worked out the plain way from the generator's own
 * list of flows (gen.h): no database, no roll-up, no filter language, nothing
 * of query/.  A flow is looked at as the generator made it, a filter is a C
 * function, a statistic is one sort.
 */
#ifndef TESTS_BRUTE_H
#define TESTS_BRUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/flow.h"

struct gen;

/* --- brute_filters.c: filters, and the text that means the same --- */

struct brute_filter {
	const char	*name;
	const char	*text;	/* for flowq */
	/* raw: counters as sent, else times the sampling rate */
	bool		(*match)(const struct flow *f, bool raw);
};

/* NULL: there is none of that name; beyond the last one. */
const struct brute_filter *brute_filter_find(const char *name);
const struct brute_filter *brute_filter_at(size_t i);

/* packets or bytes, -1 when not sent. */
int64_t	brute_count(const struct flow *f, enum column c, bool raw);

/* count * factor / duration_ms as all reports round it. */
uint64_t brute_rate(uint64_t count, uint64_t factor, int64_t duration_ms);

/* --- brute_group.c: statistics --- */

enum brute_order {
	ORDER_FLOWS, ORDER_PACKETS, ORDER_BYTES, ORDER_PPS, ORDER_BPS,
	ORDER_BPP, BRUTE_ORDERS
};

/*
 * What flows are grouped by, and how groups with equal figures follow each
 * other: member by member.  A statistic has its number in major or its
 * address in src, the protocol of :p in minor[1].  record: the protocol, both
 * addresses, both ports.
 */
struct brute_key {
	uint32_t	major;
	struct addr	src;
	struct addr	dst;
	uint32_t	minor[2];
};

struct brute_group {
	struct brute_key key;
	int64_t		 first_ms;
	int64_t		 last_ms;
	uint64_t	 flows;
	uint64_t	 packets;
	uint64_t	 bytes;
	bool		 has_flags;
	uint8_t		 flags;
};

enum brute_kind { KIND_NUMBER, KIND_ADDR, KIND_PROTO, KIND_RECORD };

struct brute_stat {
	const char	*name;
	enum brute_kind	 kind;
	enum column	 side[2];	/* the same twice: one side */
};

/* NULL, -1: there is none of that name. */
const struct brute_stat *brute_stat_find(const char *name);
int	brute_order_find(const char *name);

struct brute_question {
	const struct brute_stat	*stat;
	bool			 by_proto;	/* :p */
	bool			 raw;
	enum brute_order	 order;
};

/*
 * Groups v[0..n), in order, the largest first.  malloc'd, *out_n of them;
 * NULL when memory is out.
 */
struct brute_group *brute_group(const struct brute_question *q,
	    const struct gen *g, const struct flow *v, size_t n,
	    size_t *out_n);

/* false: the flow has no such field.  side: 0 or 1. */
bool	brute_key_of(const struct brute_question *q, const struct gen *g,
	    const struct flow *f, int side, struct brute_key *k);
int	brute_key_cmp(const struct brute_key *a, const struct brute_key *b);

/* --- brute_bins.c: a time series, its CSV on stdout --- */

struct brute_bins {
	int64_t				 bin_ms;
	int64_t				 zone_ms;	/* ahead of UTC */
	bool				 spread;
	bool				 raw;
	int64_t				 from_ms;	/* start of a bin */
	int64_t				 to_ms;		/* a moment of the last */
	const struct brute_question	*stat;		/* NULL: none */
	const struct brute_group	*top;		/* rows of each bin */
	size_t				 n_top;
};

int64_t	brute_bin_start(const struct brute_bins *b, int64_t ms);
/* -1: out of memory. */
int	brute_print_bins(const struct brute_bins *b, const struct gen *g,
	    const struct flow *v, size_t n);

/* --- brute_csv.c: the CSV of flowq on stdout --- */

void	brute_print_flows(const struct gen *g, const struct flow *v, size_t n,
	    bool raw);
void	brute_print_groups(const struct brute_question *q,
	    const struct brute_group *v, size_t n);

#endif
