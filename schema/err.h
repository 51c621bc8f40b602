/*
 * Errors as values.  A fallible function takes a struct err last, fills it
 * and returns -1; only the programs' main files print it.  The lowest
 * function that knows the thing (path, column, offset) writes the message.
 */
#ifndef SCHEMA_ERR_H
#define SCHEMA_ERR_H

#include <stddef.h>

enum err_code {
	ERR_NONE,
	ERR_FAIL,		/* nobody needs to know more than the text */
	ERR_BUSY,		/* locked by another process: try again */
	ERR_FULL,		/* disk or quota is full: try again later */
	ERR_CORRUPT,		/* no database, or a damaged one */
	ERR_VERSION,		/* shard of another program or version */
	ERR_SYNTAX,		/* text of the user is wrong, see offset */
	ERR_STOPPED		/* the user interrupted the work */
};

#define ERR_SYS_MAX	128	/* bytes of a text of errno, at most */

struct err {
	enum err_code	code;
	size_t		offset;	/* ERR_SYNTAX: place in the text, bytes */
	size_t		length;	/* ERR_SYNTAX: bytes to underline, >= 1 */
	char		msg[600];	/* a line, without control characters */
};

/* Fills *err (which may be NULL) with ERR_FAIL and the text; returns -1. */
int	err_set(struct err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* As err_set, with a code that some caller branches on. */
int	err_as(struct err *err, enum err_code code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* As err_set; appends ": " and the text of errno, which is kept. */
int	err_sys(struct err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* ERR_SYNTAX at a place of the user's text; returns -1. */
int	err_at(struct err *err, size_t offset, size_t length,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#if (defined(__clang_analyzer__) || defined(GCC_ANALYZER)) && \
    !defined(SCHEMA_ERR_C)
/* They see one file at a time and must know that these return -1. */
#define err_set(...)	((void)err_set(__VA_ARGS__), -1)
#define err_as(...)	((void)err_as(__VA_ARGS__), -1)
#define err_sys(...)	((void)err_sys(__VA_ARGS__), -1)
#define err_at(...)	((void)err_at(__VA_ARGS__), -1)
#endif

#endif
