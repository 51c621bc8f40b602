/*
 * Names of well-known ports.  A small table of our own comes first, so that
 * common names mean the same on every machine; then the system's
 * /etc/services, which may be missing.
 */
#ifndef QUERY_SERVICE_H
#define QUERY_SERVICE_H

#include <stddef.h>

/* Port of a service name (any case), or -1. */
int	service_find(const char *name, size_t len);

/* The name of a well-known port, of our own table alone; or NULL. */
const char *service_name(unsigned port);

#endif
