/* Values in CSV: see csv_value.h. */
#include "collector/csv_value.h"

#include <string.h>
#include <time.h>

#include "schema/flow.h"
#include "schema/proto.h"

#define MINUTE_LEN	16	/* "2026-11-23 05:52" */
#define HOUR_SEC	3600

int
csv_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)((unsigned char)text[i] - '0');

		if (digit > 9 || v > (max - digit) / 10 || digit > max)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
csv_hex(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len < 3 || text[0] != '0' || (text[1] | 0x20) != 'x')
		return csv_number(text, len, max, out);
	for (size_t i = 2; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit == -1 || v > max >> 4)
			return -1;
		v = v << 4 | (uint64_t)digit;
	}
	*out = v;
	return v > max ? -1 : 0;
}

int
csv_signed(const char *text, size_t len, int64_t *out)
{
	bool minus = len > 0 && text[0] == '-';
	uint64_t v;

	if (csv_number(text + minus, len - minus, FLOW_COUNT_MAX, &v) == -1)
		return -1;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

/* Length of the text before the first c; len when there is none. */
static size_t
before(const char *text, size_t len, char c)
{
	const char *at = memchr(text, c, len);

	return at == NULL ? len : (size_t)(at - text);
}

int
csv_port(const char *text, size_t len, uint64_t *out)
{
	size_t n = before(text, len, '.');
	uint64_t type, code;

	if (n == len)
		return csv_number(text, len, UINT16_MAX, out);
	if (csv_number(text, n, UINT8_MAX, &type) == -1 ||
	    csv_number(text + n + 1, len - n - 1, UINT8_MAX, &code) == -1)
		return -1;
	*out = type << 8 | code;
	return 0;
}

int
csv_proto(const char *text, size_t len, uint64_t *out)
{
	int number = proto_find(text, len);

	if (number == -1)
		return csv_number(text, len, UINT8_MAX, out);
	*out = (uint64_t)number;
	return 0;
}

int
csv_flags(const char *text, size_t len, uint64_t *out)
{
	static const char letters[] = "CEUAPRSF";
	uint64_t v = 0;

	if (len != 8)
		return csv_number(text, len, UINT8_MAX, out);
	for (int i = 0; i < 8; i++) {
		if (text[i] == letters[i])
			v |= UINT64_C(0x80) >> i;
		else if (text[i] != '.')
			return -1;
	}
	*out = v;
	return 0;
}

int
csv_addr(const char *text, size_t len, struct addr *out)
{
	size_t skip = len > 0 && text[0] == '\'';

	return addr_parse(text + skip, len - skip, out);
}

int
csv_mac(const char *text, size_t len, uint64_t *out)
{
	uint64_t v = 0;

	if (len != 17)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (i % 3 == 2 ? text[i] != ':' : digit == -1)
			return -1;
		if (i % 3 != 2)
			v = v << 4 | (uint64_t)digit;
	}
	*out = v;
	return 0;
}

int
csv_mpls(const char *text, size_t len, uint64_t *out)
{
	size_t n = before(text, len, '-'), m;
	uint64_t label, exp, eos;

	if (n == len)
		return csv_number(text, len, UINT32_MAX, out);
	m = n + 1 + before(text + n + 1, len - n - 1, '-');
	if (m >= len || csv_number(text, n, UINT32_MAX >> 4, &label) == -1 ||
	    csv_number(text + n + 1, m - n - 1, 7, &exp) == -1 ||
	    csv_number(text + m + 1, len - m - 1, 1, &eos) == -1)
		return -1;
	*out = label << 4 | exp << 1 | eos;
	return 0;
}

/* ".345" as 345: the rest of a second, in ms.  Nothing is 0. */
static int
fraction(const char *text, size_t len, int64_t *ms)
{
	int64_t v = 0, unit = 100;

	if (len > 0 && (text[0] != '.' || len == 1))
		return -1;
	for (size_t i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v += (text[i] - '0') * unit;
		unit /= 10;
	}
	*ms = v;
	return 0;
}

/* Exactly two digits. */
static int
two(const char *text, int max, int *out)
{
	uint64_t v;

	if (csv_number(text, 2, (uint64_t)max, &v) == -1)
		return -1;
	*out = (int)v;
	return 0;
}

/* "HH:MM:SS" */
static int
time_of_day(const char *text, int64_t *ms)
{
	int hour, min, sec;

	if (text[2] != ':' || text[5] != ':' || two(text, 23, &hour) == -1 ||
	    two(text + 3, 59, &min) == -1 || two(text + 6, 60, &sec) == -1)
		return -1;
	*ms = ((hour * 60 + min) * 60 + sec) * INT64_C(1000);
	return 0;
}

