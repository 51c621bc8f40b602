/* Windows of time: see window.h. */
#include "query/window.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define YEAR_MIN	1970
#define YEAR_MAX	2199
#define UNIX_MAX	INT64_C(7258118399)	/* its end */

enum unit { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND };

/* A time as written: fields and the last one that was given. */
struct stamp {
	int		field[6];	/* by enum unit */
	enum unit	last;
	int64_t		ms;		/* fraction of the second */
	int64_t		ms_unit;	/* length of its last digit; 0: none */
	bool		has_offset;
	int64_t		offset_sec;
};

struct reader {
	const char	*p;
	const char	*end;
};

/* The next n digits as a number, or -1. */
static int
digits(struct reader *r, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (r->p + i >= r->end || r->p[i] < '0' || r->p[i] > '9')
			return -1;
		v = v * 10 + (r->p[i] - '0');
	}
	r->p += n;
	return v;
}

static bool
take(struct reader *r, const char *any)
{
	if (r->p < r->end && *r->p != '\0' && strchr(any, *r->p) != NULL) {
		r->p++;
		return true;
	}
	return false;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* ".25": milliseconds, further digits are cut. */
static int
read_fraction(struct reader *r, struct stamp *s)
{
	int64_t unit = 1000;
	int d = digits(r, 1);

	if (d == -1)
		return -1;
	for (; d != -1; d = digits(r, 1)) {
		if (unit > 1) {
			unit /= 10;
			s->ms += d * unit;
		}
	}
	s->ms_unit = unit;
	return 0;
}

/* "Z", "+02", "+02:00", "-0530". */
static int
read_offset(struct reader *r, struct stamp *s)
{
	int sign, h, m = 0;

	if (take(r, "Zz")) {
		s->has_offset = true;
		return 0;
	}
	if (r->p == r->end)
		return 0;
	sign = *r->p == '-' ? -1 : 1;
	if (!take(r, "+-"))
		return -1;
	h = digits(r, 2);
	if (h > 14 || h == -1)
		return -1;
	if (r->p < r->end) {
		(void)take(r, ":");
		m = digits(r, 2);
		if (m > 59 || m == -1)
			return -1;
	}
	s->has_offset = true;
	s->offset_sec = (int64_t)sign * (h * 3600 + m * 60);
	return 0;
}

static int
read_clock(struct reader *r, struct stamp *s)
{
	static const int max[6] = { 0, 0, 0, 23, 59, 59 };

	for (enum unit u = HOUR; u <= SECOND; u++) {
		s->field[u] = digits(r, 2);
		if (s->field[u] == -1 || s->field[u] > max[u])
			return -1;
		s->last = u;
		if (u < SECOND && !take(r, ":"))
			break;
	}
	if (s->last == SECOND && take(r, ".,") && read_fraction(r, s) == -1)
		return -1;
	return 0;
}

static int
read_stamp(const char *text, size_t len, struct stamp *s)
{
	struct reader r = { text, text + len };
	const char *sep;

	*s = (struct stamp){ .field = { 0, 1, 1, 0, 0, 0 } };
	s->field[YEAR] = digits(&r, 4);
	s->last = YEAR;
	if (s->field[YEAR] < YEAR_MIN || s->field[YEAR] > YEAR_MAX)
		return -1;
	if (r.p == r.end)
		return 0;
	sep = *r.p == '/' ? "/" : "-";
	for (enum unit u = MONTH; u <= DAY && take(&r, sep); u++) {
		s->field[u] = digits(&r, 2);
		s->last = u;
		if (s->field[u] < 1)
			return -1;
	}
	if (s->field[MONTH] > 12 ||
	    s->field[DAY] > days_in(s->field[YEAR], s->field[MONTH]))
		return -1;
	if (s->last == DAY && r.p < r.end && take(&r, "Tt .")) {
		if (read_clock(&r, s) == -1)
			return -1;
		(void)take(&r, " ");
	}
	/*
	 * Behind an hour alone "-06" is the end of a window, but Z is a zone;
	 * and so is "-06:00" with nfdump's dates, which know no offsets.
	 */
	if (r.p < r.end && (s->last < HOUR ||
	    ((s->last == HOUR || *sep == '/') && (*r.p | 0x20) != 'z') ||
	    read_offset(&r, s) == -1))
		return -1;
	return r.p == r.end ? 0 : -1;
}

static struct tm
to_tm(const int field[6])
{
	struct tm tm = { .tm_year = field[YEAR] - 1900,
		.tm_mon = field[MONTH] - 1, .tm_mday = field[DAY],
		.tm_hour = field[HOUR], .tm_min = field[MINUTE],
		.tm_sec = field[SECOND] };

	return tm;
}

/* The moment in (before, after] when the zone's offset changes. */
static time_t
find_jump(time_t before, time_t after)
{
	struct tm b, m;

	if (localtime_r(&before, &b) == NULL)
		return after;
	while (after - before > 1) {
		time_t mid = before + (after - before) / 2;

		if (localtime_r(&mid, &m) == NULL)
			return after;
		if (m.tm_gmtoff == b.tm_gmtoff)
			before = mid;
		else
			after = mid;
	}
	return after;
}

/*
 * A local time is 0, 1 or 2 moments: mktime is asked with summer time, without
 * and undecided, and believed when the way back gives the same clock.
 */
static void
from_local(const struct tm *want, time_t *first, time_t *second)
{
	time_t low = 0, high = 0, t;
	bool found = false;

	for (int dst = -1; dst <= 1; dst++) {
		struct tm ask = *want, got;

		ask.tm_isdst = dst;
		t = mktime(&ask);
		if (dst == -1 || t < low)
			low = t;
		if (dst == -1 || t > high)
			high = t;
		if (localtime_r(&t, &got) == NULL ||
		    got.tm_mday != want->tm_mday ||
		    got.tm_hour != want->tm_hour ||
		    got.tm_min != want->tm_min)
			continue;
		if (!found || t < *first)
			*first = t;
		if (!found || t > *second)
			*second = t;
		found = true;
	}
	if (!found)
		*first = *second = find_jump(low, high);
}

/* Adds one of the stamp's last unit; mktime and timegm carry. */
static struct tm
next_unit(const struct stamp *s)
{
	struct tm tm;
	int field[6];

	memcpy(field, s->field, sizeof(field));
	field[s->last]++;
	tm = to_tm(field);
	(void)timegm(&tm);
	return tm;
}

int
window_instant(const char *text, size_t len, bool utc, int64_t *lo,
    int64_t *hi)
{
	struct stamp s;
	struct tm tm, after;
	time_t first, second, end, ignored;

	if (read_stamp(text, len, &s) == -1)
		return -1;
	tm = to_tm(s.field);
	after = next_unit(&s);
	if (s.has_offset || utc) {
		first = second = timegm(&tm) - (time_t)s.offset_sec;
		end = timegm(&after) - (time_t)s.offset_sec;
	} else {
		from_local(&tm, &first, &second);
		from_local(&after, &ignored, &end);
		/* a next unit that begins twice follows an hour that came
		 * once: its first begin is meant */
		if (ignored != end && first == second)
			end = ignored;
	}
	*lo = (int64_t)first * 1000 + s.ms;
	*hi = s.ms_unit > 0 ? (int64_t)second * 1000 + s.ms + s.ms_unit - 1 :
	    (int64_t)end * 1000 - 1;
	if (*hi < *lo)
		*hi = *lo;
	return 0;
}

/* A slice of the text of -t. */
struct span {
	const char	*text;
	size_t		 at;
	size_t		 len;
};

static struct span
trim(struct span s)
{
	while (s.len > 0 && s.text[s.at] == ' ') {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && s.text[s.at + s.len - 1] == ' ')
		s.len--;
	return s;
}

static bool
span_is(struct span s, const char *word)
{
	return strlen(word) == s.len &&
	    strncasecmp(s.text + s.at, word, s.len) == 0;
}

/* Local or UTC midnight days from the day of now_ms. */
static void
day_of(int64_t now_ms, int days, bool utc, int64_t *lo, int64_t *hi)
{
	time_t t = (time_t)(now_ms / 1000), first, second;
	struct tm tm = { .tm_mday = 1 };

	if (utc)
		(void)gmtime_r(&t, &tm);
	else
		(void)localtime_r(&t, &tm);
	for (int i = 0; i < 2; i++) {
		struct tm day = { .tm_year = tm.tm_year, .tm_mon = tm.tm_mon,
			.tm_mday = tm.tm_mday + days + i };

		(void)timegm(&day);
		if (utc)
			first = second = timegm(&day);
		else
			from_local(&day, &first, &second);
		if (i == 0)
			*lo = (int64_t)first * 1000;
		else
			*hi = (int64_t)second * 1000 - 1;
	}
}

/* "@1460289600.250": seconds since 1970. */
static int
read_unix(const char *text, size_t len, int64_t *lo, int64_t *hi)
{
	struct reader r = { text + 1, text + len };
	struct stamp s = { .ms_unit = 1000 };
	int64_t sec = 0;
	const char *first = r.p;

	for (int d; (d = digits(&r, 1)) != -1;) {
		sec = sec * 10 + d;
		if (sec > UNIX_MAX)
			return -1;
	}
	if (r.p == first || (take(&r, ".,") && read_fraction(&r, &s) == -1) ||
	    r.p != r.end)
		return -1;
	*lo = sec * 1000 + s.ms;
	*hi = *lo + s.ms_unit - 1;
	return 0;
}

/* A time or a word for one. */
static int
read_point(struct span s, int64_t now_ms, bool utc, int64_t *lo, int64_t *hi)
{
	if (span_is(s, "now")) {
		*lo = *hi = now_ms;
		return 0;
	}
	if (span_is(s, "today") || span_is(s, "yesterday")) {
		day_of(now_ms, span_is(s, "today") ? 0 : -1, utc, lo, hi);
		return 0;
	}
	if (s.len > 0 && s.text[s.at] == '@')
		return read_unix(s.text + s.at, s.len, lo, hi);
	return window_instant(s.text + s.at, s.len, utc, lo, hi);
}

/* The length of a unit by its name, or 0. */
static int64_t
unit_ms(struct span s)
{
	static const struct {
		const char	*name;
		int64_t		 sec;
	} units[] = {
		{ "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
		{ "m", 60 }, { "min", 60 }, { "minute", 60 },
		{ "minutes", 60 }, { "h", 3600 }, { "hour", 3600 },
		{ "hours", 3600 }, { "d", 86400 }, { "day", 86400 },
		{ "days", 86400 }, { "w", 604800 }, { "week", 604800 },
		{ "weeks", 604800 }
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (span_is(s, units[i].name))
			return units[i].sec * 1000;
	}
	return 0;
}

/* Digits at the span's beginning, at most nine; how many. */
static size_t
read_count(struct span s, int64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < s.len && s.text[s.at + n] >= '0' &&
	    s.text[s.at + n] <= '9') {
		if (n == 9)
			return 0;
		*out = *out * 10 + (s.text[s.at + n++] - '0');
	}
	return n;
}

/* "2h" or "week" behind "last". */
static int
read_last(struct span s, int64_t now_ms, struct window *out, struct err *err)
{
	int64_t count = 1, unit;
	size_t n = read_count(s, &count);
	struct span rest = trim((struct span){ s.text, s.at + n, s.len - n });

	unit = unit_ms(rest);
	if (n == 0)
		count = 1;
	if (unit == 0 || count == 0)
		return err_at(err, s.at, s.len,
		    "expected a length behind last, such as 30m, 2h, 7d");
	*out = (struct window){ .has_from = true, .has_to = true,
		.from_ms = now_ms - count * unit, .to_ms = now_ms };
	return 0;
}

static int
bad_point(struct span s, struct err *err)
{
	return err_at(err, s.at, s.len, "not a time: write 2026/11/23.05:52, "
	    "2026-11-23T05:52Z, @1795413120, A..B, today, yesterday or last 2h");
}

static int
read_range(struct span a, struct span b, int64_t now_ms, bool utc,
    struct window *out, struct err *err)
{
	int64_t ignored;
	struct window w = { .has_from = a.len > 0, .has_to = b.len > 0 };

	if (a.len > 0 &&
	    read_point(a, now_ms, utc, &w.from_ms, &ignored) == -1)
		return bad_point(a, err);
	if (b.len > 0 && read_point(b, now_ms, utc, &ignored, &w.to_ms) == -1)
		return bad_point(b, err);
	if (a.len > 0 && b.len > 0 && w.from_ms > w.to_ms)
		return err_at(err, a.at, b.at + b.len - a.at,
		    "the window ends before it begins");
	*out = w;
	return 0;
}

/* Where s is split by the text sep; false when it isn't. */
static bool
split_at(struct span s, const char *sep, struct span *a, struct span *b)
{
	size_t n = strlen(sep);

	for (size_t i = 0; i + n <= s.len; i++) {
		if (strncasecmp(s.text + s.at + i, sep, n) != 0)
			continue;
		*a = trim((struct span){ s.text, s.at, i });
		*b = trim((struct span){ s.text, s.at + i + n,
			s.len - i - n });
		return true;
	}
	return false;
}

/* The '/' of ISO 8601 between two times, the first not of nfdump's form. */
static bool
split_slash(struct span s, struct span *a, struct span *b)
{
	return split_at(s, "/", a, b) && a->len > 0 && b->len > 0 &&
	    (memchr(a->text + a->at, '-', a->len) != NULL ||
	    a->text[a->at] == '@');
}

/*
 * A '-' between two times: the one where both sides are times, as dates may
 * have some of their own.  nfdump's dates have none, so there it is the
 * first, whatever the sides are.
 */
static bool
split_dash(struct span s, int64_t now_ms, bool utc, struct span *a,
    struct span *b)
{
	bool slashes = memchr(s.text + s.at, '/', s.len) != NULL;
	int64_t lo, hi;

	for (size_t i = 0; i < s.len; i++) {
		if (s.text[s.at + i] != '-')
			continue;
		*a = trim((struct span){ s.text, s.at, i });
		*b = trim((struct span){ s.text, s.at + i + 1, s.len - i - 1 });
		if (slashes || (read_point(*a, now_ms, utc, &lo, &hi) == 0 &&
		    (b->len == 0 ||
		    read_point(*b, now_ms, utc, &lo, &hi) == 0)))
			return true;
	}
	return false;
}

int
window_parse(const char *text, int64_t now_ms, bool utc, struct window *out,
    struct err *err)
{
	static const char *const separators[] = { "..", " - ", " to " };
	struct span s = trim((struct span){ text, 0, strlen(text) }), a, b;
	int64_t count;

	if (s.len > 5 && strncasecmp(text + s.at, "last ", 5) == 0)
		return read_last(trim((struct span){ text, s.at + 5,
		    s.len - 5 }), now_ms, out, err);
	if (s.len > 1 && (text[s.at] == '+' || text[s.at] == '-') &&
	    read_count((struct span){ text, s.at + 1, s.len - 1 }, &count) ==
	    s.len - 1) {
		if (count == 0)
			return err_at(err, s.at, s.len,
			    "expected a number of seconds, such as +300");
		*out = (struct window){ .span_ms = count * 1000, .relative =
		    text[s.at] == '+' ? WINDOW_FIRST : WINDOW_LAST };
		return 0;
	}
	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]);
	    i++) {
		if (split_at(s, separators[i], &a, &b))
			return read_range(a, b, now_ms, utc, out, err);
	}
	if (s.len > 0 && read_range(s, s, now_ms, utc, out, NULL) == 0)
		return 0;
	if (split_slash(s, &a, &b))
		return read_range(a, b, now_ms, utc, out, err);
	if (split_dash(s, now_ms, utc, &a, &b) && a.len > 0)
		return read_range(a, b, now_ms, utc, out, err);
	return bad_point(s, err);
}
