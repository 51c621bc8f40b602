/* Numbers as text: see numtext.h. */
#include "query/numtext.h"

#include <stdio.h>
#include <string.h>

#define DAY_SEC	86400

/* Two digits at a time: half the divisions. */
static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536"
    "37383940414243444546474849505152535455565758596061626364656667686970717273"
    "7475767778798081828384858687888990919293949596979899";

size_t
uint_text(uint64_t v, char *out)
{
	char buf[NUMBER_TEXT_MAX];
	size_t at = sizeof(buf);

	while (v >= 10) {
		at -= 2;
		memcpy(buf + at, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v > 0 || at == sizeof(buf))
		buf[--at] = (char)('0' + v);
	memcpy(out, buf + at, sizeof(buf) - at);
	return sizeof(buf) - at;
}

size_t
int_text(int64_t v, char *out)
{
	if (v >= 0)
		return uint_text((uint64_t)v, out);
	out[0] = '-';
	return 1 + uint_text(0 - (uint64_t)v, out + 1);
}

void
digits_text(unsigned v, unsigned width, char *out)
{
	for (; width > 0; v /= 10)
		out[--width] = (char)('0' + v % 10);
}

/*
 * One decimal.  nfdump rounds a double by printf; for all but exact halves that
 * is what rounding the integer gives.
 */
size_t
scaled_text(uint64_t v, char *out)
{
	uint64_t unit, tenth;
	char letter, buf[32];
	size_t n;

	if (v < 1000000)
		return uint_text(v, out);
	unit = v < 1000000000 ? 1000000 :
	    v < 1000000000000 ? 1000000000 : 1000000000000;
	letter = v < 1000000000 ? 'M' : v < 1000000000000 ? 'G' : 'T';
	if (v % (unit / 10) == unit / 20) {
		n = (size_t)snprintf(buf, sizeof(buf), "%.1f",
		    (double)v / (double)unit);
		memcpy(out, buf, n);
	} else {
		tenth = v / (unit / 10) + (v % (unit / 10) > unit / 20);
		n = uint_text(tenth / 10, out);
		out[n++] = '.';
		out[n++] = (char)('0' + tenth % 10);
	}
	out[n++] = ' ';
	out[n++] = letter;
	return n;
}

size_t
span_text(int64_t ms, char *out)
{
	int64_t sec = ms > 0 ? ms / 1000 : 0;
	unsigned in_day = (unsigned)(sec % DAY_SEC);
	size_t n = 0;

	if (sec >= DAY_SEC) {
		n = int_text(sec / DAY_SEC, out);
		out[n++] = 'd';
		out[n++] = ' ';
	}
	memcpy(out + n, "00:00:00.", 9);
	digits_text(in_day / 3600, 2, out + n);
	digits_text(in_day / 60 % 60, 2, out + n + 3);
	digits_text(in_day % 60, 2, out + n + 6);
	digits_text(ms > 0 ? (unsigned)(ms % 1000) : 0, 3, out + n + 9);
	return n + 12;
}

size_t
seconds_text(int64_t ms, char *out)
{
	size_t n = int_text(ms > 0 ? ms / 1000 : 0, out);

	out[n] = '.';
	digits_text(ms > 0 ? (unsigned)(ms % 1000) : 0, 3, out + n + 1);
	return n + 4;
}
