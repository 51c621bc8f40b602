/*
 * Packets written as text, and the flows they must give.  Used by
 * the files in tests/packets and by tests in C.  Words, up to the end of the
 * line or a '#':
 *
 *	packet [MS]		a new datagram, arriving then (Unix ms; default
 *				1700000000000, later ones 1 ms after another)
 *	from ADDRESS		who sends it and those after it
 *	v5 COUNT UPTIME SEC NSEC SEQ ENGINE SAMPLING	a header
 *	v9 UPTIME SEC SEQ DOMAIN			(count 0)
 *	ipfix SEC SEQ DOMAIN				(right length)
 *	set ID			a set; its length is that up to the next one
 *	end			ends the set: what follows is not in it
 *	template ID F ...	a template record; F is [PEN:]ELEMENT/LENGTH,
 *				length v for variable
 *	options ID F ... | F ...	an options template: scopes, fields
 *	N:VALUE			a number of N bytes; -N:VALUE a negative one
 *	ip:ADDRESS  s:TEXT	an address; a variable-length text
 *	2a  00ff...		bytes in hexadecimal
 *
 *	flow NAME=VALUE ...	the next flow has these columns and no other
 *				(but exporter, and unless "..." is the last)
 *	count NAME=N		counter of the decoder at the end
 *	limit NAME=N		a member of struct decoder_limits
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include "tests/flows.h"

#define SCRIPT_PACKETS	64
#define SCRIPT_BYTES	4096
#define SCRIPT_ARRIVAL	INT64_C(1700000000000)

struct script {
	struct decoder_limits	limits;
	struct {
		uint8_t		data[SCRIPT_BYTES];
		struct datagram	g;
	} packet[SCRIPT_PACKETS];
	size_t		n_packets;
};

/*
 * Reads a script, feeds its packets to a new decoder, compares flows and
 * counters by cr_expect.  name stands in the messages.
 */
void	script_check(const char *name, const char *text);

/* Only reads the packets.  malloc'd; for tests that do more with them. */
struct script *script_read(const char *name, const char *text);

/* Feeds all packets of a script's text to d. */
void	script_play(const char *text, struct decoder *d, struct flows *out);

/* The whole file, malloc'd and NUL-terminated. */
char	*script_file(const char *path);

#endif
