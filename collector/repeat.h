/*
 * The repeater: forwards each datagram unchanged to up to REPEAT_MAX other
 * collectors.  It never waits: what a target's socket does not take at once
 * is counted and dropped, so a slow or dead target costs nothing.
 */
#ifndef COLLECTOR_REPEAT_H
#define COLLECTOR_REPEAT_H

#include <stddef.h>
#include <stdint.h>

#include "schema/err.h"

#define REPEAT_MAX		8
#define REPEAT_TEXT_MAX		300
#define REPEAT_DEFAULT_PORT	"9995"	/* nfcapd's -R */

struct repeat_target {
	char		text[REPEAT_TEXT_MAX];	/* HOST[/PORT] as given */
	int		fd;
	uint64_t	sent;
	uint64_t	dropped;
};

struct repeat {
	struct repeat_target	target[REPEAT_MAX];
	size_t			n;
};

/* Is it well formed?  Nothing is looked up. */
int	repeat_check(const char *text, struct err *err);

/*
 * Adds a target "HOST[/PORT]" (IPv6 addresses without brackets); a name is
 * looked up once, here.  -1: text or name wrong, or too many.
 */
int	repeat_add(struct repeat *r, const char *text, struct err *err);

/* Sends one datagram to all targets. */
void	repeat_send(struct repeat *r, const void *data, size_t len);

/* Closes all sockets. */
void	repeat_clear(struct repeat *r);

#endif
