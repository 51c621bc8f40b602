/*
 * One line of an answer: a flow as it was stored, or the sums of many flows
 * under a key.  In a sum only the key's fields are set in flow, and first_ms,
 * duration_ms (from first start to last end), packets and bytes; tcp_flags are
 * or-ed.  Counters are scaled by the sampling rate unless --raw was given.
 */
#ifndef QUERY_ROW_H
#define QUERY_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "query/geo.h"
#include "schema/addr.h"
#include "schema/flow.h"

/* A row of table exporter; address.len 0: not known. */
struct row_exporter {
	struct addr	 address;
	uint8_t		 version;	/* 5, 9, 10 */
	uint32_t	 domain;	/* source id, observation domain */
	const char	*name;		/* NULL: none; valid during the call */
};

struct row {
	struct flow		flow;
	int64_t			flows;		/* 1, or how many were added */
	struct row_exporter	exporter;
	/* where the addresses are: row_place */
	const struct geo	*geo;		/* knows; NULL: nobody does */
	uint32_t		place[2][GEO_KINDS];	/* src, dst */
	uint8_t			placed;		/* what of place is set */
};

/*
 * Where src_addr or dst_addr (c) of the row is: as a key says, else as the
 * database says of the address.  False: neither is there.
 */
bool	row_place(const struct row *r, enum geo_what what, enum column c,
	    uint32_t *out);
void	row_set_place(struct row *r, enum geo_what what, enum column c,
	    uint32_t value);

/*
 * Rates as nfdump's: whole numbers, 0 when there is nothing to divide by;
 * INT64_MAX at most.  Missing counters count as 0.
 */
int64_t	row_packets(const struct row *r);
int64_t	row_bytes(const struct row *r);
int64_t	row_last_ms(const struct row *r);	/* first_ms when no duration */
int64_t	row_pps(const struct row *r);
int64_t	row_bps(const struct row *r);
int64_t	row_bpp(const struct row *r);

/*
 * Counters times the sampling rate, INT64_MAX at most; of this direction, of
 * the other one.  What was not sent, and what is below 0, stays as it is.
 */
void	row_scale(struct flow *f, uint32_t rate);
void	row_scale_out(struct flow *f, uint32_t rate);

/* ICMP or ICMPv6: dst_port is type * 256 + code. */
bool	row_is_icmp(const struct row *r);

/* last - first; 0 when that is negative, INT64_MAX at most. */
int64_t	span_of(int64_t first_ms, int64_t last_ms);

/* count * factor / divisor without overflow; 0 when divisor <= 0. */
int64_t	rate_of(int64_t count, int64_t factor, int64_t divisor);

#endif
