/*
 * Values of flows as other programs write them into CSV, from text to
 * numbers.  Whole text only: a value with anything before or behind is none.
 * All return 0, or -1 when the text is no such value.
 */
#ifndef COLLECTOR_CSV_VALUE_H
#define COLLECTOR_CSV_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"

/* A whole number up to max. */
int	csv_number(const char *text, size_t len, uint64_t max, uint64_t *out);

/* The same with "0x" in front, in hexadecimal; also without, in decimal. */
int	csv_hex(const char *text, size_t len, uint64_t max, uint64_t *out);

/* Of either family; a ' that was put before it for spreadsheets is no part. */
int	csv_addr(const char *text, size_t len, struct addr *out);

/* "-12": within 2^53 - 1 of 0. */
int	csv_signed(const char *text, size_t len, int64_t *out);

/* "type.code" as type * 256 + code, or a whole number. */
int	csv_port(const char *text, size_t len, uint64_t *out);

/* A name of schema/proto.h or a number. */
int	csv_proto(const char *text, size_t len, uint64_t *out);

/* "...AP.SF", or a number. */
int	csv_flags(const char *text, size_t len, uint64_t *out);

/* "00:11:22:aa:bb:cc". */
int	csv_mac(const char *text, size_t len, uint64_t *out);

/* "label-exp-eos" as label * 16 + exp * 2 + eos, or a number. */
int	csv_mpls(const char *text, size_t len, uint64_t *out);

/*
 * A span as ms: "12", "12.345" seconds, or "[1d ]HH:MM:SS[.mmm]".  Digits
 * behind the third do not count.
 */
int	csv_span(const char *text, size_t len, int64_t *ms);

/*
 * Calendar times are slow to work out, and those of flows are close together:
 * the last minute is remembered.  All zero is a good start.
 */
struct csv_clock {
	bool	utc;		/* else the zone of TZ */
	char	minute[16];	/* "2026-11-23 05:52", not NUL-terminated */
	int64_t	minute_ms;
	bool	known;
};

/*
 * A time as Unix ms: "2026-11-23 05:52:12" (also with T between, .123 and a
 * Z behind, which says UTC), seconds with a point ("1795413132.123"), or ms.
 * "0000-00-00 00:00:00.000" is 0.  Of an hour that occurs twice, when summer
 * time ends, it is the first.
 */
int	csv_time(struct csv_clock *c, const char *text, size_t len,
	    int64_t *ms);

#endif
