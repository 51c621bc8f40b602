/* Errors as values: see err.h. */
#define SCHEMA_ERR_C
#include "schema/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * One line that tells a terminal nothing: names of files and what servers and
 * damaged databases say may be anything.  C1 is two bytes in UTF-8.
 */
static void
clean(char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)s[0];
		unsigned char next = (unsigned char)s[1];

		if (c == '\n' || c == '\t')
			*s = ' ';
		else if (c < 0x20 || c == 0x7f)
			*s = '?';
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			s[0] = s[1] = '?';
	}
}

static void
err_fill(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->offset = 0;
	err->length = 0;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	clean(err->msg);
}

int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_fill(err, ERR_FAIL, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_as(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_fill(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char text[ERR_SYS_MAX];
	size_t len;
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_fill(err, saved == ENOSPC || saved == EDQUOT ? ERR_FULL : ERR_FAIL,
	    fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
	    strerror_r(saved, text, sizeof(text)));
	errno = saved;
	return -1;
}

int
err_at(struct err *err, size_t offset, size_t length, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	err_fill(err, ERR_SYNTAX, fmt, ap);
	va_end(ap);
	err->offset = offset;
	err->length = length > 0 ? length : 1;
	return -1;
}
