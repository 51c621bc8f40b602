/*
 * A value of a roll-up's column with its sums, as it is merged: small and of
 * one size, addresses as numbers.
 */
#ifndef QUERY_MERGEROW_H
#define QUERY_MERGEROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/tally.h"

/* In the order of roll-ups: none first, then numbers and IPv4, then IPv6. */
enum merge_kind { MERGE_NULL, MERGE_SHORT, MERGE_LONG, MERGE_END };

/* kind MERGE_END stands behind all keys. */
struct merge_key {
	uint64_t	high;
	uint64_t	low;		/* of MERGE_LONG */
	uint32_t	kind;
};

struct merge_row {
	struct merge_key key;
	uint32_t	 slot;		/* the merger's own */
	struct tally_sum sum;
};

static inline bool
merge_less(const struct merge_key *a, const struct merge_key *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static inline bool
merge_same(const struct merge_key *a, const struct merge_key *b)
{
	return a->high == b->high && a->low == b->low && a->kind == b->kind;
}

#endif