int
csv_span(const char *text, size_t len, int64_t *ms)
{
	size_t n = before(text, len, 'd'), whole = before(text, len, '.');
	uint64_t days = 0, seconds;
	int64_t rest, day_ms = 0;

	if (fraction(text + whole, len - whole, &rest) == -1)
		return -1;
	if (n < len) {
		if (n + 2 > len || text[n + 1] != ' ' ||
		    csv_number(text, n, 1000000, &days) == -1)
			return -1;
		text += n + 2;
		whole -= n + 2;
	}
	if (whole == 8 && text[2] == ':') {
		if (time_of_day(text, &day_ms) == -1)
			return -1;
		*ms = (int64_t)days * 86400000 + day_ms + rest;
		return 0;
	}
	if (n < len || csv_number(text, whole, FLOW_COUNT_MAX / 1000 - 1,
	    &seconds) == -1)
		return -1;
	*ms = (int64_t)seconds * 1000 + rest;
	return 0;
}

/* The first of two hours of the same name. */
static time_t
local_time(const struct tm *want)
{
	struct tm tm = *want, earlier;
	time_t t, before_it;

	tm.tm_isdst = -1;
	t = mktime(&tm);
	before_it = t - HOUR_SEC;
	if (t != (time_t)-1 && localtime_r(&before_it, &earlier) != NULL &&
	    earlier.tm_hour == want->tm_hour && earlier.tm_min == want->tm_min)
		return before_it;
	return t;
}

/* "2026-11-23 05:52" */
static int
minute_of(const char *text, bool utc, int64_t *ms)
{
	struct tm tm = { .tm_isdst = 0 }, day;
	uint64_t year;
	time_t t;

	if (csv_number(text, 4, 9999, &year) == -1 || year < 1900 ||
	    text[4] != '-' || text[7] != '-' || text[13] != ':' ||
	    two(text + 5, 12, &tm.tm_mon) == -1 ||
	    two(text + 8, 31, &tm.tm_mday) == -1 ||
	    two(text + 11, 23, &tm.tm_hour) == -1 ||
	    two(text + 14, 59, &tm.tm_min) == -1)
		return -1;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon--;
	/* a 30 February moves to March */
	day = tm;
	t = timegm(&day);
	if (day.tm_mday != tm.tm_mday || day.tm_mon != tm.tm_mon)
		return -1;
	if (!utc)
		t = local_time(&tm);
	*ms = (int64_t)t * 1000;
	return 0;
}

static int
calendar_time(struct csv_clock *c, const char *text, size_t len, int64_t *ms)
{
	bool zulu = text[len - 1] == 'Z';
	int64_t rest, minute_ms;
	char minute[MINUTE_LEN];
	int sec;

	len -= zulu;
	if (len < 19 || (text[10] != ' ' && text[10] != 'T') ||
	    text[16] != ':' || two(text + 17, 60, &sec) == -1 ||
	    fraction(text + 19, len - 19, &rest) == -1)
		return -1;
	memcpy(minute, text, MINUTE_LEN);
	minute[10] = ' ';
	if (memcmp(minute, "0000-00-00 00:00", MINUTE_LEN) == 0) {
		*ms = 0;
		return sec == 0 && rest == 0 ? 0 : -1;
	}
	if (zulu && !c->utc) {
		if (minute_of(minute, true, &minute_ms) == -1)
			return -1;
	} else if (c->known && memcmp(minute, c->minute, MINUTE_LEN) == 0) {
		minute_ms = c->minute_ms;
	} else {
		if (minute_of(minute, c->utc, &minute_ms) == -1)
			return -1;
		memcpy(c->minute, minute, MINUTE_LEN);
		c->minute_ms = minute_ms;
		c->known = true;
	}
	*ms = minute_ms + sec * INT64_C(1000) + rest;
	return 0;
}

int
csv_time(struct csv_clock *c, const char *text, size_t len, int64_t *ms)
{
	size_t whole = before(text, len, '.');
	uint64_t v;
	int64_t rest;

	if (len >= 19 && text[4] == '-')
		return calendar_time(c, text, len, ms);
	if (whole == len)
		return csv_signed(text, len, ms);
	if (csv_number(text, whole, FLOW_COUNT_MAX / 1000 - 1, &v) == -1 ||
	    fraction(text + whole, len - whole, &rest) == -1)
		return -1;
	*ms = (int64_t)v * 1000 + rest;
	return 0;
}
