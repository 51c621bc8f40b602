/*
 * Reading big-endian numbers from bytes that somebody else sent.  A cursor
 * never passes its end: a read that would returns -1 and leaves the cursor
 * and *out alone, so a parser built on it cannot read out of bounds.  The
 * be*() loads check nothing and are for callers that have checked.
 */
#ifndef COLLECTOR_CURSOR_H
#define COLLECTOR_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t	*p;
	const uint8_t	*end;
};

static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* A number of 1 to 8 bytes. */
static inline uint64_t
be_any(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static inline size_t
cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline int
cursor_u16(struct cursor *c, uint16_t *out)
{
	if (cursor_left(c) < 2)
		return -1;
	*out = be16(c->p);
	c->p += 2;
	return 0;
}

static inline int
cursor_u32(struct cursor *c, uint32_t *out)
{
	if (cursor_left(c) < 4)
		return -1;
	*out = be32(c->p);
	c->p += 4;
	return 0;
}

static inline int
cursor_skip(struct cursor *c, size_t n)
{
	if (cursor_left(c) < n)
		return -1;
	c->p += n;
	return 0;
}

/* Are all bytes left zero?  What pads a datagram is. */
static inline int
cursor_is_zero(const struct cursor *c)
{
	for (const uint8_t *p = c->p; p < c->end; p++)
		if (*p != 0)
			return 0;
	return 1;
}

#endif
