/*
 * Text from outside (names of tables and exporters) may be anything; what we
 * print is UTF-8, and never tells a terminal what to do.
 */
#ifndef QUERY_UTF8_H
#define QUERY_UTF8_H

#include <stddef.h>

#define UTF8_REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */

/*
 * Bytes of the well-formed character that s[0..len) begins with (RFC 3629: no
 * overlong form, surrogate, nor anything above U+10FFFF); 0: there is none.
 */
size_t	utf8_length(const char *s, size_t len);

/*
 * Copies text, with U+FFFD for each byte that is not UTF-8 and, for a
 * terminal, for control characters.  Cut to size, always NUL-terminated,
 * returns the length.  3 * strlen(text) + 1 bytes always suffice.
 */
size_t	utf8_clean(const char *text, int terminal, char *out, size_t size);

#endif
