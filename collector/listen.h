/*
 * UDP sockets: opened once, read many datagrams a call.
 */
#ifndef COLLECTOR_LISTEN_H
#define COLLECTOR_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "schema/addr.h"
#include "schema/err.h"

#define LISTEN_RING	64	/* datagrams a call */

#define LISTEN_NAME_MAX	64

struct listen_socket {
	int		fd;
	char		name[LISTEN_NAME_MAX];	/* ADDRESS:PORT, as bound */
	uint64_t	packets;
	uint64_t	bytes;		/* of UDP payload */
	int		granted;	/* receive buffer in bytes */
	uint64_t	drops;		/* by the kernel, buffer full */
	uint32_t	last_drops;	/* as told by the kernel, wraps */
};

/* Buffers for one receive call, shared by all sockets of a thread. */
struct listen_ring;

struct listen_ring *listen_ring_new(void);
void	listen_ring_free(struct listen_ring *r);
size_t	listen_ring_memory(void);	/* bytes of one */

/*
 * Binds address (NULL: all of IPv4 and IPv6) and port.  buffer: receive
 * buffer asked for; what was granted stands in granted.  -1: err names
 * address and port.
 */
int	listen_open(struct listen_socket *s, const char *address, int port,
	    int buffer, struct err *err);
void	listen_close(struct listen_socket *s);

/*
 * From now on nothing more arrives, while what has can still be read: the
 * sender is told by ICMP that nobody listens, as it is once the socket is
 * closed.  -1: that could not be done.
 */
int	listen_deafen(struct listen_socket *s);

/*
 * Reads what is there, at most LISTEN_RING datagrams; fn gets each, data is
 * valid during the call.  IPv4 senders on an IPv6 socket are given as IPv4.
 * Returns how many; 0 or less: nothing is there.
 */
int	listen_receive(struct listen_socket *s, struct listen_ring *r,
	    int64_t now_ms, void (*fn)(void *arg, const uint8_t *data,
	    size_t len, const struct addr *from, int64_t now_ms), void *arg);

#endif
