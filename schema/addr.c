/*
 * IP addresses and prefixes: see addr.h.  Text to bytes is the C library's
 * inet_pton; nfdump's short nets are ours, and what must be fast.
 */
#include "schema/addr.h"

#include <arpa/inet.h>
#include <string.h>

struct addr
addr_from(const void *bytes, size_t len)
{
	struct addr a = { .len = (uint8_t)len };

	memcpy(a.bytes, bytes, len);
	return a;
}

int
addr_parse(const char *text, size_t len, struct addr *out)
{
	char buf[ADDR_TEXT_MAX];
	struct addr a = { .len = 0 };

	if (len == 0 || len >= sizeof(buf) || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, a.bytes) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, buf, a.bytes) == 1)
		a.len = 16;
	else
		return -1;
	*out = a;
	return 0;
}

/* inet_ntop is slow for the many addresses of a long list. */
static size_t
format4(const uint8_t *b, char *out)
{
	char *p = out;

	for (int i = 0; i < 4; i++) {
		unsigned v = b[i];

		if (i > 0)
			*p++ = '.';
		if (v >= 100) {
			*p++ = (char)('0' + v / 100);
			v %= 100;
			*p++ = (char)('0' + v / 10);
			v %= 10;
		} else if (v >= 10) {
			*p++ = (char)('0' + v / 10);
			v %= 10;
		}
		*p++ = (char)('0' + v);
	}
	*p = '\0';
	return (size_t)(p - out);
}

static char *
group6(unsigned v, char *p)
{
	static const char hex[] = "0123456789abcdef";

	if (v >= 0x1000)
		*p++ = hex[v >> 12];
	if (v >= 0x100)
		*p++ = hex[v >> 8 & 15];
	if (v >= 0x10)
		*p++ = hex[v >> 4 & 15];
	*p++ = hex[v & 15];
	return p;
}

/* RFC 5952: the longest run of zero groups, the first of equals, is "::". */
static size_t
format6(const uint8_t *b, char *out)
{
	unsigned group[8], run = 0, at = 8, len = 1;
	char *p = out;

	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *two = b + (size_t)2 * i;

		group[i] = (unsigned)two[0] << 8 | two[1];
		run = group[i] == 0 ? run + 1 : 0;
		if (run > len) {
			len = run;
			at = i + 1 - run;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == at) {
			*p++ = ':';
			i += len - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i > 0)
			*p++ = ':';
		p = group6(group[i], p);
	}
	*p = '\0';
	return (size_t)(p - out);
}

size_t
addr_format(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	if (a->len == 4)
		return format4(a->bytes, out);
	/* an IPv4 address may be inside of ::/32 */
	if (a->len == 16 && memcmp(a->bytes, "\0\0\0", 4) != 0)
		return format6(a->bytes, out);
	if (a->len != 16 ||
	    inet_ntop(AF_INET6, a->bytes, out, ADDR_TEXT_MAX) == NULL)
		out[0] = '\0';
	return strlen(out);
}

int
addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len == 0 ? 0 : memcmp(a->bytes, b->bytes, a->len);
}

struct prefix
prefix_of(const struct addr *a, unsigned bits)
{
	struct prefix p = { .lo = *a, .hi = *a };

	if (bits > a->len * 8U)
		bits = a->len * 8U;
	p.bits = (uint8_t)bits;
	for (unsigned i = 0; i < a->len; i++) {
		unsigned keep = bits >= 8 * (i + 1) ? 8 :
		    bits > 8 * i ? bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(0xff00U >> keep);

		p.lo.bytes[i] &= mask;
		p.hi.bytes[i] = (uint8_t)(p.lo.bytes[i] | (uint8_t)~mask);
	}
	return p;
}

/*
 * "192", "192.168" or "192.168.1": the missing bytes are 0, as nfdump reads
 * them in front of a prefix length.  Returns 0 or -1.
 */
static int
parse_short4(const char *text, size_t len, struct addr *out)
{
	char buf[ADDR_TEXT_MAX];
	size_t dots = 0, n = len;

	if (len == 0 || len > 11)
		return -1;
	memcpy(buf, text, len);
	for (size_t i = 0; i < len; i++)
		dots += text[i] == '.';
	for (; dots < 3; dots++) {
		buf[n++] = '.';
		buf[n++] = '0';
	}
	return addr_parse(buf, n, out) == 0 && out->len == 4 ? 0 : -1;
}

int
prefix_parse(const char *text, size_t len, struct prefix *out)
{
	const char *slash = memchr(text, '/', len);
	size_t alen = slash == NULL ? len : (size_t)(slash - text);
	struct addr a;
	unsigned bits = 0;

	if (addr_parse(text, alen, &a) == -1 &&
	    (slash == NULL || parse_short4(text, alen, &a) == -1))
		return -1;
	if (slash == NULL) {
		*out = prefix_of(&a, a.len * 8U);
		return 0;
	}
	if (alen + 1 == len || len - alen - 1 > 3)
		return -1;
	for (size_t i = alen + 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		bits = bits * 10 + (unsigned)(text[i] - '0');
	}
	if (bits > a.len * 8U)
		return -1;
	*out = prefix_of(&a, bits);
	return 0;
}

bool
prefix_has(const struct prefix *p, const struct addr *a)
{
	return a->len == p->lo.len && a->len != 0 &&
	    memcmp(a->bytes, p->lo.bytes, a->len) >= 0 &&
	    memcmp(a->bytes, p->hi.bytes, a->len) <= 0;
}
