/*
 * Answers questions about the running daemon, on the server's event loop:
 * plain text to whoever connects (flowdbd --status), or as much of HTTP/1.0
 * as GET /metrics needs.
 *
 * Whoever asks may be slow, silent or hostile, and must not be felt by those
 * who send flows: at most RESPONDER_CLIENTS at a time (more wait in the
 * kernel, 16 at most), each for RESPONDER_SEC, a request of at most
 * RESPONDER_REQUEST bytes, and the text is made once a second at most.
 */
#ifndef COLLECTOR_RESPONDER_H
#define COLLECTOR_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/err.h"

#define RESPONDER_CLIENTS	8
#define RESPONDER_SEC		5.0
#define RESPONDER_REQUEST	4096

struct ev_loop;
struct responder;

struct responder_options {
	const char	*at;		/* see endpoint.h; used during open */
	bool		 http;
	/* The answer, which the responder frees; NULL: out of memory. */
	char		*(*text)(void *arg, size_t *len);
	void		*arg;
};

/*
 * Listens and answers until it is closed; the loop is the caller's.  No other
 * thread may run yet (endpoint_listen).  NULL: err says why.
 */
struct responder *responder_open(struct ev_loop *loop,
	    const struct responder_options *o, struct err *err);

/* Ends all connections; r may be NULL. */
void	responder_close(struct responder *r);

#endif
