/*
 * Time cut into bins, for --bin: spans such as 5m or 1d, and where on the
 * clock bins of a span begin.
 *
 * A span divides a day, or is a day or a week.  Bins begin when the clock,
 * local (TZ) or UTC, shows a multiple of the span: 5m at :00, :05, ...; days
 * at midnight, weeks on Monday.  Where the local clock is changed:
 *
 *	a beginning that is skipped is the moment of the jump
 *	an hour that comes twice has its bins twice
 *	bins longer than the jump get longer or shorter by it: a day has 23,
 *	24 or 25 hours
 */
#ifndef QUERY_BINS_H
#define QUERY_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define BINS_MAX	100000

/* "30s", "5m", "1h", "1d", "1w" into ms.  -1: ERR_SYNTAX. */
int	bin_span_parse(const char *text, int64_t *span_ms, struct err *err);

/* Bins side by side: bin i is [start[i], start[i + 1]), Unix ms. */
struct bins {
	int64_t	*start;		/* n + 1 of them, owned */
	size_t	 n;
	int64_t	 span_ms;
};

/*
 * The bins of [from_ms, to_ms], whole ones.  -1: more than BINS_MAX, a time
 * beyond all calendars, or out of memory; out is empty then.
 */
int	bins_make(struct bins *out, int64_t span_ms, bool utc,
	    int64_t from_ms, int64_t to_ms, struct err *err);
void	bins_clear(struct bins *b);

/* The bin that holds a moment of [start[0], start[n]). */
size_t	bins_find(const struct bins *b, int64_t ms);

/* Moves the ends of a window, both inclusive, outwards to those of bins. */
int64_t	bin_first_ms(int64_t span_ms, bool utc, int64_t ms);
int64_t	bin_last_ms(int64_t span_ms, bool utc, int64_t ms);

#endif
