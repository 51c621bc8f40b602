/*
 * Writes classic pcap files (libpcap's savefile format 2.4, microseconds,
 * Ethernet): only what the tests need, so that captures are the same bytes
 * everywhere.
 */
#ifndef TESTS_GEN_PCAP_H
#define TESTS_GEN_PCAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "schema/addr.h"

#define GEN_FRAME_MAX	4096
#define GEN_HEADERS	(14 + 20 + 8)	/* Ethernet, IPv4, UDP */

/* File header; returns 0, -1 when writing failed, as the others. */
int	gen_pcap_begin(FILE *f);

/* One frame of which only stored bytes are in the file. */
int	gen_pcap_frame(FILE *f, int64_t time_us, const uint8_t *frame,
	    size_t stored, size_t len);

/* An IPv4 UDP datagram in its frame. */
int	gen_pcap_udp(FILE *f, int64_t time_us, const struct addr *src,
	    const struct addr *dst, uint16_t src_port, uint16_t dst_port,
	    const uint8_t *data, size_t len);

/* Internet checksum (RFC 1071) of data added to sum. */
uint16_t gen_checksum(uint32_t sum, const uint8_t *data, size_t len);

#endif
