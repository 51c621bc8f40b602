/*
 * Random filters and random flows that know each other: both take their
 * values from the same small pools, so that tests hit about as often as not.
 * Seeded: the same seed gives the same text.
 */
#ifndef TESTS_FILTER_RANDOM_H
#define TESTS_FILTER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "query/match.h"
#include "schema/flow.h"

#define RANDOM_EXPORTERS	3

/* The exporters with the ids 1, 2, 3; the last has no name. */
extern const struct match_exporter random_exporters[RANDOM_EXPORTERS];

/* For struct match_env. */
const struct match_exporter *random_exporter(void *arg, uint32_t id);

/* A number in [0, n). */
uint32_t random_below(uint64_t *seed, uint32_t n);

/* A filter of the whole language; malloc'd. */
char	*random_filter(uint64_t *seed);

/* A flow with some of the columns set. */
void	random_flow(uint64_t *seed, struct flow *out);

#endif
