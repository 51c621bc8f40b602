/*
 * Sequence numbers of an exporter: how much was lost on the way.  Numbers
 * count what v5 calls flows, v9 packets and IPFIX data records, modulo 2^32.
 *
 * A packet that is missing counts as lost at once.  The last few gaps are
 * remembered, so that one that was only late is taken back.  A packet that is
 * further back than the window, or many late ones in a row, mean that the
 * exporter has started again.
 */
#ifndef COLLECTOR_SEQUENCE_H
#define COLLECTOR_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENCE_GAPS		8
#define SEQUENCE_LATE_RUN	16	/* so many late ones are a restart */
#define SEQUENCE_JUMP_MAX	(UINT32_C(1) << 24) /* more is no loss */
#define SEQUENCE_UPTIME_BACK_MS	10000	/* no reordering takes that long */

struct sequence {
	uint32_t	expected;
	uint32_t	uptime_ms;
	uint32_t	late_run;
	uint8_t		n_gaps;
	bool		known;		/* expected is */
	bool		has_uptime;
	struct {
		uint32_t	lo;	/* first missing */
		uint32_t	hi;	/* first not missing any more */
	} gap[SEQUENCE_GAPS];
};

/* One packet's header. */
struct sequence_seen {
	uint32_t	seq;
	uint32_t	units;		/* the packet itself counts so many */
	uint32_t	window;		/* so many units back is only late */
	bool		exact;		/* units is known */
	bool		has_uptime;	/* v5 and v9 */
	uint32_t	uptime_ms;
};

struct sequence_found {
	int64_t		lost;		/* negative: taken back */
	bool		late;
	bool		restarted;
};

/* All zero is a struct sequence that has seen nothing. */
struct sequence_found sequence_next(struct sequence *s,
	    const struct sequence_seen *seen);

#endif
