/*
 * Texts of -t.  What is expected was worked out with date(1): date -u -d
 * '2026-11-23 05:52:14' +%s.
 */
#include "query/window.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPEN	INT64_MIN

/* Mon 2026-11-23 05:52:14 UTC */
#define NOW	INT64_C(1795413134000)

static void
set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

struct window_case {
	const char *text;
	int64_t from, to;	/* seconds; to: the last whole one, .999 */
};

static void
check(const struct window_case *c, bool utc)
{
	struct window w;
	struct err err;

	cr_assert_eq(window_parse(c->text, NOW, utc, &w, &err), 0, "%s: %s",
	    c->text, err.msg);
	cr_expect_eq(w.relative, WINDOW_FIXED);
	cr_expect_eq(w.has_from, c->from != OPEN, "%s", c->text);
	cr_expect_eq(w.has_to, c->to != OPEN, "%s", c->text);
	if (w.has_from)
		cr_expect_eq(w.from_ms, c->from * 1000,
		    "%s: from %" PRId64 ", not %" PRId64, c->text, w.from_ms,
		    c->from * 1000);
	if (w.has_to)
		cr_expect_eq(w.to_ms, c->to * 1000 + 999,
		    "%s: to %" PRId64 ", not %" PRId64, c->text, w.to_ms,
		    c->to * 1000 + 999);
}

static const struct window_case in_utc[] = {
	/* nfdump's form and its truncations */
	{ "2026/11/23.05:52:14-2026/11/23.05:53:00", 1795413134, 1795413180 },
	{ "2026/11/23.05:52-2026/11/23.05:53", 1795413120, 1795413239 },
	{ "2026/11/23.05-2026/11/23.06", 1795410000, 1795417199 },
	{ "2026/11/23-2026/11/24", 1795392000, 1795564799 },
	{ "2026/11-2026/12", 1793491200, 1798761599 },
	{ "2026-2027", 1767225600, 1830297599 },
	{ "2026/11/23.05:52:14-2026/11/24", 1795413134, 1795564799 },
	{ "2026/11/23.05:52:14", 1795413134, 1795413134 },
	{ "2026/11/23.05:52", 1795413120, 1795413179 },
	{ "2026/11/23.05", 1795410000, 1795413599 },
	{ "2026/11/23", 1795392000, 1795478399 },
	{ "2026/11", 1793491200, 1796083199 },
	{ "2026", 1767225600, 1798761599 },
	{ "2026/11/23.05:52-", 1795413120, OPEN },
	{ "2024/02", 1706745600, 1709251199 },
	{ "2024/02/29", 1709164800, 1709251199 },
	/* ISO 8601 */
	{ "2026-11-23T05:52:14Z", 1795413134, 1795413134 },
	{ "2026-11-23t05:52z", 1795413120, 1795413179 },
	{ "2026-11-23 05:52:14", 1795413134, 1795413134 },
	{ "2026-11-23 05:52", 1795413120, 1795413179 },
	{ "2026-11-23T05", 1795410000, 1795413599 },
	{ "2026-11-23", 1795392000, 1795478399 },
	{ "2026-11", 1793491200, 1796083199 },
	{ "2026-11-23T05:52:14+02:00", 1795405934, 1795405934 },
	{ "2026-11-23T05:52+0200", 1795405920, 1795405979 },
	{ "2026-11-23T05:52:14-05:30", 1795432934, 1795432934 },
	{ "2026-11-23T05:52:14+02", 1795405934, 1795405934 },
	{ "2026-11-23 05:52:14 +02:00", 1795405934, 1795405934 },
	{ "2026-11-23T05:52..2026-11-23T06:00", 1795413120, 1795413659 },
	{ "2026-11-23 05:52 - 2026-11-23 06:00", 1795413120, 1795413659 },
	{ "2026-11-23 to 2026-11-24", 1795392000, 1795564799 },
	{ "2026-11-23-2026-11-24", 1795392000, 1795564799 },
	{ "2026-11-23T05:52:14-2026-11-24T00:00:00", 1795413134, 1795478400 },
	{ "2026-11-23..", 1795392000, OPEN },
	{ "..2026-11-23", OPEN, 1795478399 },
	{ " 2026-11-23 .. 2026-11-24 ", 1795392000, 1795564799 },
	{ "2026-11-23-", 1795392000, OPEN },
	{ "2026/11/23..2026-11-24", 1795392000, 1795564799 },
	{ "2026-11-23/2026-11-24", 1795392000, 1795564799 },
	{ "2026-11-23/2026/11/24", 1795392000, 1795564799 },
	{ "2026-11-23T05:52Z/2026-11-23T06:00Z", 1795413120, 1795413659 },
	{ "2026-11-23T05:52:14+02:00 / 2026-11", 1795405934, 1796083199 },
	/* seconds since 1970 */
	{ "@1795413134", 1795413134, 1795413134 },
	{ "@1795413134..@1795413180", 1795413134, 1795413180 },
	{ "@1795413134-@1795413180", 1795413134, 1795413180 },
	{ "@1795413134/@1795413180", 1795413134, 1795413180 },
	{ "@0 to 2026-11-23", 0, 1795478399 },
	{ "@1795413134..", 1795413134, OPEN },
	{ "..@1795413134", OPEN, 1795413134 },
	/* words */
	{ "today", 1795392000, 1795478399 },
	{ "Yesterday", 1795305600, 1795391999 },
	{ "yesterday..today", 1795305600, 1795478399 },
	{ "yesterday..", 1795305600, OPEN },
};

