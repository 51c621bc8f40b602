/*
 * The flows of a shard as the body of a request, gzipped or not: fits read of
 * struct http_request.
 */
#ifndef COLLECTOR_SHIP_BODY_H
#define COLLECTOR_SHIP_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/ship_rows.h"
#include "schema/err.h"

struct ship_body;

/* rows and err are borrowed; err gets why ship_body_read gave up. */
struct ship_body *ship_body_new(struct ship_rows *rows, bool gzip,
	    struct err *err);
void	ship_body_free(struct ship_body *b);

/* arg: the body. */
size_t	ship_body_read(void *arg, void *buf, size_t size);

/* Whether reading failed, so that err tells more than the request. */
bool	ship_body_failed(const struct ship_body *b);

/* Bytes at most. */
size_t	ship_body_memory(void);

#endif
