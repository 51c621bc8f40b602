/*
 * Who was refused: datagrams by sender, in a table of fixed size.  When it is
 * full, the sender with the fewest makes room: made-up addresses by the
 * million push each other out, and not those that really knock.
 */
#ifndef COLLECTOR_REFUSED_H
#define COLLECTOR_REFUSED_H

#include <stddef.h>
#include <stdint.h>

#include "collector/source.h"
#include "schema/addr.h"

#define REFUSED_MAX	64	/* senders counted */
#define REFUSED_TOP	10	/* shown */

struct refused_sender {
	struct addr		who;
	enum source_refusal	why;
	uint64_t		datagrams;	/* since it is in the table */
	uint64_t		told;		/* datagrams when it was logged */
};

struct refused {
	struct refused_sender	v[REFUSED_MAX];
	size_t			n;
	uint64_t		total;		/* datagrams, of all senders */
};

void	refused_count(struct refused *r, const struct addr *who,
	    enum source_refusal why);

/* The senders with the most, largest first; returns how many, <= max. */
size_t	refused_top(const struct refused *r,
	    struct refused_sender *out, size_t max);

/*
 * Logs senders that are new or have ten times as many as when they were
 * logged; a bounded number of lines a call.
 */
void	refused_tell(struct refused *r);

#endif
