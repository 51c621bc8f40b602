/*
 * Names of IP protocols and TCP flags: a fixed table, so that output is the
 * same on every machine (/etc/protocols may be missing or different).
 */
#ifndef SCHEMA_PROTO_H
#define SCHEMA_PROTO_H

#include <stddef.h>
#include <stdint.h>

#define FLAGS_TEXT_MAX	9	/* "CEUAPRSF" */

/* nfdump's name ("TCP", "ICMP6"), or NULL when the number has none. */
const char *proto_name(unsigned proto);

/* Number of a name (any case), or -1. */
int	proto_find(const char *name, size_t len);

/* "...AP.SF": the letters CEUAPRSF, a dot for a flag not seen. */
void	flags_format(uint8_t flags, char out[FLAGS_TEXT_MAX]);

#endif
