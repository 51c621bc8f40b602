/*
 * Datagrams that wait to be sent by UDP to this machine.  All are in memory
 * before the first one leaves, so that sending is as fast as it can be.  Each
 * exporter address gets a socket of its own, bound to it: the collector sees
 * several exporters.
 */
#ifndef TESTS_GEN_SEND_H
#define TESTS_GEN_SEND_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"
#include "schema/err.h"

#define OUTBOX_SENDERS	16	/* most exporter addresses */

struct outbox;

struct outbox *outbox_new(void);
void	outbox_free(struct outbox *o);

/* A copy of the datagram; from is in 127.0.0.0/8.  -1: no room. */
int	outbox_add(struct outbox *o, const struct addr *from,
	    const uint8_t *data, size_t len);

/*
 * Adds what a capture holds; its exporters become 127.0.0.1, 127.0.0.2, ...
 * unless they are in 127.0.0.0/8 already.
 * now: the clock in headers of v5 and v9 is moved, so that the last datagram
 * was sent now.
 */
int	outbox_replay(struct outbox *o, const char *path, bool now,
	    struct err *err);

/* Sends all, in order, pps a second; 0: without pause.  *sec: it took. */
int	outbox_send(struct outbox *o, const struct sockaddr_in *to,
	    int64_t pps, double *sec, struct err *err);

size_t	outbox_count(const struct outbox *o);

#endif
