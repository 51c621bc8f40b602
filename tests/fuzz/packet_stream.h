/*
 * How an input of fuzz_packet becomes datagrams.  It is a row of them, each
 * behind a head of 4 bytes:
 *
 *	0  1   length of the datagram, big-endian
 *	2      who sends it (2 bits)
 *	3      how much later it comes than the one before: n ms below 200, else
 *	       2^(n - 200) s; 255 is a day earlier
 */
#ifndef TESTS_FUZZ_PACKET_STREAM_H
#define TESTS_FUZZ_PACKET_STREAM_H

#define STREAM_HEAD	4
#define STREAM_MAX	2048	/* bytes of a datagram */

#endif
