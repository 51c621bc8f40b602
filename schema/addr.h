/*
 * IP addresses and prefixes.  Bytes are in network order, as stored in the
 * shards: 4 bytes for IPv4, 16 for IPv6; length 0 is "no address".
 */
#ifndef SCHEMA_ADDR_H
#define SCHEMA_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_MAX	46	/* INET6_ADDRSTRLEN */

struct addr {
	uint8_t	bytes[16];	/* network order, unused tail is not read */
	uint8_t	len;		/* 0, 4 or 16 */
};

/* A prefix is the inclusive range of addresses from lo to hi. */
struct prefix {
	struct addr	lo;
	struct addr	hi;
	uint8_t		bits;
};

/* Copies len (4 or 16) bytes in network order. */
struct addr addr_from(const void *bytes, size_t len);

/*
 * Reads an address from text[0..len).  Whole textual form only.  Returns 0,
 * or -1 when it is none.
 */
int	addr_parse(const char *text, size_t len, struct addr *out);

/* Writes the RFC 5952 text, "" for no address; returns its length. */
size_t	addr_format(const struct addr *a, char out[ADDR_TEXT_MAX]);

/* IPv4 before IPv6, then by value; <0, 0, >0. */
int	addr_cmp(const struct addr *a, const struct addr *b);

/* The prefix of the given length that holds a; host bits are ignored. */
struct prefix prefix_of(const struct addr *a, unsigned bits);

/*
 * Reads "a.b.c.d/len", "a:b::/len", a short IPv4 net ("192.168/16"), or
 * a plain address (full length).  Returns 0, or -1 when it is none.
 */
int	prefix_parse(const char *text, size_t len, struct prefix *out);

bool	prefix_has(const struct prefix *p, const struct addr *a);

#endif