Test(window, utc)
{
	/* utc wins over TZ */
	set_zone("America/New_York");
	for (size_t i = 0; i < sizeof(in_utc) / sizeof(in_utc[0]); i++)
		check(&in_utc[i], true);
}

Test(window, tz_utc)
{
	set_zone("UTC");
	for (size_t i = 0; i < sizeof(in_utc) / sizeof(in_utc[0]); i++)
		check(&in_utc[i], false);
}

/*
 * Brussels is UTC+1, and UTC+2 from Sun 2026-03-29 01:00Z (02:00 -> 03:00) to
 * Sun 2026-10-25 01:00Z (03:00 -> 02:00).
 */
static const struct window_case in_brussels[] = {
	{ "2026-11-23T06:52:14", 1795413134, 1795413134 },
	{ "2026/07/01.12-2026/07/01.13", 1782900000, 1782907199 },
	{ "today", 1795388400, 1795474799 },
	/* an offset in the text wins */
	{ "2026-07-01T12:00Z", 1782907200, 1782907259 },
	{ "2026-07-01T12Z", 1782907200, 1782910799 },
	{ "2026-07-01T12:00+05:00", 1782889200, 1782889259 },
	/* spring: the day has 23 hours */
	{ "2026/03/29", 1774738800, 1774821599 },
	{ "2026/03/29.01", 1774742400, 1774745999 },
	{ "2026/03/29.01:59:59", 1774745999, 1774745999 },
	{ "2026/03/29.03", 1774746000, 1774749599 },
	{ "2026/03/29.01:30-2026/03/29.03:30", 1774744200, 1774747859 },
	/* autumn: the day has 25 hours; 02:30 comes twice */
	{ "2026/10/25", 1792879200, 1792969199 },
	{ "2026/10/25.01", 1792882800, 1792886399 },
	{ "2026/10/25.01:59", 1792886340, 1792886399 },
	{ "2026/10/25.02", 1792886400, 1792893599 },
	{ "2026/10/25.02:30-2026/10/25.02:45", 1792888200, 1792892759 },
	{ "2026/10/25.02:30..", 1792888200, OPEN },
	{ "..2026/10/25.02:30:00", OPEN, 1792891800 },
	{ "2026/10/25.03", 1792893600, 1792897199 },
	{ "2026-10-25T02:30+02:00", 1792888200, 1792888259 },
	{ "2026-10-25T02:30+01:00", 1792891800, 1792891859 },
	{ "2026/10", 1790805600, 1793487599 },
};

Test(window, brussels)
{
	set_zone("Europe/Brussels");
	for (size_t i = 0; i < sizeof(in_brussels) / sizeof(in_brussels[0]);
	    i++)
		check(&in_brussels[i], false);
}

/* A local time that is skipped is the moment of the jump. */
Test(window, skipped_hour)
{
	static const char *const texts[] = { "2026/03/29.02:30:00",
		"2026/03/29.02:00:00", "2026/03/29.02:59:59",
		"2026/03/29.02" };
	int64_t lo, hi;

	set_zone("Europe/Brussels");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_assert_eq(window_instant(texts[i], strlen(texts[i]), false,
		    &lo, &hi), 0);
		cr_expect_eq(lo, INT64_C(1774746000000), "%s", texts[i]);
		cr_expect_eq(hi, INT64_C(1774746000000), "%s", texts[i]);
	}
}

