/*
 * The collector at work: sockets, decoder, batches, signals, and the order in
 * which all of it stops.  One libev loop; the disk is other threads' business.
 */
#ifndef COLLECTOR_SERVER_H
#define COLLECTOR_SERVER_H

#include <stdbool.h>

#include "collector/config.h"
#include "schema/err.h"

struct capture;
struct server;

/*
 * Prepares everything that can fail: the directory and its lock, sockets,
 * memory.  No thread and no packet yet, so privileges can be dropped between
 * this and server_run.  c stays the caller's, and must live as long.  NULL:
 * err says what.
 */
struct server *server_new(struct config *c, struct err *err);

/* What the server calls back; arg goes to each. */
struct server_calls {
	/* it receives, and signals are taken as they should be */
	void		(*ready)(void *arg);
	/* SIGHUP: a new configuration, the server's from then on; or NULL */
	struct config	*(*reload)(void *arg);
	void		*arg;
};

/*
 * Receives until SIGTERM or SIGINT.  Returns -1 when something was lost at
 * the end.
 */
int	server_run(struct server *s, const struct server_calls *calls,
	    struct err *err);

/*
 * Reads a capture instead of the network, at full speed, filed by the
 * capture's own time; seals every shard it touched.  -1: the capture is
 * damaged (what was readable is stored) or storing failed.
 */
int	server_read_capture(struct server *s, struct capture *capture,
	    bool progress, struct err *err);

void	server_free(struct server *s);

#endif
