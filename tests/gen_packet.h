/*
 * Made-up flows as datagrams of NetFlow v5, v9 (RFC 3954) and IPFIX (RFC
 * 7011): the counterpart of the collector's decoder, written apart from it.
 */
#ifndef TESTS_GEN_PACKET_H
#define TESTS_GEN_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "tests/gen.h"

#define GEN_PACKET_MAX	2048

/* What each exporter must remember.  All zero is the beginning. */
struct gen_sender {
	uint32_t	sequence[GEN_EXPORTERS];
	uint32_t	datagrams[GEN_EXPORTERS];
};

/*
 * The templates and options that must go before this burst (every so often,
 * and before the first); returns the length, 0 when none are due.
 */
size_t	gen_templates(struct gen_sender *s, const struct gen *g,
	    const struct gen_burst *b, uint8_t out[GEN_PACKET_MAX]);

/* The burst's flows; returns the length. */
size_t	gen_data(struct gen_sender *s, const struct gen *g,
	    const struct gen_burst *b, uint8_t out[GEN_PACKET_MAX]);

#endif
