/*
 * Columns that are not copied but worked out after a template's steps, from
 * what these left in the slots: times, ICMP types, sampling rates, and which
 * of two address families a record means.
 */
#ifndef COLLECTOR_DERIVE_H
#define COLLECTOR_DERIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/decode.h"

#define DERIVE_ICMP	1	/* protocols that derive_icmp is for */
#define DERIVE_ICMP6	58

/* A time further off the arrival time is counted as bad. */
#define DERIVE_TIME_OFF_MS	INT64_C(86400000)

/*
 * Chooses between the variants of a column (elements.h).  With addresses of
 * both families: element 60 decides, else the pair that is not zero, else
 * the one that comes first in the template.
 */
void	derive_pairs(const struct template *t, const struct slots *s,
	    struct flow *f);

/* src_port and dst_port of an ICMP flow: 0 and type * 256 + code. */
void	derive_icmp(const struct slots *s, struct flow *f);

/*
 * first_ms, always, and duration_ms when an end was sent that is not before
 * the start.  Which element wins, if there are several: 152/153, 22/21,
 * 150/151, 154-157, 158/159; a duration (161, 162) stands in for one that is
 * missing.  No start at all: the end, the export time, the arrival time.
 */
void	derive_times(const struct slots *s, const struct decode_base *b,
	    struct flow *f, struct decode_odd *odd);

/* The rate in force for a record that tells a rate or a sampler's id. */
uint32_t derive_rate(const struct slots *s, const struct decode_base *b);

/* The rate that slots tell themselves, 0: none. */
uint32_t derive_told_rate(const struct slots *s);

#endif
