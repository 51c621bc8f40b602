/*
 * Times as text: see timetext.h.  No zone in use has offsets of less than a
 * minute since 1972, and older flows don't exist; so all seconds of a minute
 * share its text.
 */
#include "query/timetext.h"

#include <string.h>
#include <time.h>

#include "query/numtext.h"

#define MINUTE_MS	60000
#define DAY_MINUTES	1440

void
timetext_init(struct timetext *t, bool utc)
{
	memset(t, 0, sizeof(*t));
	t->utc = utc;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Proleptic Gregorian date of a day since 1970, for any year: eras of 400
 * years that begin on March 1st, so that the leap day is a year's last.
 */
static void
civil(int64_t day, int64_t *year, unsigned *month, unsigned *mday)
{
	int64_t era = floor_div(day + 719468, 146097);
	unsigned doe = (unsigned)(day + 719468 - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*mday = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

/* Minutes that local time is ahead of UTC then. */
static int64_t
zone_minutes(int64_t minute)
{
	time_t at = (time_t)(minute * 60);
	struct tm tm;

	return localtime_r(&at, &tm) == NULL ? 0 : tm.tm_gmtoff / 60;
}

static void
fill(struct time_minute *m, int64_t minute, bool utc)
{
	int64_t local = minute + (utc ? 0 : zone_minutes(minute));
	int64_t day = floor_div(local, DAY_MINUTES), year;
	unsigned in_day = (unsigned)(local - day * DAY_MINUTES), month, mday;
	char *p = m->text;

	civil(day, &year, &month, &mday);
	if (year >= 0 && year <= 9999) {
		digits_text((unsigned)year, 4, p);
		p += 4;
	} else
		p += int_text(year, p);
	memcpy(p, "-00-00 00:00:", 13);
	digits_text(month, 2, p + 1);
	digits_text(mday, 2, p + 4);
	digits_text(in_day / 60, 2, p + 7);
	digits_text(in_day % 60, 2, p + 10);
	m->minute = minute;
	m->len = (size_t)(p + 13 - m->text);
}

size_t
time_text(struct timetext *t, int64_t ms, char out[TIME_TEXT_MAX])
{
	int64_t minute = floor_div(ms, MINUTE_MS);
	struct time_minute *m = &t->cache[(uint64_t)minute % TIME_CACHE];

	if (m->len == 0 || m->minute != minute)
		fill(m, minute, t->utc);
	memcpy(out, m->text, m->len);
	/* the first minute of all begins before INT64_MIN */
	digits_text((unsigned)((uint64_t)ms - (uint64_t)minute *
	    (uint64_t)MINUTE_MS) / 1000, 2,
	    out + m->len);
	return m->len + 2;
}

size_t
time_ms_text(struct timetext *t, int64_t ms, char out[TIME_TEXT_MAX])
{
	size_t n = time_text(t, ms, out);

	out[n] = '.';
	digits_text((unsigned)((uint64_t)ms - (uint64_t)floor_div(ms, 1000) *
	    1000), 3,
	    out + n + 1);
	return n + 4;
}
