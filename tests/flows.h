/* A sink that keeps all flows in memory, for tests of the decoder. */
#ifndef TESTS_FLOWS_H
#define TESTS_FLOWS_H

#include <stddef.h>

#include "collector/packet.h"
#include "schema/flow.h"

struct flows {
	struct sink	 sink;
	struct flow	*v;
	size_t		 n;
	size_t		 max;
};

/* Decodes one datagram and appends its flows.  All zero is an empty list. */
void	flows_decode(struct flows *f, struct decoder *d,
	    const struct datagram *g);
void	flows_clear(struct flows *f);

/*
 * A column as text: numbers in decimal, addresses and MACs as usual, "" when
 * it is not set.  out has room for 60 bytes.
 */
void	flow_text(const struct flow *f, enum column c, char *out);

#endif
