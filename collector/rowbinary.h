/*
 * ClickHouse's format RowBinary: values one behind the other, numbers with
 * the low byte first, a text behind its length, a Nullable behind a byte that
 * tells whether it is one.  Only what the tables of schema/clickhouse.h need.
 *
 * Functions write at p, where there is room, and return the end.
 */
#ifndef COLLECTOR_ROWBINARY_H
#define COLLECTOR_ROWBINARY_H

#include <stddef.h>
#include <stdint.h>

#include "schema/column.h"

#define ROWBINARY_TEXT_MAX	255	/* longer ones are cut */
#define ROWBINARY_VALUE_MAX	17	/* Nullable(FixedString(16)) */

/* The low size (1, 2, 4, 8) bytes of v. */
uint8_t	*rowbinary_number(uint8_t *p, uint64_t v, unsigned size);

/* At most ROWBINARY_TEXT_MAX bytes of text, and 2 for the length. */
uint8_t	*rowbinary_text(uint8_t *p, const char *text, size_t len);

uint8_t	*rowbinary_null(uint8_t *p);

/* Nullable of a column: NULL when v is no value of that type. */
uint8_t	*rowbinary_column(uint8_t *p, enum coltype type, int64_t v);

/*
 * 16 bytes of an address of 4 or 16, zeros for any other length.  Returns
 * whether it is an IPv6 address that looks like a mapped IPv4 one.
 */
int	rowbinary_address(uint8_t out[16], const void *bytes, size_t len);

/*
 * Nullable of an address column: NULL unless it has 4 or 16 bytes.  Puts
 * bit into *mapped where rowbinary_address says so.
 */
uint8_t	*rowbinary_addr_column(uint8_t *p, const void *bytes, size_t len,
	    unsigned bit, unsigned *mapped);

#endif
