/*
 * One flow record between decoder and shard.  Numbers are in host order,
 * addresses are bytes in network order.  A member holds a value only when its
 * bit is in set: a field that was not sent is stored as NULL, never as a
 * made-up zero.  So nothing needs clearing but set.
 */
#ifndef SCHEMA_FLOW_H
#define SCHEMA_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/addr.h"
#include "schema/column.h"

/* A larger counter is no traffic: stored as NULL and counted implausible. */
#define FLOW_COUNT_MAX	((UINT64_C(1) << 53) - 1)

#define FLOW_TYPE_TIME	int64_t
#define FLOW_TYPE_SPAN	int64_t
#define FLOW_TYPE_ADDR	struct addr
#define FLOW_TYPE_MAC	uint64_t
#define FLOW_TYPE_PROTO	uint8_t
#define FLOW_TYPE_FLAGS	uint8_t
#define FLOW_TYPE_COUNT	uint64_t
#define FLOW_TYPE_U8	uint8_t
#define FLOW_TYPE_U16	uint16_t
#define FLOW_TYPE_U32	uint32_t

struct flow {
	uint64_t	set;	/* flow_bit() of each column that was sent */
#define COLUMN(id, type, home, since, doc) FLOW_TYPE_##type id;
#include "schema/columns.def"
#undef COLUMN
};

static inline uint64_t
flow_bit(enum column c)
{
	return UINT64_C(1) << c;
}

static inline bool
flow_has(const struct flow *f, enum column c)
{
	return f->set >> c & 1;
}

/* The bits of all columns of one home. */
uint64_t flow_home_bits(enum colhome home);

/* Value of a number column that is set (not ADDR, TIME, SPAN). */
uint64_t flow_number(const struct flow *f, enum column c);

#endif
