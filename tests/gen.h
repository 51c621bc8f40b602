/*
 * Made-up flows for tests and measurements: the same list from the same
 * options on every machine (own random numbers, integers only).  A local
 * network, 192.168.10.0/24 and 2001:db8:10::/64 among others, talks to many
 * peers; few hosts and peers make most of the traffic.  Four exporters differ
 * in what they send, so that fields are missing and sampling rates mixed.
 *
 * Flows come in bursts: what one exporter sends in one datagram.  The order
 * of bursts and of flows within them is the order of arrival.
 */
#ifndef TESTS_GEN_H
#define TESTS_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/flow.h"

#define GEN_EXPORTERS	4
#define GEN_BURST_MAX	26

enum gen_wire {
	GEN_V9,
	GEN_V5,		/* IPv4 only */
	GEN_IPFIX,
	GEN_MIX		/* v9, v9, IPFIX, v5 */
};

struct gen_options {
	uint64_t	seed;
	uint64_t	flows;
	int64_t		start_ms;	/* Unix ms, whole seconds */
	int64_t		span_ms;	/* bursts are spread over this time */
	uint32_t	peers;		/* IPv4 peers; a tenth as many by IPv6 */
	enum gen_wire	wire;
	bool		no_sampling;
};

/* Which fields a record has. */
enum gen_layout {
	GEN_FULL,	/* all that a Cisco router sends */
	GEN_SMALL,	/* no AS, masks, next hop, direction; with sampler */
	GEN_EVENT,	/* addresses, ports and times: no counters */
	GEN_FIXED,	/* NetFlow v5 */
	GEN_LAYOUTS
};

struct gen_exporter {
	struct addr	address;	/* 127.0.0.1 to 127.0.0.4 */
	uint16_t	version;	/* 5, 9, 10 */
	uint32_t	domain;
	uint32_t	sampling;	/* of all its flows; 0: none */
	bool		small;		/* sends GEN_SMALL and GEN_EVENT */
	bool		samplers;	/* a rate per record */
};

struct gen_burst {
	unsigned	 exporter;	/* also flow.exporter */
	int64_t		 arrival_ms;
	int64_t		 export_ms;	/* whole second, at or before arrival */
	size_t		 n;
	struct flow	 v[GEN_BURST_MAX];
	enum gen_layout	 layout[GEN_BURST_MAX];
};

struct gen;

/* 30000 v9 flows over the hour from 2016-04-10 12:00 UTC. */
extern const struct gen_options gen_defaults;

/* NULL: out of memory. */
struct gen *gen_new(const struct gen_options *o);
void	gen_free(struct gen *g);

/* The next burst; false after the last flow. */
bool	gen_next(struct gen *g, struct gen_burst *b);

const struct gen_exporter *gen_exporter(const struct gen *g, unsigned i);
int64_t	gen_start_ms(const struct gen *g);

/* splitmix64: the next of a sequence, which is all in *state. */
uint64_t gen_random(uint64_t *state);

#endif
