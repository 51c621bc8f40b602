/*
 * Tells the init system how the daemon is: sd_notify(3)'s protocol, one
 * datagram to the socket in $NOTIFY_SOCKET.  Does nothing without it.
 */
#ifndef COLLECTOR_NOTIFY_H
#define COLLECTOR_NOTIFY_H

#include <stdint.h>

struct notify {
	int	fd;		/* -1: nobody listens */
	int64_t	watchdog_ms;	/* send at least this often; 0: not asked */
};

/*
 * Connects to $NOTIFY_SOCKET and reads $WATCHDOG_USEC and $WATCHDOG_PID; to
 * be called after the last fork.  No socket is no error.
 */
void	notify_open(struct notify *n);
void	notify_close(struct notify *n);

/* Sends "KEY=value" lines, e.g. "READY=1\nSTATUS=receiving". */
void	notify_send(const struct notify *n, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
