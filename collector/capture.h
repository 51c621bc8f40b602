/*
 * Datagrams from a capture file (pcap or pcapng, by libpcap): what went by
 * UDP over Ethernet (also with VLAN tags), Linux cooked capture v1 and v2,
 * raw IP, or BSD loopback, by IPv4 or IPv6.  Packets of other kinds are
 * passed over.
 */
#ifndef COLLECTOR_CAPTURE_H
#define COLLECTOR_CAPTURE_H

#include <stdint.h>

#include "schema/err.h"

struct capture;
struct datagram;

struct capture_stat {
	uint64_t	packets;	/* in the file, as far as read */
	uint64_t	datagrams;	/* of these: given by capture_next */
	uint64_t	fragments;	/* of IP packets; not put together */
	uint64_t	other;		/* not UDP, or cut short */
};

/* NULL: cannot be opened, or is no capture of a kind we read; err names it. */
struct capture *capture_open(const char *path, struct err *err);

/*
 * The next datagram: 1, and *g is valid until the next call; 0 at the end of
 * the file; -1 when it is damaged, with the packet's number in err.
 */
int	capture_next(struct capture *c, struct datagram *g, struct err *err);

const struct capture_stat *capture_stat(const struct capture *c);

/* How much of the file is read, 0 .. 1. */
double	capture_progress(const struct capture *c);

void	capture_close(struct capture *c);

#endif
