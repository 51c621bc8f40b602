/*
 * Running a template's steps over one record.  What the steps can only put
 * into slots is left to derive.h.
 */
#ifndef COLLECTOR_DECODE_H
#define COLLECTOR_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/template.h"
#include "schema/flow.h"

/* The working space of one record.  Only what sent tells is valid. */
struct slots {
	uint64_t	sent;			/* SLOT_BIT of each */
	uint64_t	num[SLOT_COUNT];
	uint32_t	pairs;			/* as template.pairs */
	uint16_t	number[PAIR_COUNT * 2];	/* masks, ports */
	struct addr	addr[PAIR_COUNT * 2];
};

/* The sampling an exporter told for one of its samplers. */
struct sampler {
	uint64_t	id;	/* SAMPLER_SELECTOR | id for selectorId */
	uint32_t	rate;
};

#define SAMPLER_SELECTOR	(UINT64_C(1) << 63)

/* What a record needs to know about its packet and its exporter. */
struct decode_base {
	int64_t		arrival_ms;
	int64_t		export_ms;	/* 0: not told */
	int64_t		init_ms;	/* IPFIX: exporter's start; 0: none */
	uint32_t	uptime_ms;	/* v5, v9 */
	uint16_t	version;
	uint32_t	exporter;	/* flow.exporter */
	uint32_t	sampling;	/* in force for its flows, 0: none */
	bool		sampling_forced;	/* whatever the records say */
	bool		has_engine;	/* v5: in the header */
	uint8_t		engine_type;
	uint8_t		engine_id;
	const struct sampler *samplers;
	size_t		n_samplers;
};

struct decode_odd {
	uint64_t	bad_time;
	uint64_t	implausible;
};

/*
 * Decodes the record at p[0..len) into f, whose set is 0.  Returns how many
 * bytes it has, 0 when it does not end within len.  odd is added to.
 */
size_t	decode_flow(const struct template *t, const struct decode_base *b,
	    const uint8_t *p, size_t len, struct flow *f,
	    struct decode_odd *odd);

/* The same for an options record, of which only slots are kept. */
size_t	decode_options(const struct template *t, const uint8_t *p, size_t len,
	    struct slots *s);

/* A number into a column of any number type; false: it does not fit. */
bool	decode_number(struct flow *f, enum column c, uint64_t v);

#endif
