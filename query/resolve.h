/* Host names of filters, asked of the system's resolver. */
#ifndef QUERY_RESOLVE_H
#define QUERY_RESOLVE_H

#include <stddef.h>

#include "schema/addr.h"

/* Fits filter_env.resolve: up to max addresses of a name, 0 when none. */
size_t	resolve_host(void *arg, const char *name, struct addr *out,
	    size_t max);

#endif
