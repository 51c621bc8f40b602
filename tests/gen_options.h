/* The options of made-up flows, the same for flowgen and brute. */
#ifndef TESTS_GEN_OPTIONS_H
#define TESTS_GEN_OPTIONS_H

#include <getopt.h>

#include "tests/gen.h"

enum {
	GEN_OPT_FLOWS = 512, GEN_OPT_SEED, GEN_OPT_START, GEN_OPT_HOURS,
	GEN_OPT_RATE, GEN_OPT_PEERS, GEN_OPT_V5, GEN_OPT_IPFIX, GEN_OPT_MIX,
	GEN_OPT_NO_SAMPLING
};

/* Rows for a table of long options. */
#define GEN_LONG_OPTIONS \
	{ "flows", required_argument, NULL, GEN_OPT_FLOWS }, \
	{ "seed", required_argument, NULL, GEN_OPT_SEED }, \
	{ "start", required_argument, NULL, GEN_OPT_START }, \
	{ "hours", required_argument, NULL, GEN_OPT_HOURS }, \
	{ "rate", required_argument, NULL, GEN_OPT_RATE }, \
	{ "peers", required_argument, NULL, GEN_OPT_PEERS }, \
	{ "v5", no_argument, NULL, GEN_OPT_V5 }, \
	{ "ipfix", no_argument, NULL, GEN_OPT_IPFIX }, \
	{ "mix", no_argument, NULL, GEN_OPT_MIX }, \
	{ "no-sampling", no_argument, NULL, GEN_OPT_NO_SAMPLING }

#define GEN_OPTIONS_USAGE \
"  --flows N      how many (30000)\n" \
"  --seed S       another list (1)\n" \
"  --start TIME   of the first datagram: 2016-04-10T12:00:00Z, or Unix time\n" \
"  --hours H      time from the first to the last datagram (1)\n" \
"  --rate N       the same as flows per second\n" \
"  --peers N      how many hosts outside (30000)\n" \
"  --v5 --ipfix --mix   instead of v9 (mix: v9, v9, IPFIX, v5)\n" \
"  --no-sampling  all exporters look at every packet\n"

/*
 * Takes one option.  Returns 1, 0 when it is none of these, -1 when its value
 * is bad.  gen_options_done: after the last one.
 */
int	gen_option(struct gen_options *o, int c, const char *value);
void	gen_options_done(struct gen_options *o);

/* A whole number of at least min, or -1. */
int64_t	gen_number(const char *text, int64_t min);

#endif
