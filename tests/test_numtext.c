/* Numbers and times as text, held against printf and strftime. */
#include "query/numtext.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query/row.h"
#include "query/timetext.h"
#include "query/utf8.h"
#include "tests/gen.h"

static void
expect(const char *got, size_t n, const char *want)
{
	cr_expect(strlen(want) == n && memcmp(got, want, n) == 0,
	    "got \"%.*s\", want \"%s\"", (int)n, got, want);
}

Test(numtext, integers)
{
	static const uint64_t edges[] = { 0, 9, 10, 99, 100, 999, 1000,
		UINT32_MAX, UINT64_C(1) << 53, INT64_MAX, UINT64_MAX };
	char got[NUMBER_TEXT_MAX], want[40];
	uint64_t state = 1, v;

	for (size_t i = 0; i < 2000; i++) {
		v = i < sizeof(edges) / sizeof(edges[0]) ? edges[i] :
		    gen_random(&state) >> i % 64;
		(void)snprintf(want, sizeof(want), "%" PRIu64, v);
		expect(got, uint_text(v, got), want);
		(void)snprintf(want, sizeof(want), "%" PRId64, (int64_t)v);
		expect(got, int_text((int64_t)v, got), want);
	}
}

/* nfdump's own way: a double through printf. */
static void
nfdump_scaled(uint64_t v, char *want)
{
	if (v < 1000000)
		(void)sprintf(want, "%" PRIu64, v);
	else if (v < 1000000000)
		(void)sprintf(want, "%.1f M", (double)v / 1e6);
	else if (v < 1000000000000)
		(void)sprintf(want, "%.1f G", (double)v / 1e9);
	else
		(void)sprintf(want, "%.1f T", (double)v / 1e12);
}

Test(numtext, scaled)
{
	char got[NUMBER_TEXT_MAX], want[40];
	uint64_t state = 7;

	/* all halves of the first decades, where rounding can go wrong */
	for (uint64_t v = 950000; v < 12000000; v += 50000) {
		for (uint64_t unit = 1; unit <= 1000000; unit *= 1000) {
			nfdump_scaled(v * unit, want);
			expect(got, scaled_text(v * unit, got), want);
			nfdump_scaled(v * unit - 1, want);
			expect(got, scaled_text(v * unit - 1, got), want);
		}
	}
	for (size_t i = 0; i < 5000; i++) {
		uint64_t v = gen_random(&state) >> (11 + i % 40);

		nfdump_scaled(v, want);
		expect(got, scaled_text(v, got), want);
	}
}

Test(numtext, spans)
{
	char got[SPAN_TEXT_MAX];

	expect(got, span_text(0, got), "00:00:00.000");
	expect(got, span_text(86399999, got), "23:59:59.999");
	expect(got, span_text(90123455, got), "1d 01:02:03.455");
	expect(got, span_text(1999999500, got), "23d 03:33:19.500");
	expect(got, span_text(-5, got), "00:00:00.000");
	expect(got, span_text(INT64_MAX, got), "106751991167d 07:12:55.807");
	expect(got, seconds_text(1999999500, got), "1999999.500");
	expect(got, seconds_text(7, got), "0.007");
}

static void
check_times(struct timetext *t, bool utc)
{
	uint64_t state = 3;
	char got[TIME_TEXT_MAX], want[60], ms_want[80];

	for (int i = 0; i < 20000; i++) {
		/* 1972 to 2100, near each other and far apart */
		int64_t ms = 63072000000 + (int64_t)(gen_random(&state) %
		    (i % 2 == 0 ? 4039200000000 : 8000000));
		time_t sec = (time_t)(ms / 1000);
		struct tm tm;

		if (utc)
			(void)gmtime_r(&sec, &tm);
		else
			(void)localtime_r(&sec, &tm);
		(void)strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S", &tm);
		expect(got, time_text(t, ms, got), want);
		(void)snprintf(ms_want, sizeof(ms_want), "%s.%03d", want,
		    (int)(ms % 1000));
		expect(got, time_ms_text(t, ms, got), ms_want);
	}
}

Test(timetext, as_strftime)
{
	static struct timetext t;
	char got[TIME_TEXT_MAX];

	timetext_init(&t, true);
	check_times(&t, true);
	expect(got, time_ms_text(&t, -1, got), "1969-12-31 23:59:59.999");
	expect(got, time_text(&t, INT64_MAX, got), "292278994-08-17 07:12:55");
	expect(got, time_text(&t, INT64_MIN, got), "-292275055-05-16 16:47:04");
	cr_assert_eq(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	timetext_init(&t, false);
	check_times(&t, false);
	/* the hour that comes twice */
	expect(got, time_text(&t, 1792889999000, got), "2026-10-25 02:59:59");
	expect(got, time_text(&t, 1792890000000, got), "2026-10-25 02:00:00");
}

Test(row, rates)
{
	cr_expect_eq(rate_of(1500000, 8000, 15000), 800000);
	cr_expect_eq(span_of(3, 10), 7);
	cr_expect_eq(span_of(10, 3), 0);
	cr_expect_eq(span_of(INT64_MIN, INT64_MAX), INT64_MAX);
	cr_expect_eq(rate_of(1, 8000, 0), 0);
	cr_expect_eq(rate_of(1, 8000, -1), 0);
	cr_expect_eq(rate_of(-1, 8000, 1), 0);
	cr_expect_eq(rate_of(INT64_MAX, 8000, 8000), INT64_MAX);
	cr_expect_eq(rate_of(INT64_MAX, 8000, 1), INT64_MAX);
	cr_expect_eq(rate_of(INT64_C(1) << 53, 8000, 30000),
	    2401919801264264);
}

Test(utf8, clean)
{
	char out[60];

	/* overlong, surrogate, above U+10FFFF, cut short: byte by byte */
	static const char *const bad[] = { "\xc0\x80", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff" };
	static const char *const good[] = { "a", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(utf8_length(bad[i], strlen(bad[i])), 0, "%zu", i);
		cr_expect_eq(utf8_length(good[i], strlen(good[i])),
		    strlen(good[i]), "%zu", i);
	}
	(void)utf8_clean("G\033[31m\xffo\tx\xc2\x9b", 1, out, sizeof(out));
	cr_expect_str_eq(out, "G\xef\xbf\xbd[31m\xef\xbf\xbdo\xef\xbf\xbdx"
	    "\xef\xbf\xbd");
	(void)utf8_clean("a\tb\xff", 0, out, sizeof(out));
	cr_expect_str_eq(out, "a\tb\xef\xbf\xbd");
	cr_expect_eq(utf8_clean("abc\xff", 0, out, 5), 3);
	cr_expect_str_eq(out, "abc");
}
