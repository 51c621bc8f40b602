/*
 * Numbers as text, without printf: an answer may have millions of them.  All
 * functions write no NUL, at most ..._TEXT_MAX bytes, and return the length.
 */
#ifndef QUERY_NUMTEXT_H
#define QUERY_NUMTEXT_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_MAX	20	/* "-9223372036854775808" */
#define SPAN_TEXT_MAX	32	/* "106751991167d 07:12:55.807" */

size_t	uint_text(uint64_t v, char *out);
size_t	int_text(int64_t v, char *out);

/* Exactly width digits, zeros in front: v mod 10^width. */
void	digits_text(unsigned v, unsigned width, char *out);

/* nfdump's scaling by 1000: 999999, "1.0 M", "2.5 G", "1234.6 T". */
size_t	scaled_text(uint64_t v, char *out);

/* "00:00:15.000", "23d 03:33:19.500"; negative is 0. */
size_t	span_text(int64_t ms, char *out);

/* Seconds: "15.000"; negative is 0. */
size_t	seconds_text(int64_t ms, char *out);

#endif
