/*
 * Made-up plain traffic as a capture, for a real exporter to read: TCP, UDP
 * and ICMP sessions over IPv4 and IPv6 between a local network
 * (192.168.10.0/24, 2001:db8:10::/64) and documentation addresses.  Frames
 * have true lengths, but only their headers are stored.
 */
#ifndef TESTS_GEN_TRAFFIC_H
#define TESTS_GEN_TRAFFIC_H

#include <stdint.h>
#include <stdio.h>

/* What the capture holds of one protocol. */
struct gen_traffic_sum {
	uint64_t	packets;
	uint64_t	bytes;		/* of IP, headers included */
};

enum { TRAFFIC_TCP, TRAFFIC_UDP, TRAFFIC_ICMP, TRAFFIC_ICMP6, TRAFFIC_SUMS };

/*
 * Writes sessions over 15 minutes from start_ms.  Returns 0, or -1 when
 * writing failed or memory is out.
 */
int	gen_traffic(FILE *f, uint64_t seed, uint64_t sessions,
	    int64_t start_ms, struct gen_traffic_sum sum[TRAFFIC_SUMS]);

#endif
