/*
 * Bins of time: see bins.h.  The end of a bin is worked out from any moment in
 * it: the next multiple of the span on the clock as it runs then, corrected
 * when the clock is changed before that.  A row of bins is that step repeated.
 */
#include "query/bins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS		(INT64_C(86400) * 1000)
#define WEEK_MS		(7 * DAY_MS)
#define MONDAY_MS	(4 * DAY_MS)	/* 1970-01-05 */
#define JUMP_MS		(DAY_MS + 1)	/* no clock was set by more */
/* Years of five digits are a broken exporter's clock. */
#define TIME_MAX_MS	INT64_C(253402300799999)

int
bin_span_parse(const char *text, int64_t *span_ms, struct err *err)
{
	static const struct {
		char	unit;
		int64_t	ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 },
	    { 'd', DAY_MS }, { 'w', WEEK_MS } };
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	*span_ms = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (errno == 0 && end != text && v > 0 &&
		    (*end | 0x20) == units[i].unit && end[1] == '\0' &&
		    v <= WEEK_MS / units[i].ms)
			*span_ms = v * units[i].ms;
	}
	if (*span_ms > 0 && (DAY_MS % *span_ms == 0 || *span_ms == WEEK_MS))
		return 0;
	return err_at(err, 0, strlen(text) > 0 ? strlen(text) : 1,
	    "expected a length that divides a day, such as 30s, 5m, 1h, or "
	    "1d, 1w");
}

/* Milliseconds that the clock is ahead of UTC then. */
static int64_t
offset_ms(int64_t ms, bool utc)
{
	time_t t = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm;

	return utc || localtime_r(&t, &tm) == NULL ? 0 :
	    (int64_t)tm.tm_gmtoff * 1000;
}

/* The moment in (before, after] when the offset changes. */
static int64_t
find_jump(int64_t before, int64_t after)
{
	int64_t old = offset_ms(before, false);

	while (after - before > 1) {
		int64_t mid = before + (after - before) / 2;

		if (offset_ms(mid, false) == old)
			before = mid;
		else
			after = mid;
	}
	return after;
}

/* The smallest multiple on the clock that is >= clock. */
static int64_t
multiple_from(int64_t clock, int64_t span)
{
	int64_t over = (clock - (span == WEEK_MS ? MONDAY_MS : 0)) % span;

	if (over < 0)
		over += span;
	return over == 0 ? clock : clock + span - over;
}

/* When the bin ends that ms is in. */
static int64_t
next_bin(int64_t span, bool utc, int64_t ms)
{
	int64_t old = offset_ms(ms, utc), jump, now;
	int64_t multiple = multiple_from(ms + old + 1, span);

	if (utc || offset_ms(multiple - old, false) == old)
		return multiple - old;
	jump = find_jump(ms, multiple - old);
	now = offset_ms(jump, false);
	if (now > old)		/* set forward, perhaps over the multiple */
		return multiple <= jump + now ? jump : multiple - now;
	if (span <= old - now)	/* set back: multiples are shown again */
		multiple = multiple_from(jump + now, span);
	return multiple - now;
}

int64_t
bin_first_ms(int64_t span, bool utc, int64_t ms)
{
	int64_t at, next;

	if (ms < -TIME_MAX_MS || ms > TIME_MAX_MS)
		return ms;
	if (utc) {
		at = multiple_from(ms, span);
		return at == ms ? at : at - span;
	}
	/* from before any change of the clock that this bin may feel */
	next = next_bin(span, utc, ms - 2 * span - JUMP_MS);
	do {
		at = next;
		next = next_bin(span, utc, at);
	} while (next <= ms);
	return at;
}

int64_t
bin_last_ms(int64_t span, bool utc, int64_t ms)
{
	if (ms < -TIME_MAX_MS || ms > TIME_MAX_MS)
		return ms;
	return next_bin(span, utc, ms) - 1;
}

static int
too_many(int64_t from_ms, int64_t to_ms, struct err *err)
{
	char text[2][24] = { "", "" };
	int64_t ends[2] = { from_ms, to_ms };

	for (int i = 0; i < 2; i++) {
		time_t t = (time_t)(ends[i] / 1000);
		struct tm tm;

		if (gmtime_r(&t, &tm) != NULL)
			(void)strftime(text[i], sizeof(text[i]),
			    "%Y-%m-%dT%H:%M:%SZ", &tm);
	}
	return err_set(err, "--bin: more than %d bins from %s to %s: take a "
	    "longer --bin or a shorter -t", BINS_MAX, text[0], text[1]);
}

int
bins_make(struct bins *out, int64_t span, bool utc, int64_t from_ms,
    int64_t to_ms, struct err *err)
{
	int64_t at;
	size_t most;

	*out = (struct bins){ .span_ms = span };
	if (from_ms < -TIME_MAX_MS || to_ms > TIME_MAX_MS || from_ms > to_ms)
		return err_set(err, "--bin: the times of the flows are beyond "
		    "all calendars: give a window with -t");
	if ((to_ms - from_ms) / span >= BINS_MAX)
		return too_many(from_ms, to_ms, err);
	/* an end at each side, and bins that come twice */
	most = (size_t)((to_ms - from_ms + 2 * JUMP_MS) / span) + 3;
	out->start = malloc(most * sizeof(*out->start));
	if (out->start == NULL)
		return err_set(err, "out of memory");
	at = bin_first_ms(span, utc, from_ms);
	while (out->start[out->n] = at, at <= to_ms && out->n + 1 < most) {
		out->n++;
		at = next_bin(span, utc, at);
	}
	return 0;
}

void
bins_clear(struct bins *b)
{
	free(b->start);
	*b = (struct bins){ .start = NULL };
}

size_t
bins_find(const struct bins *b, int64_t ms)
{
	size_t i = (size_t)((ms - b->start[0]) / b->span_ms);

	/* changes of the clock move it by a bin or two */
	if (i >= b->n)
		i = b->n - 1;
	while (ms < b->start[i])
		i--;
	while (ms >= b->start[i + 1])
		i++;
	return i;
}
