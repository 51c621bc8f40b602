/* UTF-8: see utf8.h. */
#include "query/utf8.h"

#include <stdbool.h>
#include <string.h>

size_t
utf8_length(const char *s, size_t len)
{
	const unsigned char *b = (const unsigned char *)s;
	size_t n;
	unsigned c;

	if (len == 0)
		return 0;
	if (b[0] < 0x80)
		return 1;
	n = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
	if (b[0] < 0xc2 || b[0] > 0xf4 || len < n)
		return 0;
	c = b[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3fU);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

/* C0, DEL and C1 (which is two bytes in UTF-8). */
static bool
is_control(const char *s, size_t n)
{
	unsigned char a = (unsigned char)s[0];

	return (n == 1 && (a < 0x20 || a == 0x7f)) ||
	    (n == 2 && a == 0xc2 && (unsigned char)s[1] < 0xa0);
}

size_t
utf8_clean(const char *text, int terminal, char *out, size_t size)
{
	size_t left = strlen(text), n = 0;

	while (left > 0) {
		size_t len = utf8_length(text, left), step = len > 0 ? len : 1;
		const char *from = text;

		if (len == 0 || (terminal && is_control(text, len))) {
			from = UTF8_REPLACEMENT;
			len = sizeof(UTF8_REPLACEMENT) - 1;
		}
		if (n + len >= size)
			break;
		memcpy(out + n, from, len);
		n += len;
		text += step;
		left -= step;
	}
	out[n] = '\0';
	return n;
}
