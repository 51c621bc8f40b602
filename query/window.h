/*
 * Text of -t -> window of time.
 *
 *	2026/11/23.05:52:14-2026/11/24	nfdump's form; parts at the end may
 *					be left out
 *	2026-11-23T05:52:14.250Z	ISO 8601: T, blank or nothing; Z or an
 *					offset such as +02:00
 *	@1460289600.250			seconds since 1970, as date(1) takes them
 *	A-B   A..B   A - B   A to B	from A to B; A.. and ..B are open, so is A-
 *	A/B				as ISO 8601 has it, A not of nfdump's form
 *	A				the year, month, day ... second A
 *	today  yesterday  now
 *	last 2h  last 30m  last week	s m h d w, up to now; d is 24 hours
 *	+300  -300			first or last seconds of the data
 *
 * A time is as long as its last part: as the end of a window 2026/11/23 is the
 * whole day.  Without Z or offset it is local (TZ) unless utc is asked for.
 *
 * The special problem of clock changes: a local time that occurs twice means
 * the first one where a window begins and the second one where it ends, so
 * nothing is lost; one that is skipped means the moment of the jump.
 */
#ifndef QUERY_WINDOW_H
#define QUERY_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

enum window_relative { WINDOW_FIXED, WINDOW_FIRST, WINDOW_LAST };

struct window {
	bool	has_from;	/* else open */
	bool	has_to;
	int64_t	from_ms;	/* inclusive, Unix ms */
	int64_t	to_ms;
	/* WINDOW_FIRST, _LAST: span_ms from the data's begin or end instead */
	enum window_relative relative;
	int64_t	span_ms;
};

/* 0, or -1 with ERR_SYNTAX and the place. */
int	window_parse(const char *text, int64_t now_ms, bool utc,
	    struct window *out, struct err *err);

/*
 * One point in time, [lo, hi] in Unix ms with the length of its last part.
 * 0, or -1 when it is none.
 */
int	window_instant(const char *text, size_t len, bool utc, int64_t *lo,
	    int64_t *hi);

#endif