/*
 * Against the C library: moments all over two years in zones with odd rules
 * come back as windows that hold them.
 */
Test(window, zones)
{
	static const char *const zones[] = { "Europe/Brussels",
		"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Africa/Casablanca", "America/Havana", "Asia/Beirut",
		"Pacific/Apia", "UTC" };

	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		set_zone(zones[z]);
		for (time_t t = 1735689600; t < 1798761600; t += 9900) {
			char text[40];
			struct tm tm;
			int64_t lo, hi;

			localtime_r(&t, &tm);
			strftime(text, sizeof(text), "%Y/%m/%d.%H:%M:%S",
			    &tm);
			cr_assert_eq(window_instant(text, strlen(text),
			    false, &lo, &hi), 0, "%s", text);
			cr_assert(lo <= t * 1000 && t * 1000 <= hi, "%s %s",
			    zones[z], text);
			/* as long as the second, or both passes of it */
			cr_assert(hi - lo == 999 || hi - lo == 3600999 ||
			    hi - lo == 1800999, "%s %s %" PRId64, zones[z],
			    text, hi - lo);
			strftime(text, sizeof(text), "%Y-%m-%d", &tm);
			cr_assert_eq(window_instant(text, strlen(text),
			    false, &lo, &hi), 0);
			cr_assert(lo <= t * 1000 && t * 1000 <= hi, "%s %s",
			    zones[z], text);
		}
	}
}

Test(window, fraction)
{
	static const struct {
		const char *text;
		int64_t lo, hi;		/* ms behind 05:52:14 */
	} cases[] = {
		{ "2026-11-23T05:52:14.5Z", 500, 599 },
		{ "2026-11-23T05:52:14.25Z", 250, 259 },
		{ "2026-11-23T05:52:14,250Z", 250, 250 },
		{ "2026-11-23T05:52:14.250999Z", 250, 250 },
		{ "2026/11/23.05:52:14.007", 7, 7 },
	};
	int64_t lo, hi;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(window_instant(cases[i].text,
		    strlen(cases[i].text), true, &lo, &hi), 0);
		cr_expect_eq(lo - NOW, cases[i].lo, "%s", cases[i].text);
		cr_expect_eq(hi - NOW, cases[i].hi, "%s", cases[i].text);
	}
}

static const struct {
	const char *text;
	int64_t back_sec;
} lasts[] = {
	{ "last 2h", 7200 }, { "last 30m", 1800 }, { "last 90 s", 90 },
	{ "last 7d", 604800 }, { "last 1w", 604800 }, { "last week", 604800 },
	{ "LAST 15 minutes", 900 }, { "last hour", 3600 },
	{ " last  2 days ", 172800 },
};

Test(window, last)
{
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
		struct window w;
		struct err err;

		cr_assert_eq(window_parse(lasts[i].text, NOW, false, &w,
		    &err), 0, "%s: %s", lasts[i].text, err.msg);
		cr_expect_eq(w.to_ms, NOW);
		cr_expect_eq(w.from_ms, NOW - lasts[i].back_sec * 1000, "%s",
		    lasts[i].text);
	}
}

Test(window, unix_fraction)
{
	struct window w;
	struct err err;

	cr_assert_eq(window_parse("@1795413134.25/@1795413134.5", NOW, false,
	    &w, &err), 0);
	cr_expect_eq(w.from_ms, NOW + 250);
	cr_expect_eq(w.to_ms, NOW + 599);
}

Test(window, now)
{
	struct window w;
	struct err err;

	cr_assert_eq(window_parse("2026-11-23..now", NOW, true, &w, &err), 0);
	cr_expect_eq(w.to_ms, NOW);
	cr_assert_eq(window_parse("now..", NOW, true, &w, &err), 0);
	cr_expect_eq(w.from_ms, NOW);
	cr_expect(!w.has_to);
}

