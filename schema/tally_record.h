/*
 * How tally.c keeps the sums of a key: in half the bytes of struct tally_sum,
 * as nearly all sums are of a few flows.  A sum that is too large for that is
 * wide: kept as it is, elsewhere.
 */
#ifndef SCHEMA_TALLY_RECORD_H
#define SCHEMA_TALLY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/tally.h"

struct tally_record {
	uint32_t	first_low;	/* first_ms has 48 bits */
	int16_t		first_high;
	uint8_t		tcp_flags;
	uint8_t		key_len;
	uint32_t	span;		/* last_ms - first_ms */
	uint32_t	flows;		/* 0: wide */
	uint32_t	packets;	/* wide: its number instead */
	uint32_t	bytes;
	uint64_t	key[];		/* key_len bytes, then zeros */
};

static inline bool
tally_record_is_wide(const struct tally_record *r)
{
	return r->flows == 0;
}

/* Of one that is not wide. */
static inline void
tally_record_get(const struct tally_record *r, struct tally_sum *s)
{
	s->flows = r->flows;
	s->packets = r->packets;
	s->bytes = r->bytes;
	s->first_ms = (int64_t)r->first_high * (INT64_C(1) << 32) +
	    r->first_low;
	s->last_ms = s->first_ms + r->span;
	s->tcp_flags = r->tcp_flags;
}

/* False, and nothing is changed: s must be wide. */
static inline bool
tally_record_set(struct tally_record *r, const struct tally_sum *s)
{
	uint64_t span = (uint64_t)s->last_ms - (uint64_t)s->first_ms;
	int64_t high = s->first_ms >> 32;

	if (((uint64_t)s->flows | (uint64_t)s->packets |
	    (uint64_t)s->bytes | span) >> 32 != 0 || s->flows == 0 ||
	    high != (int16_t)high)
		return false;
	r->first_low = (uint32_t)s->first_ms;
	r->first_high = (int16_t)high;
	r->tcp_flags = s->tcp_flags;
	r->span = (uint32_t)span;
	r->flows = (uint32_t)s->flows;
	r->packets = (uint32_t)s->packets;
	r->bytes = (uint32_t)s->bytes;
	return true;
}

#endif
