/*
 * Bins on the clocks of places that change theirs; expected starts come from
 * the zones' rules by hand (UTC).  brute --bin knows clocks that stand still.
 */
#include "query/bins.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t HOUR = 3600000;

/* "2016-03-27T01:00:00Z" */
static int64_t
ms(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	cr_assert(end != NULL && *end == '\0', "%s", text);
	return (int64_t)timegm(&tm) * 1000;
}

static void
set_zone(const char *zone)
{
	cr_assert_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

/* The bins of [from, to] start at these times and no others. */
static void
expect(const char *span, const char *from, const char *to,
    const char *const *starts)
{
	struct bins b;
	struct err err;
	int64_t length;
	size_t n = 0;

	cr_assert_eq(bin_span_parse(span, &length, &err), 0, "%s", err.msg);
	cr_assert_eq(bins_make(&b, length, false, ms(from), ms(to), &err), 0,
	    "%s", err.msg);
	for (; starts[n] != NULL; n++) {
		cr_assert_leq(n, b.n, "%s: too few", span);
		cr_expect_eq(b.start[n], ms(starts[n]),
		    "%s, bin %zu: got %lld, want %s", span, n,
		    (long long)b.start[n] / 1000, starts[n]);
	}
	/* the last text is the end of the last bin */
	cr_expect_eq(b.n + 1, n, "%s: %zu bins", span, b.n);
	for (size_t i = 0; i < b.n; i++) {
		cr_expect_eq(bins_find(&b, b.start[i]), i);
		cr_expect_eq(bins_find(&b, b.start[i + 1] - 1), i);
		cr_expect_eq(bin_first_ms(length, false, b.start[i]),
		    b.start[i]);
		cr_expect_eq(bin_first_ms(length, false, b.start[i + 1] - 1),
		    b.start[i]);
		cr_expect_eq(bin_last_ms(length, false, b.start[i]),
		    b.start[i + 1] - 1);
	}
	bins_clear(&b);
}

#define EXPECT(span, from, to, ...) \
	expect(span, from, to, (const char *const []){ __VA_ARGS__, NULL })

Test(bins, days_of_23_24_and_25_hours)
{
	set_zone("Europe/Brussels");
	EXPECT("1d", "2016-03-26T12:00:00Z", "2016-03-28T12:00:00Z",
	    "2016-03-25T23:00:00Z", "2016-03-26T23:00:00Z",
	    "2016-03-27T22:00:00Z", "2016-03-28T22:00:00Z");
	EXPECT("1d", "2016-10-29T12:00:00Z", "2016-10-31T12:00:00Z",
	    "2016-10-28T22:00:00Z", "2016-10-29T22:00:00Z",
	    "2016-10-30T23:00:00Z", "2016-10-31T23:00:00Z");
	/* weeks begin on Monday, here those of 7 * 24 + 1 and - 1 hours */
	EXPECT("1w", "2016-03-23T00:00:00Z", "2016-03-29T00:00:00Z",
	    "2016-03-20T23:00:00Z", "2016-03-27T22:00:00Z",
	    "2016-04-03T22:00:00Z");
}

Test(bins, hours_around_a_jump)
{
	set_zone("Europe/Brussels");
	EXPECT("1h", "2016-03-27T00:30:00Z", "2016-03-27T01:30:00Z",
	    "2016-03-27T00:00:00Z", "2016-03-27T01:00:00Z",
	    "2016-03-27T02:00:00Z");
	EXPECT("1h", "2016-10-30T00:30:00Z", "2016-10-30T01:30:00Z",
	    "2016-10-30T00:00:00Z", "2016-10-30T01:00:00Z",
	    "2016-10-30T02:00:00Z");
	/* 02:00 is skipped; then 00:00, 02:00 (three hours), 04:00 */
	EXPECT("2h", "2016-03-26T23:30:00Z", "2016-03-27T01:30:00Z",
	    "2016-03-26T23:00:00Z", "2016-03-27T01:00:00Z",
	    "2016-03-27T02:00:00Z");
	EXPECT("2h", "2016-10-29T22:30:00Z", "2016-10-30T03:30:00Z",
	    "2016-10-29T22:00:00Z", "2016-10-30T00:00:00Z",
	    "2016-10-30T03:00:00Z", "2016-10-30T05:00:00Z");
	EXPECT("6h", "2016-10-29T22:30:00Z", "2016-10-30T06:00:00Z",
	    "2016-10-29T22:00:00Z", "2016-10-30T05:00:00Z",
	    "2016-10-30T11:00:00Z");
}

Test(bins, midnight_that_is_skipped_or_comes_twice)
{
	/* 2017-10-15 00:00 -> 01:00; 2018-02-18 00:00 -> 23:00 */
	set_zone("America/Sao_Paulo");
	EXPECT("1d", "2017-10-14T12:00:00Z", "2017-10-15T12:00:00Z",
	    "2017-10-14T03:00:00Z", "2017-10-15T03:00:00Z",
	    "2017-10-16T02:00:00Z");
	EXPECT("1d", "2018-02-17T12:00:00Z", "2018-02-18T12:00:00Z",
	    "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z",
	    "2018-02-19T03:00:00Z");
	/* 2016-11-06 01:00 -> 00:00 */
	set_zone("America/Havana");
	EXPECT("1d", "2016-11-06T12:00:00Z", "2016-11-06T12:00:00Z",
	    "2016-11-06T04:00:00Z", "2016-11-07T05:00:00Z");
	/* Saturday 2011-12-31 follows Thursday */
	set_zone("Pacific/Apia");
	EXPECT("1d", "2011-12-29T12:00:00Z", "2011-12-30T12:00:00Z",
	    "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z",
	    "2011-12-31T10:00:00Z");
}

Test(bins, half_hours)
{
	/* 2016-04-03 02:00 +11 -> 01:30 +10:30 */
	set_zone("Australia/Lord_Howe");
	EXPECT("1h", "2016-04-02T14:10:00Z", "2016-04-02T15:40:00Z",
	    "2016-04-02T14:00:00Z", "2016-04-02T15:30:00Z",
	    "2016-04-02T16:30:00Z");
	EXPECT("30m", "2016-04-02T14:40:00Z", "2016-04-02T15:10:00Z",
	    "2016-04-02T14:30:00Z", "2016-04-02T15:00:00Z",
	    "2016-04-02T15:30:00Z");
	set_zone("Asia/Kolkata");
	EXPECT("1h", "2016-04-10T12:00:00Z", "2016-04-10T12:31:00Z",
	    "2016-04-10T11:30:00Z", "2016-04-10T12:30:00Z",
	    "2016-04-10T13:30:00Z");
}

Test(bins, utc_knows_no_jumps)
{
	struct bins b;
	struct err err;
	int64_t from = ms("2016-03-27T00:30:00Z");

	set_zone("Europe/Brussels");
	cr_assert_eq(bins_make(&b, 24 * HOUR, true, from, from + 24 * HOUR,
	    &err), 0);
	cr_expect_eq(b.n, 2);
	cr_expect_eq(b.start[0], ms("2016-03-27T00:00:00Z"));
	cr_expect_eq(b.start[2], ms("2016-03-29T00:00:00Z"));
	bins_clear(&b);
	/* before 1970 too */
	cr_expect_eq(bin_first_ms(HOUR, true, -1), -HOUR);
	cr_expect_eq(bin_last_ms(HOUR, true, -1), -1);
}

/* A year of bins: side by side, none longer or shorter than the jump. */
Test(bins, a_year_has_no_gaps)
{
	static const int64_t spans[] = { 300000, HOUR, 2 * HOUR, 8 * HOUR };
	struct bins b;
	struct err err;

	set_zone("Europe/Brussels");
	for (size_t k = 0; k < sizeof(spans) / sizeof(spans[0]); k++) {
		int64_t from = ms("2016-02-01T00:00:00Z");
		int64_t to = from + (k == 0 ? 300 : 366) * 24 * HOUR;

		cr_assert_eq(bins_make(&b, spans[k], false, from, to, &err), 0,
		    "%s", err.msg);
		cr_expect_gt(b.start[b.n], to);
		for (size_t i = 0; i < b.n; i++) {
			int64_t length = b.start[i + 1] - b.start[i];

			cr_expect(length > 0 && llabs(length - spans[k]) <=
			    HOUR, "%zu: %lld", i, (long long)length);
			cr_expect_eq(bins_find(&b, b.start[i]), i);
		}
		bins_clear(&b);
	}
}

Test(bins, bounds)
{
	struct bins b;
	struct err err;

	cr_expect_eq(bins_make(&b, 1000, true, 0, INT64_C(1000) * BINS_MAX - 1,
	    &err), 0);
	cr_expect_eq(b.n, BINS_MAX);
	bins_clear(&b);
	cr_expect_eq(bins_make(&b, 1000, true, 0, INT64_C(1000) * BINS_MAX,
	    &err), -1);
	cr_expect(strstr(err.msg, "from 1970-01-01T00:00:00Z to 1970-01-02T"
	    "03:46:40Z") != NULL, "%s", err.msg);
	cr_expect_eq(bins_make(&b, 1000, false, INT64_MIN, INT64_MAX, &err),
	    -1);
	cr_expect_eq(bins_make(&b, 1000, false, 0, INT64_MAX, &err), -1);
	cr_expect_eq(bin_first_ms(1000, false, INT64_MIN), INT64_MIN);
	cr_expect_eq(bin_last_ms(1000, false, INT64_MAX), INT64_MAX);
}

Test(bins, spans)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "1s", 1000 }, { "30s", 30000 }, { "5m", 300000 },
		{ "300s", 300000 }, { "1H", HOUR }, { "24h", 24 * HOUR },
		{ "1d", 24 * HOUR }, { "7d", 168 * HOUR },
		{ "1w", 168 * HOUR } };
	static const char *const bad[] = { "", "5", "m", "0m", "-5m", "7m",
		"2d", "2w", "5mm", "5 m", "1.5h", "5x", "99999999999999999999s",
		"9223372036854775807w" };
	struct err err;
	int64_t span;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect_eq(bin_span_parse(good[i].text, &span, &err), 0,
		    "%s", good[i].text);
		cr_expect_eq(span, good[i].ms, "%s", good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(bin_span_parse(bad[i], &span, &err), -1, "%s",
		    bad[i]);
		cr_expect_eq(err.code, ERR_SYNTAX);
	}
}
