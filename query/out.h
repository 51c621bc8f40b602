/*
 * Output of an answer: a buffer before a file descriptor.  A failed write is
 * remembered and told once, at the end: nothing after it is written, and no
 * answer that did not arrive is taken for a good one.
 */
#ifndef QUERY_OUT_H
#define QUERY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define OUT_SIZE	65536

struct out {
	int	 fd;
	int	 error;		/* errno of the write that failed, or 0 */
	size_t	 n;
	char	 buf[OUT_SIZE];
};

void	out_init(struct out *o, int fd);

void	out_bytes(struct out *o, const void *p, size_t n);
void	out_text(struct out *o, const char *s);
void	out_char(struct out *o, char c);
void	out_int(struct out *o, int64_t v);
void	out_uint(struct out *o, uint64_t v);

/* text with blanks before it (width > 0) or behind it (width < 0). */
void	out_padded(struct out *o, const char *s, int width);

/*
 * For those who write many short texts: a place for n <= OUT_SIZE bytes, valid
 * until the next call; out_used says how many were written.
 */
char	*out_room(struct out *o, size_t n);

static inline void
out_used(struct out *o, size_t n)
{
	o->n += n;
}

/* Writes what is in the buffer.  0, or -1 when any write failed. */
int	out_flush(struct out *o, struct err *err);

/* True when nobody reads any more (EPIPE) or the disk is full: stop working. */
static inline bool
out_failed(const struct out *o)
{
	return o->error != 0;
}

#endif
