/*
 * Information elements: which field of a record fills which column.  One
 * table serves v9 and IPFIX.  It holds only numbers: names, types and widths
 * of columns are in schema/columns.def.
 *
 * What cannot go into a column as it is (times relative to something, ICMP
 * in two halves, sampling) goes into a slot first; decode.c makes columns of
 * the slots.
 */
#ifndef COLLECTOR_ELEMENTS_H
#define COLLECTOR_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "schema/column.h"

/* Each START is followed by its END. */
enum slot {
	SLOT_START_MS,		/* Unix ms */
	SLOT_END_MS,
	SLOT_START_UPTIME,	/* ms since the exporter's start */
	SLOT_END_UPTIME,
	SLOT_START_SEC,		/* Unix seconds */
	SLOT_END_SEC,
	SLOT_START_NTP,		/* 64-bit NTP timestamp */
	SLOT_END_NTP,
	SLOT_START_DELTA,	/* us before the export time */
	SLOT_END_DELTA,
	SLOT_DURATION_MS,
	SLOT_DURATION_US,
	SLOT_INIT_MS,		/* Unix ms of the exporter's start */
	SLOT_IP_VERSION,
	SLOT_ICMP4,		/* type * 256 + code */
	SLOT_ICMP4_TYPE,
	SLOT_ICMP4_CODE,
	SLOT_ICMP6,
	SLOT_ICMP6_TYPE,
	SLOT_ICMP6_CODE,
	/* sampling; keep together, see SLOTS_SAMPLING */
	SLOT_SAMPLE_RATE,	/* one out of so many */
	SLOT_SAMPLE_TAKE,	/* so many in a row ... */
	SLOT_SAMPLE_SPACE,	/* ... then so many not */
	SLOT_SAMPLE_SIZE,	/* so many ... */
	SLOT_SAMPLE_POPULATION,	/* ... out of so many */
	SLOT_SAMPLER,		/* id of a sampler, flowSamplerId */
	SLOT_SELECTOR,		/* id of a sampler, selectorId */
	SLOT_COUNT
};

#define SLOT_BIT(s)	(UINT64_C(1) << (s))
#define SLOTS_SAMPLING	(SLOT_BIT(SLOT_SELECTOR + 1) - \
	SLOT_BIT(SLOT_SAMPLE_RATE))

/* Where an element goes: a column, or a slot behind the columns. */
#define TARGET_SLOT(s)	(COLUMN_COUNT + (s))
#define TARGET_COUNT	(COLUMN_COUNT + SLOT_COUNT)

/*
 * Some columns have two elements that are both meant at a time, and the
 * record tells which one counts: IPv4 or IPv6 by its addresses, UDP or TCP
 * ports by its protocol.
 */
enum variant { VARIANT_NONE, VARIANT_FIRST, VARIANT_SECOND, VARIANT_COUNT };
#define VARIANT_IP4	VARIANT_FIRST
#define VARIANT_IP6	VARIANT_SECOND
#define VARIANT_UDP	VARIANT_FIRST
#define VARIANT_TCP	VARIANT_SECOND

/* element.flags */
#define ELEMENT_V9	0x01	/* not in IPFIX */
#define ELEMENT_SPARE	0x02	/* only when the field fills nothing else */
#define ELEMENT_APP	0x04	/* engine byte, then a selector of any length */

struct element {
	uint32_t	pen;	/* private enterprise number, 0: IANA's */
	uint16_t	id;
	uint8_t		target;
	uint8_t		rank;	/* of several for a target the lowest wins */
	uint8_t		variant;
	uint8_t		flags;
};

#define PEN_REVERSE	29305	/* RFC 5103: the same, other direction */
#define PEN_CISCO	9

/*
 * The rows of one element: *n of them (an element may fill two columns),
 * NULL when we know no use for it.
 */
const struct element *element_find(uint32_t pen, uint16_t id, size_t *n);

/* Columns with variants, numbered for the decoder's working space. */
#define PAIR_COUNT	10
extern const uint8_t element_pair_column[PAIR_COUNT];

/* Index into element_pair_column, or -1. */
int	element_pair(unsigned target);

#endif
