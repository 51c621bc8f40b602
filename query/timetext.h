/*
 * Unix time as "2026-11-23 05:52:14" or with ".250", UTC or the zone of TZ.
 * Asking the C library for each of millions of flows is slow, so the texts of
 * the minutes last seen are kept.  A cache is for one thread.
 */
#ifndef QUERY_TIMETEXT_H
#define QUERY_TIMETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_MAX	40	/* also for years of 12 digits */
#define TIME_CACHE	64	/* minutes; a power of 2 */

struct time_minute {
	int64_t	minute;			/* since 1970 */
	size_t	len;			/* 0: empty */
	char	text[TIME_TEXT_MAX];	/* "2026-11-23 05:52:" */
};

struct timetext {
	bool			utc;
	struct time_minute	cache[TIME_CACHE];
};

void	timetext_init(struct timetext *t, bool utc);

/* To the second; no NUL; returns the length. */
size_t	time_text(struct timetext *t, int64_t ms, char out[TIME_TEXT_MAX]);

/* The same with milliseconds. */
size_t	time_ms_text(struct timetext *t, int64_t ms, char out[TIME_TEXT_MAX]);

#endif
