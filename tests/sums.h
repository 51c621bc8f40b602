/* Sums compared: struct tally_sum has padding, so memcmp is not for it. */
#ifndef TESTS_SUMS_H
#define TESTS_SUMS_H

#include <stdbool.h>

#include "schema/tally.h"

static inline bool
same_sum(const struct tally_sum *a, const struct tally_sum *b)
{
	return a->flows == b->flows && a->packets == b->packets &&
	    a->bytes == b->bytes && a->first_ms == b->first_ms &&
	    a->last_ms == b->last_ms && a->tcp_flags == b->tcp_flags;
}

#endif