Test(window, of_the_data)
{
	struct window w;
	struct err err;

	cr_assert_eq(window_parse("+300", NOW, false, &w, &err), 0);
	cr_expect_eq(w.relative, WINDOW_FIRST);
	cr_expect_eq(w.span_ms, 300000);
	cr_assert_eq(window_parse("-60", NOW, false, &w, &err), 0);
	cr_expect_eq(w.relative, WINDOW_LAST);
	cr_expect_eq(w.span_ms, 60000);
	cr_expect(!w.has_from && !w.has_to);
}

static const struct {
	const char *text;
	size_t offset, length;
	const char *message;
} bad[] = {
	{ "", 0, 1, "not a time: write" },
	{ "   ", 3, 1, "not a time" },
	{ "tomorrow", 0, 8, "not a time" },
	{ "2026/13/01", 0, 10, "not a time" },
	{ "2026/02/29", 0, 10, "not a time" },
	{ "2026/11/23.24", 0, 13, "not a time" },
	{ "2026/11/23.05:60", 0, 16, "not a time" },
	{ "1969", 0, 4, "not a time" },
	{ "05:52", 0, 5, "not a time" },
	{ "2026/11/23.05:52:14-05:53:00", 20, 8, "not a time" },
	{ "2026/11/23.05:52-06:00", 17, 5, "not a time" },
	{ "2026/11/23.05:52-12:10", 17, 5, "not a time" },
	{ "2026/11/23.05:52+02:00", 0, 22, "not a time" },
	{ "2026/11/23.05:52:1x-2026/11/24", 0, 19, "not a time" },
	{ "2026-11-23/2026-11-31", 11, 10, "not a time" },
	{ "2026-11-24/2026-11-23", 0, 21, "ends before it begins" },
	{ "2026/11-23/2026", 8, 7, "not a time" },
	{ "@", 0, 1, "not a time" },
	{ "@17954131x", 0, 10, "not a time" },
	{ "@1795413134.", 0, 12, "not a time" },
	{ "@7258118400", 0, 11, "not a time" },
	{ "@99999999999999999999", 0, 21, "not a time" },
	{ "1795413134", 0, 10, "@1795413120" },
	{ "2026-11-23T05:52..soon", 18, 4, "not a time" },
	{ "2026-11-23T05:52+99", 0, 19, "not a time" },
	{ "2026-11-24..2026-11-23", 0, 22, "ends before it begins" },
	{ "2026/11/24-2026/11/23", 0, 21, "ends before it begins" },
	{ "last", 0, 4, "not a time" },
	{ "last 2", 5, 1, "expected a length behind last" },
	{ "last 2x", 5, 2, "expected a length behind last" },
	{ "last 0h", 5, 2, "expected a length behind last" },
	{ "+0", 0, 2, "expected a number of seconds" },
	{ " -00", 1, 3, "expected a number of seconds" },
	{ "last 99999999999999h", 5, 15, "expected a length behind last" },
	{ "+", 0, 1, "not a time" },
	{ "-99999999999999999999", 0, 21, "not a time" },
	{ "2026-11-23T05:52:14.", 0, 20, "not a time" },
};

Test(window, bad)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct window w;
		struct err err;

		cr_expect_eq(window_parse(bad[i].text, NOW, false, &w, &err),
		    -1, "%s", bad[i].text);
		cr_expect_eq(err.code, ERR_SYNTAX);
		cr_expect_eq(err.offset, bad[i].offset, "%s: %zu",
		    bad[i].text, err.offset);
		cr_expect_eq(err.length, bad[i].length, "%s: %zu",
		    bad[i].text, err.length);
		cr_expect_not_null(strstr(err.msg, bad[i].message), "%s: %s",
		    bad[i].text, err.msg);
	}
}

/* Any bytes: an answer or an error, and a place in the text. */
Test(window, garbage)
{
	static const char bytes[] = "0123456789-/.:TZ+@ nowlasthdy\xff,";
	uint64_t x = 1;

	for (int i = 0; i < 200000; i++) {
		char text[24];
		size_t n;
		struct window w;
		struct err err;

		x = x * UINT64_C(6364136223846793005) + 1;
		n = x >> 60;
		for (size_t k = 0; k < n; k++) {
			x = x * UINT64_C(6364136223846793005) + 1;
			text[k] = bytes[(x >> 33) % (sizeof(bytes) - 1)];
		}
		text[n] = '\0';
		if (window_parse(text, NOW, true, &w, &err) == -1)
			cr_assert_leq(err.offset, n);
	}
}
